//! The requirement catalogue: every normative statement of the RFCs that a check can decide, as data.
//!
//! | file | what it holds |
//! |---|---|
//! | `requirements.csv` | the statements of RFC 7643, 7644, 9865, and of 6750 and 9110 as far as SCIM relies on them |
//! | `quirks.csv` | what identity providers really send, and what a target must make of it |
//! | `drafts.csv` | what two drafts demand besides the RFCs or against them, as far as a check decides it |
//! | `not_covered.csv` | the statements that no check decides, each with the reason |
//!
//! Ids are stable: reports, baselines and scripts refer to them.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::check::Audience;

pub mod coverage;

/// How binding a statement is, in the words of RFC 2119 or as the catalogue reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub enum Force {
    /// An absolute requirement.
    #[serde(rename = "MUST")]
    Must,
    /// An absolute prohibition.
    #[serde(rename = "MUST NOT")]
    MustNot,
    /// The word that the RFCs use for attributes that must have a value.
    #[serde(rename = "REQUIRED")]
    Required,
    /// A recommendation.
    #[serde(rename = "SHOULD")]
    Should,
    /// A recommendation against.
    #[serde(rename = "SHOULD NOT")]
    ShouldNot,
    /// A permission.
    #[serde(rename = "MAY")]
    May,
    /// Said without a key word: in the indicative, by a table, the grammar or an example.
    #[serde(rename = "IMPLIED")]
    Implied,
}

impl Force {
    /// The words in reports.
    pub fn word(self) -> &'static str {
        match self {
            Force::Must => "MUST",
            Force::MustNot => "MUST NOT",
            Force::Required => "REQUIRED",
            Force::Should => "SHOULD",
            Force::ShouldNot => "SHOULD NOT",
            Force::May => "MAY",
            Force::Implied => "IMPLIED",
        }
    }
}

/// Who a statement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Actor {
    /// The service provider.
    Server,
    /// The client.
    Client,
    /// Either.
    Both,
}

/// Whether a statement can be decided from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Testable {
    /// By any client with a writable sandbox.
    Yes,
    /// With more than that, or with several accepted outcomes.
    Partly,
    /// Not at all.
    No,
}

/// One normative statement.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Requirement {
    /// Such as `RFC7644-3.5.2-07`.
    pub id: String,
    /// Number of the RFC.
    pub rfc: u16,
    /// Section within it.
    pub section: String,
    /// How binding it is.
    #[serde(rename = "level")]
    pub force: Force,
    /// Who it is about.
    pub actor: Actor,
    /// Its subject.
    pub topic: String,
    /// The statement, in our words.
    #[serde(rename = "requirement")]
    pub text: String,
    /// Whether it can be decided from outside.
    pub testable: Testable,
    /// How a test would go about it.
    pub how_to_test: String,
    /// What a violation looks like.
    pub example_violation: String,
}

impl Requirement {
    /// Whether a check could decide it: it is about a server and can be seen from outside.
    pub fn is_decidable(&self) -> bool {
        self.actor != Actor::Client && self.testable != Testable::No
    }

    /// Where it stands, for people: `RFC 7644 §3.5.2`.
    pub fn source(&self) -> String {
        format!("RFC {} §{}", self.rfc, self.section)
    }
}

/// What an identity provider sends, and what a target must make of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Quirk {
    /// Such as `Q-G01`.
    pub id: String,
    /// Who sends it.
    pub idp: String,
    /// What is sent.
    pub sends: String,
    /// What a target must make of it.
    pub target_must: String,
    /// How well it is known: A (documented or captured) to D (doubtful).
    pub grade: String,
}

/// A draft that demands more than the RFCs, or something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Draft {
    /// draft-zollner-scim-interop-profile.
    InteropProfile,
    /// The account lifecycle profile of OpenID IPSIE.
    Ipsie,
}

impl Draft {
    /// Its name, for people.
    pub fn label(self) -> &'static str {
        match self {
            Draft::InteropProfile => Audience::InteropProfile.label(),
            Draft::Ipsie => Audience::Ipsie.label(),
        }
    }

    /// The edition that was read; sections are numbered as there.
    pub fn edition(self) -> &'static str {
        match self {
            Draft::InteropProfile => "draft-zollner-scim-interop-profile-01 of 15 April 2026",
            Draft::Ipsie => {
                "draft-ipsie-scim-al1-profile of 12 December 2025, which became OpenID's IPSIE AL SCIM profile"
            }
        }
    }
}

/// What a draft demands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Demand {
    /// Such as `IPROF-18`.
    pub id: String,
    /// Who demands it.
    pub draft: Draft,
    /// Section of the edition that was read; empty where it is not known.
    pub section: String,
    /// How binding it is within the draft.
    #[serde(rename = "level")]
    pub force: Force,
    /// The demand, in our words.
    pub text: String,
    /// Where the RFCs, another draft or the traffic of identity providers say otherwise; empty where nothing does.
    pub conflict: String,
}

impl Demand {
    /// Where it stands, for people: `SCIM interoperability profile (draft) §6.5.1.1`.
    pub fn source(&self) -> String {
        let label = self.draft.label();
        if self.section.is_empty() { label.to_owned() } else { format!("{label} §{}", self.section) }
    }
}

/// A statement that no check decides.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NotCovered {
    /// The id of the statement.
    pub id: String,
    /// Why.
    pub reason: String,
}

static REQUIREMENTS: LazyLock<Vec<Requirement>> = LazyLock::new(|| read(include_str!("requirements.csv")));
static QUIRKS: LazyLock<Vec<Quirk>> = LazyLock::new(|| read(include_str!("quirks.csv")));
static DEMANDS: LazyLock<Vec<Demand>> = LazyLock::new(|| read(include_str!("drafts.csv")));
static NOT_COVERED: LazyLock<Vec<NotCovered>> = LazyLock::new(|| read(include_str!("not_covered.csv")));
static BY_ID: LazyLock<HashMap<&str, &Requirement>> =
    LazyLock::new(|| REQUIREMENTS.iter().map(|requirement| (requirement.id.as_str(), requirement)).collect());

/// The rows of a table that is compiled in. The tests read every one, so that none can be broken.
fn read<T: for<'d> Deserialize<'d>>(text: &str) -> Vec<T> {
    csv::Reader::from_reader(text.as_bytes()).deserialize().filter_map(Result::ok).collect()
}

/// Every statement, in the order of the RFCs.
pub fn requirements() -> &'static [Requirement] {
    &REQUIREMENTS
}

/// The statement with that id.
pub fn requirement(id: &str) -> Option<&'static Requirement> {
    BY_ID.get(id).copied()
}

/// Every habit of identity providers.
pub fn quirks() -> &'static [Quirk] {
    &QUIRKS
}

/// The habit with that id.
pub fn quirk(id: &str) -> Option<&'static Quirk> {
    QUIRKS.iter().find(|quirk| quirk.id == id)
}

/// Everything that drafts demand.
pub fn demands() -> &'static [Demand] {
    &DEMANDS
}

/// The demand with that id.
pub fn demand(id: &str) -> Option<&'static Demand> {
    DEMANDS.iter().find(|demand| demand.id == id)
}

/// The statements that no check decides.
pub fn not_covered() -> &'static [NotCovered] {
    &NOT_COVERED
}

/// What an id stands for, in a sentence and with its source: a requirement, a quirk or what a draft demands.
pub fn statement(id: &str) -> Option<(String, &'static str)> {
    if let Some(requirement) = requirement(id) {
        return Some((format!("{}, {}", requirement.source(), requirement.force.word()), &requirement.text));
    }
    if let Some(demand) = demand(id) {
        return Some((format!("{}, {}", demand.source(), demand.force.word()), &demand.text));
    }
    quirk(id).map(|quirk| (format!("sent by {}", quirk.idp), quirk.target_must.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> usize {
        csv::Reader::from_reader(text.as_bytes()).records().collect::<Result<Vec<_>, _>>().unwrap().len()
    }

    #[test]
    fn every_row_of_the_tables_reads() {
        assert_eq!(requirements().len(), rows(include_str!("requirements.csv")));
        assert_eq!(requirements().len(), 791);
        assert_eq!(quirks().len(), rows(include_str!("quirks.csv")));
        assert_eq!(demands().len(), rows(include_str!("drafts.csv")));
        assert_eq!(not_covered().len(), rows(include_str!("not_covered.csv")));
        assert_eq!(BY_ID.len(), 791, "ids are distinct");
    }

    #[test]
    fn an_id_says_where_it_comes_from() {
        let (source, text) = statement("RFC7643-3.1-05").unwrap();
        assert_eq!(source, "RFC 7643 §3.1, MUST");
        assert!(text.contains("non-empty id"), "{text}");
        assert_eq!(statement("Q-G01").unwrap().0, "sent by Entra default, authentik");
        let (source, text) = statement("IPROF-18").unwrap();
        assert_eq!(source, "SCIM interoperability profile (draft) §6.5.1.1, MUST");
        assert!(text.contains("without `path`"), "{text}");
        assert_eq!(statement("RFC1-1"), None);
    }

    #[test]
    fn what_a_draft_demands_has_an_id_of_its_own() {
        for draft in [Draft::InteropProfile, Draft::Ipsie] {
            let prefix = if draft == Draft::Ipsie { "IPSIE" } else { "IPROF" };
            let ids: Vec<&str> = demands()
                .iter()
                .filter(|demand| demand.draft == draft)
                .map(|demand| demand.id.as_str())
                .collect();
            let numbered: Vec<String> =
                (1..=ids.len()).map(|number| format!("{prefix}-{number:02}")).collect();
            assert_eq!(ids, numbered);
        }
    }
}
