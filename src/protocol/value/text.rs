//! Preparation of text for comparison (RFC 7644 §5, §7.8).
//!
//! RFC 7644 asks for the PRECIS UsernameCaseMapped profile (RFC 8265 §3.3): width mapping, lower case, NFC.
//! Two liberties: the preparation never refuses a string, because a filter must be able to look for any text;
//! and a final sigma counts as a sigma, because lower-casing a word in isolation or within a longer text
//! must give the same key.

use std::borrow::Cow;
use std::cmp::Ordering;

use unicode_normalization::char::decompose_compatible;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// The key under which two strings that differ in letter case, width or composition are the same.
///
/// Allocates nothing for ASCII text without capitals.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        }
    } else {
        let mut narrowed = String::with_capacity(text.len());
        for c in text.chars() {
            map_width(c, &mut narrowed);
        }
        // Composition first: a capital may be one character only when composed with its mark.
        let lower = narrowed.nfc().flat_map(char::to_lowercase).map(|c| if c == 'ς' { 'σ' } else { c });
        Cow::Owned(lower.nfc().collect())
    }
}

/// The key under which two case-exact strings are the same: NFC.
///
/// Allocates nothing for text that is normalized already.
pub fn prepare_exact(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// Orders two texts by the code points of their keys.
pub(super) fn compare(a: &str, b: &str, case_exact: bool) -> Ordering {
    if case_exact {
        prepare_exact(a).cmp(&prepare_exact(b))
    } else if a.is_ascii() && b.is_ascii() {
        ascii_lower(a).cmp(ascii_lower(b))
    } else {
        fold(a).cmp(&fold(b))
    }
}

fn ascii_lower(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().map(|byte| byte.to_ascii_lowercase())
}

/// Replaces a fullwidth or halfwidth form by the character that it is a form of.
fn map_width(c: char, out: &mut String) {
    let code = u32::from(c);
    let plain = match code {
        0x3000 => 0x20,
        0xFF01..=0xFF5E => code - 0xFEE0,
        0xFF5F..=0xFF60 => code - 0xFF5F + 0x2985,
        // Halfwidth katakana: the full decomposition is the width mapping.
        0xFF61..=0xFF9F => return decompose_compatible(c, |part| out.push(part)),
        // Halfwidth Hangul: the full decomposition would go beyond the width mapping.
        0xFFA0 => 0x3164,
        0xFFA1..=0xFFBE => code - 0xFFA1 + 0x3131,
        0xFFC2..=0xFFC7 => code - 0xFFC2 + 0x314F,
        0xFFCA..=0xFFCF => code - 0xFFCA + 0x3155,
        0xFFD2..=0xFFD7 => code - 0xFFD2 + 0x315B,
        0xFFDA..=0xFFDC => code - 0xFFDA + 0x3161,
        0xFFE0 => 0xA2,
        0xFFE1 => 0xA3,
        0xFFE2 => 0xAC,
        0xFFE3 => 0xAF,
        0xFFE4 => 0xA6,
        0xFFE5 => 0xA5,
        0xFFE6 => 0x20A9,
        0xFFE8 => 0x2502,
        0xFFE9..=0xFFEC => code - 0xFFE9 + 0x2190,
        0xFFED => 0x25A0,
        0xFFEE => 0x25CB,
        _ => code,
    };
    out.push(char::from_u32(plain).unwrap_or(c));
}

/// With a larger product of the lengths of two texts than this, one is looked for in the other in linear time.
const LONG_SEARCH: usize = 4096;

/// A prepared text to which many others are compared without building a string for ASCII ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::protocol) struct TextKey {
    key: String,
    case_exact: bool,
}

impl TextKey {
    /// Prepares `text`.
    pub(in crate::protocol) fn new(text: &str, case_exact: bool) -> Self {
        let key = if case_exact { prepare_exact(text) } else { fold(text) };
        Self { key: key.into_owned(), case_exact }
    }

    /// Whether `text` has this key.
    pub(in crate::protocol) fn equals(&self, text: &str) -> bool {
        match self.prepare(text) {
            Prepared::Ascii(text) => self.key.eq_ignore_ascii_case(text),
            Prepared::Key(text) => *text == self.key,
        }
    }

    /// How `text` is ordered relative to this key.
    pub(in crate::protocol) fn order(&self, text: &str) -> Ordering {
        match self.prepare(text) {
            Prepared::Ascii(text) => ascii_lower(text).cmp(self.key.bytes()),
            Prepared::Key(text) => (*text).cmp(self.key.as_str()),
        }
    }

    /// Whether `text` begins with this key.
    pub(in crate::protocol) fn starts(&self, text: &str) -> bool {
        match self.prepare(text) {
            Prepared::Ascii(text) => {
                text.as_bytes().get(..self.key.len()).is_some_and(|head| self.matches_ascii(head))
            }
            Prepared::Key(text) => text.starts_with(&self.key),
        }
    }

    /// Whether `text` ends with this key.
    pub(in crate::protocol) fn ends(&self, text: &str) -> bool {
        match self.prepare(text) {
            Prepared::Ascii(text) => {
                let start = text.len().checked_sub(self.key.len());
                start.is_some_and(|start| self.matches_ascii(&text.as_bytes()[start..]))
            }
            Prepared::Key(text) => text.ends_with(&self.key),
        }
    }

    /// Whether this key occurs in `text`.
    pub(in crate::protocol) fn occurs(&self, text: &str) -> bool {
        match self.prepare(text) {
            // Comparing at each place costs the product of the lengths, which only short texts can afford.
            Prepared::Ascii(text) if text.len().saturating_mul(self.key.len()) > LONG_SEARCH => {
                text.to_ascii_lowercase().contains(&self.key)
            }
            Prepared::Ascii(text) => {
                self.key.is_empty()
                    || text.as_bytes().windows(self.key.len()).any(|part| self.matches_ascii(part))
            }
            Prepared::Key(text) => text.contains(&self.key),
        }
    }

    fn matches_ascii(&self, part: &[u8]) -> bool {
        part.eq_ignore_ascii_case(self.key.as_bytes())
    }

    fn prepare<'t>(&self, text: &'t str) -> Prepared<'t> {
        if self.case_exact {
            Prepared::Key(prepare_exact(text))
        } else if text.is_ascii() {
            Prepared::Ascii(text)
        } else {
            Prepared::Key(fold(text))
        }
    }
}

/// A text that is ready to be compared with a [`TextKey`].
enum Prepared<'t> {
    /// ASCII that is compared without regard to case, byte by byte.
    Ascii(&'t str),
    /// A key of the same making.
    Key(Cow<'t, str>),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_width_and_composition_do_not_matter() {
        for (a, b) in [
            ("BJensen@Example.COM", "bjensen@example.com"),
            ("ＢＪ　1", "bj 1"),
            ("E\u{301}", "é"),
            ("ΟΔΟΣ", "οδος"),
            ("ΣΑΣ", "σας"),
            ("ｶﾞ", "ガ"),
            ("ﾡ", "ㄱ"),
            ("￦", "₩"),
            ("Ǆ", "ǆ"),
            ("K", "k"),
        ] {
            assert_eq!(fold(a), fold(b), "{a} {b}");
        }
        assert_ne!(fold("ß"), fold("ss"));
        assert_ne!(fold("ı"), fold("i"));
    }

    #[test]
    fn plain_text_is_not_copied() {
        assert!(matches!(fold("bjensen@example.com"), Cow::Borrowed(_)));
        assert!(matches!(prepare_exact("BJensen é"), Cow::Borrowed(_)));
        assert_eq!(prepare_exact("e\u{301}"), "é");
    }

    /// Text with capitals, marks and wide forms next to anything else.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof!["[a-cA-C ]{0,6}", "[a-cA-Cé\u{301}Éß\u{fb01}Σσς\u{ff21}-\u{ffdc}\u{130}K]{0,6}", ".{0,8}"]
    }

    #[test]
    fn long_texts_are_searched_in_linear_time() {
        // Compared at each place, this would not end.
        let text = "A".repeat(4_000_000);
        let key = |tail| TextKey::new(&format!("{}{tail}", "a".repeat(2_000_000)), false);
        assert!(key("").occurs(&text) && key("A").occurs(&text));
        assert!(!key("b").occurs(&text));
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in text()) {
            let once = fold(&text).into_owned();
            prop_assert_eq!(fold(&once).into_owned(), once.as_str());
            prop_assert_eq!(fold(&text.nfd().collect::<String>()).into_owned(), once);
        }

        #[test]
        fn a_text_key_agrees_with_the_plain_string_operations(a in text(), b in text(), case_exact: bool) {
            let prepare = |text| if case_exact { prepare_exact(text) } else { fold(text) };
            let (key, text) = (prepare(&a), prepare(&b));
            let fast = TextKey::new(&a, case_exact);
            prop_assert_eq!(fast.equals(&b), key == text);
            prop_assert_eq!(fast.order(&b), text.cmp(&key));
            prop_assert_eq!(fast.starts(&b), text.starts_with(&*key));
            prop_assert_eq!(fast.ends(&b), text.ends_with(&*key));
            prop_assert_eq!(fast.occurs(&b), text.contains(&*key));
            prop_assert_eq!(compare(&b, &a, case_exact), text.cmp(&key));
        }
    }
}
