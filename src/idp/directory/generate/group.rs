//! One group.

use std::collections::HashSet;

use super::super::{Group, Member};
use super::names::{DEPARTMENTS, KINDS, OFFICES, TOPICS};
use super::random::Random;

/// One group in so many holds others.
const NESTED: usize = 12;

/// The names of all groups, no two the same.
pub(super) fn names(count: usize, random: &mut Random) -> Vec<String> {
    let mut taken = HashSet::new();
    let mut names = Vec::with_capacity(count);
    let fixed = ["All Staff".to_owned()]
        .into_iter()
        .chain(DEPARTMENTS.iter().map(|(name, ..)| (*name).to_owned()))
        .chain(OFFICES.iter().map(|office| format!("Office {}", office.city)));
    for name in fixed.take(count) {
        taken.insert(name.clone());
        names.push(name);
    }
    while names.len() < count {
        let (kind, topic) = (random.one(&KINDS), random.one(&TOPICS));
        let name = match random.below(3) {
            0 => format!("{kind}: {topic}"),
            1 => format!("{kind} {topic} ({})", random.one(&OFFICES).city),
            _ => format!("{kind} - {} - {topic}", random.one(&DEPARTMENTS).0),
        };
        let numbered = (2u32..).map(|number| format!("{name} {number}"));
        if let Some(name) = std::iter::once(name.clone()).chain(numbered).find(|name| !taken.contains(name)) {
            taken.insert(name.clone());
            names.push(name);
        }
    }
    names
}

/// The group of that rank: the first ones are large, most are small, and a few have nobody.
pub(super) fn group(
    rank: usize,
    name: &str,
    groups: &[String],
    people: &[String],
    random: &mut Random,
) -> Group {
    let wanted = match rank {
        0 => people.len(),
        // Everybody's share falls as the rank rises, as it does for words of a language.
        _ if rank % 97 == 96 => 0,
        _ => (people.len() as f64 * 0.3 / (rank as f64 + 1.0).powf(1.2)).max(1.0) as usize,
    };
    let mut members = Vec::with_capacity(wanted.min(people.len()));
    if wanted > 0 && !people.is_empty() {
        // Somebody in about every `step` people, from wherever the first one is.
        let step = (people.len() / wanted).max(1) as u64;
        let span = step * wanted as u64;
        let first = random.below(people.len() as u64 - span.min(people.len() as u64) + 1);
        for turn in 0..wanted as u64 {
            let index = (first + turn * step + random.below(step)) as usize;
            members.extend(people.get(index).map(|key| Member::Person(key.clone())));
        }
    }
    // Only groups behind it, so that there is no way back.
    if rank > 0 && rank.is_multiple_of(NESTED) {
        let behind = groups.len() - rank - 1;
        let inner = (0..behind.min(3)).map(|offset| &groups[rank + 1 + offset]);
        members.extend(inner.map(|key| Member::Group(key.clone())));
    }
    Group {
        key: groups[rank].clone(),
        display_name: name.to_owned(),
        external_id: (!random.is(10)).then(|| format!("{:08x}-{:04x}", random.any() >> 32, rank)),
        members,
    }
}
