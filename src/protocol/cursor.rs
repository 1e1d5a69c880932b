//! Opaque cursors (RFC 9865).
//!
//! A cursor holds everything that the next page needs, signed with a key of the provider, so that no state is
//! kept between pages and a forged cursor is recognised (§5.2). It is bound to its query by a fingerprint
//! ([`super::query::Query::fingerprint`]): with another filter, order, endpoint or actor it is as good as forged.
//!
//! An unsorted walk continues after the last serial number seen, and so neither repeats nor skips a resource
//! when others are created or deleted meanwhile. A sorted walk continues at an offset.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::error::{ScimError, ScimType};

/// Length of the shortened HMAC-SHA-256, in bytes (RFC 2104 §5 asks for at least half of it).
const MAC_BYTES: usize = 16;
/// Layout version, fingerprint, kind of position, position, whether there is a count, count, time of issue.
const BODY_BYTES: usize = 1 + 8 + 1 + 8 + 1 + 8 + 8;
/// First byte of every cursor. A later layout gets another one.
const LAYOUT: u8 = 1;

/// Where a page begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Position {
    /// Behind the resource with this serial number; for unsorted queries.
    After(u64),
    /// Before the resource with this serial number; the page ends there.
    Before(u64),
    /// At this 0-based index; for sorted queries.
    Offset(u64),
}

/// What a cursor says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CursorState {
    /// Of the query that it belongs to.
    pub fingerprint: u64,
    /// Where the page that it leads to begins or ends.
    pub position: Position,
    /// The `count` of the initial query.
    pub count: Option<u64>,
    /// When it was handed out, in seconds since the epoch.
    pub issued: u64,
}

/// What a provider signs its cursors with.
#[derive(Clone)]
pub struct CursorKey {
    secret: [u8; 32],
    timeout_seconds: Option<u64>,
}

/// One page of a cursor walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorPage {
    /// Indexes of the resources on the page.
    pub range: Range<usize>,
    /// Where the next page begins; `None` on the last page.
    pub next: Option<Position>,
    /// Where the previous page is; `None` on the first page.
    pub previous: Option<Position>,
}

impl CursorKey {
    /// A key from 32 random bytes. Cursors are refused `timeout_seconds` after they were issued, or never.
    pub fn new(secret: [u8; 32], timeout_seconds: Option<u64>) -> Self {
        Self { secret, timeout_seconds }
    }

    /// The cursor as text: only `A`-`Z`, `a`-`z`, `0`-`9`, `-` and `_`, all of them unreserved in URLs.
    pub fn encode(&self, state: &CursorState) -> String {
        let (kind, position) = match state.position {
            Position::After(serial) => (0, serial),
            Position::Before(serial) => (1, serial),
            Position::Offset(offset) => (2, offset),
        };
        let mut bytes = Vec::with_capacity(BODY_BYTES + MAC_BYTES);
        bytes.push(LAYOUT);
        bytes.extend(state.fingerprint.to_be_bytes());
        bytes.push(kind);
        bytes.extend(position.to_be_bytes());
        bytes.push(u8::from(state.count.is_some()));
        bytes.extend(state.count.unwrap_or(0).to_be_bytes());
        bytes.extend(state.issued.to_be_bytes());
        bytes.extend(self.mac(&bytes));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a cursor that this key signed.
    ///
    /// # Errors
    /// 400 `invalidCursor` for whatever this key did not sign, `expiredCursor` when it is too old at `now`
    /// (seconds since the epoch).
    pub fn decode(&self, text: &str, now: u64) -> Result<CursorState, ScimError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid_cursor())?;
        let (body, mac) = bytes.split_at_checked(BODY_BYTES).ok_or_else(invalid_cursor)?;
        if !equal_in_constant_time(mac, &self.mac(body)) {
            return Err(invalid_cursor());
        }
        let state = read(body).ok_or_else(invalid_cursor)?;
        match self.timeout_seconds {
            Some(timeout) if now.saturating_sub(state.issued) > timeout => Err(ScimError::new(
                ScimType::ExpiredCursor,
                format!("the cursor is older than {timeout} seconds: begin again with an empty `cursor`"),
            )),
            _ => Ok(state),
        }
    }

    fn mac(&self, message: &[u8]) -> [u8; MAC_BYTES] {
        let full = hmac_sha256(&self.secret, message);
        std::array::from_fn(|index| full[index])
    }
}

impl std::fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CursorKey").field("timeout_seconds", &self.timeout_seconds).finish_non_exhaustive()
    }
}

impl CursorState {
    /// Whether the cursor belongs to this query. A request that repeats no `count` keeps the initial one.
    ///
    /// # Errors
    /// 400 `invalidCursor` when the query is another one, in the words that a forged cursor gets (§5.2);
    /// 400 `invalidCount` when only `count` differs (§2.1).
    pub fn check(&self, fingerprint: u64, count: Option<u64>) -> Result<(), ScimError> {
        if self.fingerprint != fingerprint {
            return Err(invalid_cursor());
        }
        match count {
            Some(count) if self.count != Some(count) => {
                let initial =
                    self.count.map_or("no `count`".to_owned(), |initial| format!("`count` {initial}"));
                Err(ScimError::new(
                    ScimType::InvalidCount,
                    format!("`count` is {count}, but the query began with {initial}: it must stay the same"),
                ))
            }
            _ => Ok(()),
        }
    }
}

/// A page of an unsorted query. `items` is in ascending order of `serial`; without a position it is the first page.
///
/// # Errors
/// 400 `invalidCursor` for an [`Position::Offset`], which no unsorted query hands out.
pub fn page_by_serial<T>(
    position: Option<Position>,
    count: usize,
    items: &[T],
    serial: impl Fn(&T) -> u64,
) -> Result<CursorPage, ScimError> {
    let range = match position {
        None => 0..count.min(items.len()),
        Some(Position::After(last)) => {
            let start = items.partition_point(|item| serial(item) <= last);
            start..start.saturating_add(count).min(items.len())
        }
        Some(Position::Before(first)) => {
            let end = items.partition_point(|item| serial(item) < first);
            end.saturating_sub(count)..end
        }
        Some(Position::Offset(_)) => return Err(invalid_cursor()),
    };
    let on_page = items.get(range.clone()).unwrap_or_default();
    let next = on_page.last().filter(|_| range.end < items.len()).map(|last| Position::After(serial(last)));
    let previous = on_page.first().filter(|_| range.start > 0).map(|first| Position::Before(serial(first)));
    Ok(CursorPage { range, next, previous })
}

/// A page of a sorted query with `total` results; without a position it is the first page.
///
/// # Errors
/// 400 `invalidCursor` for a position by serial number, which no sorted query hands out.
pub fn page_by_offset(
    position: Option<Position>,
    count: usize,
    total: usize,
) -> Result<CursorPage, ScimError> {
    let start = match position {
        None => 0,
        Some(Position::Offset(offset)) => usize::try_from(offset).unwrap_or(usize::MAX).min(total),
        Some(Position::After(_) | Position::Before(_)) => return Err(invalid_cursor()),
    };
    let end = start.saturating_add(count).min(total);
    let at = |index: usize| Position::Offset(index as u64);
    let next = (count > 0 && end < total).then(|| at(end));
    let previous = (count > 0 && start > 0).then(|| at(start.saturating_sub(count)));
    Ok(CursorPage { range: start..end, next, previous })
}

/// One message for every cursor that cannot be used, whatever the reason, so that it reveals nothing (§5.2).
fn invalid_cursor() -> ScimError {
    ScimError::new(
        ScimType::InvalidCursor,
        "the cursor does not belong to this query: begin with an empty `cursor`, then send the `nextCursor` or \
         `previousCursor` of the page before, and leave all other parameters as they are",
    )
}

/// The inverse of the layout that [`CursorKey::encode`] writes.
fn read(mut body: &[u8]) -> Option<CursorState> {
    fn byte(body: &mut &[u8]) -> Option<u8> {
        let (first, rest) = body.split_first()?;
        *body = rest;
        Some(*first)
    }
    fn number(body: &mut &[u8]) -> Option<u64> {
        let (first, rest) = body.split_first_chunk::<8>()?;
        *body = rest;
        Some(u64::from_be_bytes(*first))
    }
    if byte(&mut body)? != LAYOUT {
        return None;
    }
    let fingerprint = number(&mut body)?;
    let position = match (byte(&mut body)?, number(&mut body)?) {
        (0, serial) => Position::After(serial),
        (1, serial) => Position::Before(serial),
        (2, offset) => Position::Offset(offset),
        _ => return None,
    };
    let has_count = byte(&mut body)? == 1;
    let count = number(&mut body)?;
    let issued = number(&mut body)?;
    body.is_empty().then_some(CursorState {
        fingerprint,
        position,
        count: has_count.then_some(count),
        issued,
    })
}

/// HMAC-SHA-256 (RFC 2104).
fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    const BLOCK: usize = 64;
    let mut block = [0u8; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

/// Compares without telling by its running time how much of the text is right.
fn equal_in_constant_time(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> CursorKey {
        CursorKey::new([7; 32], Some(60))
    }

    fn state(position: Position) -> CursorState {
        CursorState { fingerprint: 42, position, count: Some(10), issued: 1000 }
    }

    fn scim_type<T>(result: Result<T, ScimError>) -> Option<ScimType> {
        result.err().and_then(|error| error.scim_type)
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn hmac_vectors_of_rfc_4231() {
        let long = [0xaa; 131];
        let cases: [(&[u8], &[u8], &str); 5] = [
            (&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (&[0xaa; 20], &[0xdd; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
            (
                &long,
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
            (
                &long,
                b"This is a test using a larger than block-size key and a larger than block-size data. \
                  The key needs to be hashed before being used by the HMAC algorithm.",
                "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
            ),
        ];
        for (key, message, expected) in cases {
            assert_eq!(hex(&hmac_sha256(key, message)), expected);
        }
    }

    #[test]
    fn a_cursor_expires_after_the_timeout_and_not_before() {
        let text = key().encode(&state(Position::After(5)));
        assert!(key().decode(&text, 1060).is_ok());
        assert_eq!(scim_type(key().decode(&text, 1061)), Some(ScimType::ExpiredCursor));
        assert!(key().decode(&text, 0).is_ok(), "the clock went back");
        let other = CursorKey::new([8; 32], None);
        assert_eq!(scim_type(other.decode(&text, 1000)), Some(ScimType::InvalidCursor));
    }

    #[test]
    fn a_cursor_is_bound_to_its_query_and_count() {
        let state = state(Position::Offset(3));
        assert!(state.check(42, Some(10)).is_ok());
        assert!(state.check(42, None).is_ok());
        assert_eq!(scim_type(state.check(43, Some(10))), Some(ScimType::InvalidCursor));
        assert_eq!(scim_type(state.check(42, Some(11))), Some(ScimType::InvalidCount));
        let unlimited = CursorState { count: None, ..state };
        assert_eq!(scim_type(unlimited.check(42, Some(11))), Some(ScimType::InvalidCount));
    }

    #[test]
    fn forged_foreign_and_malformed_cursors_get_the_same_answer() {
        let forged = key().decode("AAAA", 0).unwrap_err();
        assert_eq!(key().decode("%%%", 0).unwrap_err(), forged);
        assert_eq!(state(Position::After(1)).check(1, None).unwrap_err(), forged);
    }

    #[test]
    fn a_position_of_the_other_kind_is_refused() {
        assert!(page_by_serial(Some(Position::Offset(0)), 1, &[1], |serial| *serial).is_err());
        assert!(page_by_offset(Some(Position::After(0)), 1, 1).is_err());
    }

    #[test]
    fn a_page_of_zero_has_no_cursors() {
        let empty = |range| CursorPage { range, next: None, previous: None };
        assert_eq!(page_by_serial(None, 0, &[1, 2], |serial| *serial).unwrap(), empty(0..0));
        assert_eq!(page_by_offset(Some(Position::Offset(1)), 0, 2).unwrap(), empty(1..1));
    }

    #[test]
    fn an_unsorted_walk_survives_changes_between_pages() {
        let first = page_by_serial(None, 2, &[1, 3, 5, 7], |serial| *serial).unwrap();
        assert_eq!(first, CursorPage { range: 0..2, next: Some(Position::After(3)), previous: None });
        // 1 and 3 are deleted, 9 is new.
        let second = page_by_serial(first.next, 2, &[5, 7, 9], |serial| *serial).unwrap();
        assert_eq!(second, CursorPage { range: 0..2, next: Some(Position::After(7)), previous: None });
    }

    fn any_position() -> impl Strategy<Value = Position> {
        (0..3u8, any::<u64>()).prop_map(|(kind, at)| match kind {
            0 => Position::After(at),
            1 => Position::Before(at),
            _ => Position::Offset(at),
        })
    }

    proptest! {
        #[test]
        fn decoding_is_the_inverse_of_encoding(
            fingerprint: u64, position in any_position(), count: Option<u64>, issued: u64,
        ) {
            let state = CursorState { fingerprint, position, count, issued };
            let text = key().encode(&state);
            prop_assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b)));
            prop_assert_eq!(key().decode(&text, issued).unwrap(), state);
        }

        #[test]
        fn a_cursor_with_any_character_changed_is_refused(
            position in any_position(), at: prop::sample::Index, to in "[A-Za-z0-9_-]",
        ) {
            let text = key().encode(&state(position));
            let at = at.index(text.len());
            prop_assume!(text[at..=at] != to);
            let mut forged = text;
            forged.replace_range(at..=at, &to);
            prop_assert_eq!(scim_type(key().decode(&forged, 1000)), Some(ScimType::InvalidCursor));
        }

        #[test]
        fn no_input_panics(text in ".*", now: u64) {
            let _ = key().decode(&text, now);
        }

        #[test]
        fn walking_forth_and_back_visits_each_exactly_once(total in 0..40usize, count in 1..9usize, sorted: bool) {
            let serials: Vec<u64> = (0..total as u64).map(|n| n * 3).collect();
            let page = |position| if sorted {
                page_by_offset(position, count, total).unwrap()
            } else {
                page_by_serial(position, count, &serials, |serial| *serial).unwrap()
            };
            let mut pages = vec![page(None)];
            prop_assert_eq!(pages[0].previous, None);
            while let Some(next) = pages.last().unwrap().next {
                pages.push(page(Some(next)));
            }
            let visited: Vec<usize> = pages.iter().flat_map(|page| page.range.clone()).collect();
            prop_assert_eq!(visited, (0..total).collect::<Vec<_>>());
            for pair in pages.windows(2) {
                prop_assert_eq!(&page(pair[1].previous), &pair[0]);
            }
        }
    }
}
