//! Finding values in texts, however they are encoded, and putting placeholders in their place.

/// Values shorter than this are replaced only where nothing else can be meant.
const LONG: usize = 8;

/// What a value is, which decides where it may be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// A resource id.
    Id,
    /// The opaque part of an entity tag.
    Version,
    /// A paging cursor.
    Cursor,
    /// A dateTime.
    Timestamp,
    /// A URL that others begin with.
    Url,
    /// The run suffix, which goes wherever it stands.
    Suffix,
}

/// One value and what stands in its place.
#[derive(Debug, Clone)]
pub(super) struct Substitute {
    pub(super) sort: Sort,
    pub(super) value: String,
    pub(super) placeholder: String,
}

/// Where a text stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    /// The target of a request: percent-encoded.
    Target,
    /// The value of a header.
    Header(&'a str),
    /// A JSON string, in the member of this name (of the nearest object around it).
    Member(&'a str),
    /// Other text.
    Text,
}

/// All substitutes of a transcript.
#[derive(Debug, Default)]
pub(super) struct Substitutes(Vec<Substitute>);

impl Substitutes {
    /// Longer values are tried first, so that one that is part of another does not tear it apart.
    pub(super) fn new(mut all: Vec<Substitute>) -> Self {
        all.retain(|substitute| !substitute.value.is_empty());
        all.sort_by_key(|substitute| std::cmp::Reverse(substitute.value.len()));
        Self(all)
    }

    /// The text with placeholders.
    pub(super) fn apply(&self, text: &str, place: Place<'_>) -> String {
        if self.0.is_empty() {
            return text.to_owned();
        }
        let decoded = match place {
            Place::Target => Decoded::percent(text),
            _ => Decoded::plain(text),
        };
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        let mut copied = 0;
        while at < decoded.bytes.len() {
            match self.0.iter().find(|substitute| fits(substitute, &decoded.bytes, at, place)) {
                Some(substitute) => {
                    out.push_str(&text[copied..decoded.starts[at]]);
                    out.push_str(&substitute.placeholder);
                    at += substitute.value.len();
                    copied = decoded.starts[at];
                }
                None => at += 1,
            }
        }
        out.push_str(&text[copied..]);
        out
    }
}

/// Bytes after decoding, and where each of them begins in the text; one more for the end.
struct Decoded {
    bytes: Vec<u8>,
    starts: Vec<usize>,
}

impl Decoded {
    fn plain(text: &str) -> Self {
        Self { bytes: text.as_bytes().to_vec(), starts: (0..=text.len()).collect() }
    }

    fn percent(text: &str) -> Self {
        let raw = text.as_bytes();
        let hex = |at: usize| raw.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        let (mut bytes, mut starts) = (Vec::new(), Vec::new());
        let mut at = 0;
        while let Some(&byte) = raw.get(at) {
            starts.push(at);
            match (byte, hex(at + 1), hex(at + 2)) {
                (b'%', Some(high), Some(low)) => {
                    bytes.push((high * 16 + low) as u8);
                    at += 3;
                }
                _ => {
                    bytes.push(byte);
                    at += 1;
                }
            }
        }
        starts.push(raw.len());
        Self { bytes, starts }
    }
}

/// Whether the value stands here, and may be replaced here.
fn fits(substitute: &Substitute, text: &[u8], at: usize, place: Place<'_>) -> bool {
    let value = substitute.value.as_bytes();
    if !text[at..].starts_with(value) {
        return false;
    }
    let end = at + value.len();
    let before = at.checked_sub(1).map(|at| text[at]);
    let after = text.get(end).copied();
    let whole = before.is_none() && after.is_none();
    let quoted = before == Some(b'"') && after == Some(b'"');
    let word = !joins(before) && !joins(after);
    let long = value.len() >= LONG;
    let member = match place {
        Place::Member(name) => name,
        _ => "",
    };
    let is_member = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(member));
    let tag = match place {
        Place::Header(name) => {
            ["etag", "if-match", "if-none-match"].iter().any(|known| known.eq_ignore_ascii_case(name))
        }
        _ => is_member(&["version"]),
    };
    match substitute.sort {
        Sort::Suffix => true,
        // `http://host:80` is no part of `http://host:8080`.
        Sort::Url => !joins(after) && !matches!(after, Some(b'.' | b'-' | b':' | b'_' | b'~' | b'%')),
        Sort::Timestamp => word,
        // Where counters serve as ids and versions, the same value may be both.
        Sort::Id if tag => false,
        Sort::Id if long => word,
        Sort::Id => {
            quoted
                || (whole && is_member(&["id", "value", "$ref"]))
                || (before == Some(b'/')
                    && matches!(after, None | Some(b'?' | b'#'))
                    && is_address(text, place))
        }
        Sort::Version if long => word,
        Sort::Version => tag && (quoted || whole),
        Sort::Cursor if long => word,
        Sort::Cursor => match place {
            Place::Target => text[..at].ends_with(b"cursor=") && matches!(after, None | Some(b'&')),
            _ => whole && is_member(&["cursor", "nextCursor", "previousCursor"]),
        },
    }
}

/// Whether a neighbour makes the value a part of a longer word.
fn joins(neighbour: Option<u8>) -> bool {
    neighbour.is_some_and(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii())
}

/// Whether the text is a URL or a path.
fn is_address(text: &[u8], place: Place<'_>) -> bool {
    match place {
        Place::Target => true,
        Place::Text => false,
        Place::Header(_) | Place::Member(_) => {
            text.starts_with(b"/") || text.windows(3).any(|three| three == b"://")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn substitutes(all: &[(Sort, &str, &str)]) -> Substitutes {
        Substitutes::new(
            all.iter()
                .map(|&(sort, value, placeholder)| Substitute {
                    sort,
                    value: value.to_owned(),
                    placeholder: placeholder.to_owned(),
                })
                .collect(),
        )
    }

    #[test]
    fn long_ids_are_found_wherever_they_are_a_word() {
        let ids =
            substitutes(&[(Sort::Id, "2819c223-7f76", "<id:1>"), (Sort::Id, "2819c223-7f76-b", "<id:2>")]);
        let apply = |text, place| ids.apply(text, place);
        assert_eq!(apply("/Users/2819c223-7f76/x", Place::Target), "/Users/<id:1>/x");
        assert_eq!(
            apply("/Users?f=id%20eq%20%222819c223%2D7f76%22&a=%20", Place::Target),
            "/Users?f=id%20eq%20%22<id:1>%22&a=%20"
        );
        assert_eq!(
            apply("no 2819c223-7f76-b, only a2819c223-7f76", Place::Text),
            "no <id:2>, only a2819c223-7f76"
        );
        assert_eq!(apply("2819c223-7f76ä", Place::Text), "2819c223-7f76ä");
        assert_eq!(apply("bulkId:2819c223", Place::Member("value")), "bulkId:2819c223");
    }

    #[test]
    fn short_ids_are_found_only_where_they_can_be_nothing_else() {
        let ids = substitutes(&[(Sort::Id, "17", "<id:1>")]);
        let apply = |text, place| ids.apply(text, place);
        for (text, place, expected) in [
            ("/Users/17?count=17", Place::Target, "/Users/<id:1>?count=17"),
            ("/Users?filter=id%20eq%20%2217%22", Place::Target, "/Users?filter=id%20eq%20%22<id:1>%22"),
            ("http://x/17/Users/17", Place::Header("Location"), "http://x/17/Users/<id:1>"),
            ("17", Place::Member("id"), "<id:1>"),
            ("17", Place::Member("title"), "17"),
            ("1/17", Place::Member("title"), "1/17"),
            ("/Users/17", Place::Member("location"), "/Users/<id:1>"),
            ("members[value eq \"17\"]", Place::Member("path"), "members[value eq \"<id:1>\"]"),
            ("17", Place::Text, "17"),
        ] {
            assert_eq!(apply(text, place), expected);
        }
    }

    #[test]
    fn base_urls_end_at_a_boundary_and_suffixes_anywhere() {
        let all = substitutes(&[(Sort::Url, "http://h:80", "<base>"), (Sort::Suffix, "-k3x9", "")]);
        assert_eq!(
            all.apply("http://h:80/a http://h:8080 http://h:80", Place::Text),
            "<base>/a http://h:8080 <base>"
        );
        assert_eq!(all.apply("http%3A%2F%2Fh%3a80%2Fada-k3x9z", Place::Target), "<base>%2Fadaz");
    }

    #[test]
    fn short_versions_and_cursors_have_their_places() {
        let all = substitutes(&[(Sort::Version, "1", "<version:1>"), (Sort::Cursor, "2", "<cursor:1>")]);
        assert_eq!(all.apply("W/\"1\"", Place::Header("If-Match")), "W/\"<version:1>\"");
        assert_eq!(all.apply("\"1\"", Place::Header("X")), "\"1\"");
        assert_eq!(all.apply("1", Place::Member("version")), "<version:1>");
        assert_eq!(all.apply("/Users?cursor=2&count=2", Place::Target), "/Users?cursor=<cursor:1>&count=2");
        assert_eq!(all.apply("2", Place::Member("nextCursor")), "<cursor:1>");
        assert_eq!(all.apply("2", Place::Member("count")), "2");
    }
}
