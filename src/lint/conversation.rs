//! What only two requests tell together.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

use percent_encoding::percent_decode_str;

use crate::protocol::filter as grammar;
use crate::protocol::schema::Registry;

use super::notes::Notes;
use super::{Remark, Seen, filter, rules};

/// How many requests of a kind are remembered.
const MEMORY: usize = 1000;

/// A client as it goes on. Remembers digests of its last requests, no content.
#[derive(Debug, Default)]
pub struct Conversation {
    last_post: Option<u64>,
    deleted: VecDeque<u64>,
    probes: VecDeque<u64>,
}

impl Conversation {
    /// Looks at one request, which comes after those before and was answered with that status.
    pub fn lint(&mut self, registry: &Registry, seen: &Seen<'_>, status: u16) -> Vec<Remark> {
        let mut notes = Notes { found: super::lint(registry, seen) };
        match seen.method {
            "POST" => {
                let post = digest((seen.target, seen.body));
                if self.last_post == Some(post) && !seen.body.is_empty() {
                    let what = "it is the same as that of the POST before";
                    notes.add(&rules::REPEATED_POST, Some("Q-C19"), &"body", what);
                }
                self.last_post = Some(post);
            }
            "DELETE" => {
                let gone = digest(seen.target);
                if self.deleted.contains(&gone) {
                    let what = "it was deleted before";
                    notes.add(&rules::REPEATED_DELETE, Some("Q-D06"), &"path", what);
                } else if (200..300).contains(&status) {
                    remember(&mut self.deleted, gone);
                }
            }
            "GET" if is_probe(seen.target) => {
                let probe = digest(seen.target);
                if self.probes.contains(&probe) {
                    let what = "the same UUID was looked for before";
                    notes.add(&rules::REPEATED_PROBE, Some("Q-T02"), &"query filter", what);
                } else {
                    remember(&mut self.probes, probe);
                }
            }
            _ => {}
        }
        notes.found
    }
}

/// Adds one; the oldest goes where there are too many.
fn remember(memory: &mut VecDeque<u64>, digest: u64) {
    memory.push_back(digest);
    if memory.len() > MEMORY {
        memory.pop_front();
    }
}

fn digest(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Whether a userName is looked for that is a UUID.
fn is_probe(target: &str) -> bool {
    let Some((_, query)) = target.split_once('?') else { return false };
    let filters = query.split('&').filter_map(|piece| piece.strip_prefix("filter="));
    filters
        .map(|value| percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned())
        .any(|text| grammar::parse(&text).is_ok_and(|filter| filter::probed(&filter)))
}
