//! How much of the catalogue the checks decide.

use std::collections::{BTreeMap, BTreeSet};

use super::{Force, Requirement, not_covered, requirements};

/// Statements of like weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tier {
    /// MUST, MUST NOT, REQUIRED.
    Must,
    /// SHOULD, SHOULD NOT.
    Should,
    /// Permissions, and what is said without a key word.
    Rest,
}

impl Tier {
    /// All, the most binding first.
    pub const ALL: [Tier; 3] = [Tier::Must, Tier::Should, Tier::Rest];

    /// The tier of a statement.
    pub fn of(force: Force) -> Self {
        match force {
            Force::Must | Force::MustNot | Force::Required => Tier::Must,
            Force::Should | Force::ShouldNot => Tier::Should,
            Force::May | Force::Implied => Tier::Rest,
        }
    }

    /// For people.
    pub fn word(self) -> &'static str {
        match self {
            Tier::Must => "MUST, MUST NOT, REQUIRED",
            Tier::Should => "SHOULD, SHOULD NOT",
            Tier::Rest => "MAY and implied",
        }
    }
}

/// Decided and decidable statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// How many a check decides.
    pub covered: usize,
    /// How many could be decided from outside.
    pub decidable: usize,
}

impl Share {
    /// In percent; 100 of nothing.
    pub fn percent(self) -> f64 {
        if self.decidable == 0 { 100.0 } else { self.covered as f64 * 100.0 / self.decidable as f64 }
    }

    fn count(&mut self, covered: bool) {
        self.decidable += 1;
        self.covered += usize::from(covered);
    }
}

/// The statements of one section of one RFC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Number of the RFC.
    pub rfc: u16,
    /// The section.
    pub section: String,
    /// How many of its decidable statements a check decides.
    pub share: Share,
}

/// How much of the catalogue is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// By weight.
    pub tiers: Vec<(Tier, Share)>,
    /// By section, in the order of the catalogue.
    pub sections: Vec<Section>,
    /// Decidable statements that no check decides, with the reason where one is written.
    pub open: Vec<(&'static Requirement, Option<&'static str>)>,
}

/// What a set of checks decides; `ids` are the requirement ids that they name.
pub fn coverage<'a>(ids: impl IntoIterator<Item = &'a str>) -> Coverage {
    let ids: BTreeSet<&str> = ids.into_iter().collect();
    let mut tiers: BTreeMap<Tier, Share> = Tier::ALL.map(|tier| (tier, Share::default())).into();
    let mut sections: Vec<Section> = Vec::new();
    let mut open = Vec::new();
    for requirement in requirements().iter().filter(|requirement| requirement.is_decidable()) {
        let covered = ids.contains(requirement.id.as_str());
        tiers.entry(Tier::of(requirement.force)).or_default().count(covered);
        let is_there =
            |section: &Section| section.rfc == requirement.rfc && section.section == requirement.section;
        let at = sections.iter().position(is_there).unwrap_or_else(|| {
            let section = requirement.section.clone();
            sections.push(Section { rfc: requirement.rfc, section, share: Share::default() });
            sections.len() - 1
        });
        sections[at].share.count(covered);
        if !covered {
            let reason = not_covered().iter().find(|row| row.id == requirement.id);
            open.push((requirement, reason.map(|row| row.reason.as_str())));
        }
    }
    Coverage { tiers: tiers.into_iter().collect(), sections, open }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_is_covered_and_the_rest_is_open() {
        let coverage = coverage(["RFC7643-1.2-01", "RFC7643-1.2-02", "Q-G01"]);
        let section = coverage.sections.iter().find(|s| s.rfc == 7643 && s.section == "1.2").unwrap();
        assert_eq!(section.share, Share { covered: 2, decidable: 2 });
        let covered: usize = coverage.tiers.iter().map(|(_, share)| share.covered).sum();
        let decidable: usize = coverage.tiers.iter().map(|(_, share)| share.decidable).sum();
        assert_eq!(covered, 2);
        assert_eq!(coverage.open.len(), decidable - covered);
    }
}
