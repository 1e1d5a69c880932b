//! Keys for people and groups that come from elsewhere and have none.

use std::collections::{HashMap, HashSet};

use unicode_normalization::UnicodeNormalization;

use super::decode::is_reserved;

/// A key is made this long at most, a number that makes it unique aside.
const MAX_LENGTH: usize = 40;

/// Makes keys from names; no two are the same.
#[derive(Debug, Default)]
pub(super) struct Keys {
    taken: HashSet<String>,
    /// The number that was given last for a key that others wanted too.
    numbers: HashMap<String, u32>,
}

impl Keys {
    /// A key for something with this name; `otherwise` is used where the name has no letter or digit of ASCII.
    pub(super) fn key(&mut self, name: &str, otherwise: &str) -> String {
        // What stands behind the `@` is the same for everybody.
        let local = name.rsplit_once('@').map_or(name, |(local, _)| local);
        let mut key = String::new();
        for c in local.nfkd().flat_map(char::to_lowercase) {
            match c {
                'a'..='z' | '0'..='9' => key.push(c),
                // The marks that the decomposition took from letters.
                '\u{300}'..='\u{36f}' => {}
                _ if key.ends_with('-') || key.is_empty() => {}
                _ => key.push('-'),
            }
            if key.len() >= MAX_LENGTH {
                break;
            }
        }
        let key = match key.trim_end_matches('-') {
            "" => otherwise.to_owned(),
            key if key.starts_with(|c: char| c.is_ascii_digit()) => format!("{otherwise}-{key}"),
            key => key.to_owned(),
        };
        let mut found = key.clone();
        while is_reserved(&found) || self.taken.contains(&found) {
            let number = self.numbers.entry(key.clone()).or_insert(1);
            *number += 1;
            found = format!("{key}-{number}");
        }
        self.taken.insert(found.clone());
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_from_names() {
        let mut keys = Keys::default();
        let names = [
            "Ada.Lovelace@x.test",
            "ada_lovelace",
            "zoë.müller@x",
            "山本",
            "山本",
            "007@x",
            "base",
            "Finance & Tax",
            "--",
        ];
        let made: Vec<String> = names.iter().map(|name| keys.key(name, "person")).collect();
        assert_eq!(
            made,
            [
                "ada-lovelace",
                "ada-lovelace-2",
                "zoe-muller",
                "person",
                "person-2",
                "person-007",
                "base-2",
                "finance-tax",
                "person-3"
            ]
        );
    }
}
