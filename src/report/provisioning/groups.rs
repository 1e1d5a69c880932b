//! Sentences that are said about many objects, each counted, with the first few objects as examples.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Sentences that are kept; what is said beyond them is only counted.
const MOST: usize = 100;

/// Objects that are named for each sentence.
const EXAMPLES: usize = 5;

/// One sentence, and about whom it was said.
#[derive(Debug, Clone)]
pub struct Group<T> {
    /// What it belongs to.
    pub of: T,
    /// The sentence as it was said first.
    first: String,
    /// The sentence without what is peculiar to one object.
    general: String,
    /// How often it was said.
    pub entries: usize,
    /// About how many objects.
    pub objects: usize,
    /// The keys of the first few.
    pub examples: Vec<String>,
}

impl<T> Group<T> {
    /// The sentence; about one object as it was said, about several without what is peculiar to each.
    pub fn text(&self) -> &str {
        if self.objects == 1 { &self.first } else { &self.general }
    }

    /// `ada, alan and 3 more`, not more than `limit` names.
    pub fn names(&self, limit: usize) -> String {
        let shown = self.examples.iter().take(limit).map(String::as_str).collect::<Vec<_>>();
        match self.objects.saturating_sub(shown.len()) {
            0 => shown.join(", "),
            more => format!("{} and {} more", shown.join(", "), super::super::words::grouped(more)),
        }
    }
}

/// Sentences by what they belong to, a bounded number of them.
#[derive(Debug, Clone)]
pub struct Groups<T> {
    rows: Vec<Group<T>>,
    places: HashMap<(T, String), usize>,
    /// Which objects were counted for which row, so that one that fails in every cycle counts once.
    seen: HashSet<(usize, u64)>,
    /// How often something was said that has no row.
    pub others: usize,
}

impl<T> Default for Groups<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), places: HashMap::new(), seen: HashSet::new(), others: 0 }
    }
}

impl<T: Copy + Ord + Hash> Groups<T> {
    /// Takes note of a sentence about the object with this key. `own` are texts that are peculiar to the object: its
    /// name, its id at the target.
    pub fn add(&mut self, of: T, sentence: &str, key: &str, own: &[&str]) {
        let place = (of, general(sentence, own));
        let at = match self.places.get(&place) {
            Some(at) => *at,
            None if self.rows.len() == MOST => {
                self.others += 1;
                return;
            }
            None => {
                let (first, general) = (sentence.to_owned(), place.1.clone());
                let row = Group { of, first, general, entries: 0, objects: 0, examples: Vec::new() };
                self.rows.push(row);
                self.places.insert(place, self.rows.len() - 1);
                self.rows.len() - 1
            }
        };
        let row = &mut self.rows[at];
        row.entries += 1;
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        if self.seen.insert((at, hasher.finish())) {
            row.objects += 1;
            if row.examples.len() < EXAMPLES {
                row.examples.push(key.to_owned());
            }
        }
    }

    /// All rows by what they belong to, the commonest first.
    pub fn sorted(&self) -> Vec<&Group<T>> {
        let mut rows: Vec<&Group<T>> = self.rows.iter().collect();
        rows.sort_by(|a, b| {
            a.of.cmp(&b.of).then(b.objects.cmp(&a.objects)).then_with(|| a.general.cmp(&b.general))
        });
        rows
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// A sentence without what is peculiar to one object: its own texts, addresses, ids in paths and long numbers.
fn general(sentence: &str, own: &[&str]) -> String {
    let mut text = sentence.to_owned();
    for word in own.iter().filter(|word| word.chars().count() > 2) {
        text = without(&text, word);
    }
    let mut general = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(start) = rest.find(is_of_word) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c| !is_of_word(c)).unwrap_or(from.len());
        let word = from[..end].trim_end_matches('.');
        general.push_str(before);
        let is_id = general.ends_with("/Users/") || general.ends_with("/Groups/");
        general.push_str(if is_id || is_peculiar(word) { "…" } else { word });
        rest = &from[word.len().max(1)..];
        if word.is_empty() {
            general.push('.');
        }
    }
    general.push_str(rest);
    general
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '@' | '.' | '_' | '+' | '-' | '%')
}

/// An address, or a number that is as long as an id.
fn is_peculiar(word: &str) -> bool {
    let is_address = word.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    let is_id = word.len() >= 16
        && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
        && word.chars().any(|c| c.is_ascii_digit());
    is_address || is_id
}

/// The text with a word of its own taken out, where it stands alone.
fn without(text: &str, word: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut done = 0;
    for (start, _) in text.match_indices(word) {
        let end = start + word.len();
        let stands_alone = !text[..start].ends_with(char::is_alphanumeric)
            && !text[end..].starts_with(char::is_alphanumeric);
        if stands_alone && start >= done {
            result.push_str(&text[done..start]);
            result.push('…');
            done = end;
        }
    }
    result.push_str(&text[done..]);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_peculiar_to_one_object_is_taken_out() {
        let cases: [(&str, &[&str], &str); 6] = [
            (
                "POST /Users is answered with 409 Conflict: userName \"ada@acme.example.com\" is taken.",
                &[],
                "POST /Users is answered with 409 Conflict: userName \"…\" is taken.",
            ),
            (
                "PATCH /Users/2819c223-7f76 is answered with 500 without a SCIM error (Q-E01)",
                &[],
                "PATCH /Users/… is answered with 500 without a SCIM error (Q-E01)",
            ),
            ("no group Sales EMEA here... Salesforce", &["Sales EMEA"], "no group … here... Salesforce"),
            ("Sales, Salesforce", &["Sales"], "…, Salesforce"),
            ("0190a8f2-7c11-7d3e-8b1f-2f1e6d0a9b7c is no good", &[], "… is no good"),
            (
                "in escrow after 3 failures, tried again from 2026-01-05T10:20:00Z",
                &[],
                "in escrow after 3 failures, tried again from 2026-01-05T10:20:00Z",
            ),
        ];
        for (text, own, expected) in cases {
            assert_eq!(general(text, own), expected);
        }
    }

    #[test]
    fn objects_are_counted_once_and_named_a_few_times() {
        let mut groups = Groups::default();
        for key in ["a", "b", "c", "d", "e", "f", "a"] {
            groups.add(0, &format!("`{key}@x.test` is taken"), key, &[]);
        }
        groups.add(0, "`ada@x.test` is odd", "ada", &[]);
        let rows = groups.sorted();
        assert_eq!((rows[0].entries, rows[0].objects, rows[0].text()), (7, 6, "`…` is taken"));
        assert_eq!(rows[0].names(3), "a, b, c and 3 more");
        assert_eq!((rows[1].text(), rows[1].names(3)), ("`ada@x.test` is odd", "ada".to_owned()));
    }

    #[test]
    fn no_more_sentences_are_kept_than_anybody_reads() {
        let mut groups = Groups::default();
        for number in 0..1_000 {
            groups.add(0, &format!("reason {number}"), "ada", &[]);
        }
        assert_eq!((groups.sorted().len(), groups.others), (MOST, 1_000 - MOST));
    }

    proptest::proptest! {
        #[test]
        fn any_text_can_be_made_general(text in ".{0,80}", own in ".{0,6}") {
            let once = general(&text, &[&own]);
            proptest::prop_assert!(once.chars().count() <= text.chars().count());
        }
    }
}
