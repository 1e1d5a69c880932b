//! Chains of nested groups that lead back to their beginning.

use std::collections::HashMap;

use super::{Decoder, Group, Member};

/// How far the search is with a group.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Not,
    /// On the way from the group that the search began with; at this place of it.
    OnTheWay(usize),
    Done,
}

/// A nesting that closes a cycle.
pub(in super::super) struct Cycle {
    /// Index of the group that closes it.
    pub(in super::super) group: usize,
    /// Index of the member that does.
    pub(in super::super) member: usize,
    /// The keys on the way, the first again at the end; of a long chain its ends.
    pub(in super::super) chain: Vec<String>,
}

/// Every nesting that closes a cycle. Without them there is none.
pub(in super::super) fn cycles(groups: &[Group]) -> Vec<Cycle> {
    let index: HashMap<&str, usize> =
        groups.iter().enumerate().map(|(index, group)| (group.key.as_str(), index)).collect();
    let mut seen = vec![Seen::Not; groups.len()];
    let mut found = Vec::new();
    for start in 0..groups.len() {
        if seen[start] != Seen::Not {
            continue;
        }
        // Each group on the way with its next member: no recursion, however long the chain is.
        let mut way = vec![(start, 0)];
        seen[start] = Seen::OnTheWay(0);
        while let Some((group, next)) = way.last_mut() {
            let group = *group;
            let Some(member) = groups[group].members.get(*next) else {
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
                    let ends = way[place..].iter().map(|(group, _)| *group).chain([inner]);
                    let chain = shorten(ends.map(|group| format!("`{}`", groups[group].key)).collect());
                    found.push(Cycle { group, member: at, chain });
                }
            }
        }
    }
    found
}

impl Decoder {
    /// Notes every nesting that closes a cycle.
    pub(super) fn cycles(&mut self) {
        for Cycle { group, member, chain } in cycles(&self.groups) {
            if let Some(span) = self.members.get(group).and_then(|spans| spans.get(member)).cloned() {
                let title = format!("groups cannot contain themselves: {}", chain.join(" → "));
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
