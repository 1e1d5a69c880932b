//! Chains of nested groups that lead back to their beginning.

use std::collections::HashMap;

use super::{Decoder, Member};

/// How far the search is with a group.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Not,
    /// On the way from the group that the search began with; at this place of it.
    OnTheWay(usize),
    Done,
}

impl Decoder {
    /// Notes every nesting that closes a cycle.
    pub(super) fn cycles(&mut self) {
        let index: HashMap<&str, usize> =
            self.groups.iter().enumerate().map(|(index, group)| (group.key.as_str(), index)).collect();
        let mut seen = vec![Seen::Not; self.groups.len()];
        let mut closing = Vec::new();
        for start in 0..self.groups.len() {
            if seen[start] != Seen::Not {
                continue;
            }
            // Each group on the way with its next member: no recursion, however long the chain is.
            let mut way = vec![(start, 0)];
            seen[start] = Seen::OnTheWay(0);
            while let Some((group, next)) = way.last_mut() {
                let group = *group;
                let Some(member) = self.groups[group].members.get(*next) else {
                    seen[group] = Seen::Done;
                    way.pop();
                    continue;
                };
                let at = *next;
                *next += 1;
                let Member::Group(key) = member else { continue };
                let Some(&inner) = index.get(key.as_str()) else { continue };
                match seen[inner] {
                    Seen::Done => {}
                    Seen::Not => {
                        seen[inner] = Seen::OnTheWay(way.len());
                        way.push((inner, 0));
                    }
                    Seen::OnTheWay(place) => {
                        let chain = way[place..].iter().map(|(group, _)| *group).chain([inner]);
                        let names = chain.map(|group| format!("`{}`", self.groups[group].key));
                        closing.push((group, at, shorten(names.collect())));
                    }
                }
            }
        }
        for (group, at, names) in closing {
            if let Some(span) = self.members.get(group).and_then(|spans| spans.get(at)).cloned() {
                let title = format!("groups cannot contain themselves: {}", names.join(" → "));
                self.mistakes.add(&span, title, "this closes the circle");
            }
        }
    }
}

/// A chain that people can read.
fn shorten(mut names: Vec<String>) -> Vec<String> {
    const ENDS: usize = 5;
    if names.len() > 2 * ENDS + 1 {
        let middle = ENDS..names.len() - ENDS;
        let more = format!("… {} more …", middle.len());
        names.splice(middle, [more]);
    }
    names
}
