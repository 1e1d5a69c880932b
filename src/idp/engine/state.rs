//! What an identity provider keeps between two cycles: who is linked to which id, what was sent last, what failed and
//! when it is tried again.
//!
//! The state is a list of [`Record`]s, each of which replaces what was known of one thing. They are handed out one by one as
//! they come about, so that a file that they are appended to tells the state whenever the program is killed. What happened
//! between the answer of a target and its record is found again by the lookups that every dialect does anyway.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::idp::dialect::{Leave, Leaving};

/// Why an account is not in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// No longer assigned, or out of scope.
    Unassigned,
    /// Disabled in the directory.
    Suspended,
    /// Deleted from the directory.
    Deleted,
}

impl Leaving {
    /// What a product does by default when somebody leaves in this way.
    pub fn of(&self, why: Why) -> Leave {
        match why {
            Why::Unassigned => self.unassigned,
            Why::Suspended => self.suspended,
            Why::Deleted => self.deleted,
        }
    }
}

/// The link between a person and an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// The id that the target gave.
    pub id: String,
    /// Digest of the attributes that were sent last.
    pub sum: u64,
    /// Whether the account was last set active.
    pub active: bool,
    /// Whether the last answer showed what was sent.
    pub settled: bool,
    /// Why it is not active, and since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<(Why, Timestamp)>,
    /// The id of the manager that was last sent, where that is done apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager: Option<String>,
    /// Target attributes and values that set the account inactive, where the product replaces the whole account for that
    /// ([`replaces_unread`](crate::idp::dialect::Speech::replaces_unread)): once the person is gone from the directory, nobody else
    /// knows them. A password is not among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<(String, Value)>,
}

impl Link {
    /// The userName that was last sent, where it is kept.
    pub fn user_name(&self) -> Option<&str> {
        let kept = self.kept.iter().find(|(place, _)| place.eq_ignore_ascii_case("userName"));
        kept.and_then(|(_, value)| value.as_str())
    }
}

/// The link between a group and its counterpart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupLink {
    /// The id that the target gave.
    pub id: String,
    /// The name that was last sent.
    pub name: String,
    /// Whether it was created, and nothing was sent about its members yet.
    pub is_new: bool,
    /// Keys of those who were brought in.
    #[serde(skip)]
    pub members: BTreeSet<String>,
}

/// What failed and is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trouble {
    /// How often in a row.
    pub failures: u32,
    /// Not before this time.
    pub next: Timestamp,
    /// Why.
    pub reason: String,
}

/// A change of the state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Record {
    /// A cycle begins or ends.
    Cycle(CycleState),
    /// A person is linked, or no longer.
    Person(String, Option<Link>),
    /// A group is linked, or no longer.
    Group(String, Option<GroupLink>),
    /// Members of a group came and went.
    Members {
        /// Key of the group.
        group: String,
        /// Keys.
        adds: Vec<String>,
        /// Keys.
        removes: Vec<String>,
    },
    /// Something failed, or works again. People and groups share their keys.
    Trouble(String, Option<Trouble>),
}

/// Where the job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CycleState {
    /// Simulated time.
    pub now: Timestamp,
    /// Number of the cycle that began last.
    pub cycle: u32,
    /// Whether a cycle went through everything once, so that the next ones are incremental.
    pub is_complete: bool,
    /// Since when the job is in quarantine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<Timestamp>,
}

/// Everything that is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Where the job stands.
    pub job: CycleState,
    /// By key.
    pub people: BTreeMap<String, Link>,
    /// By key.
    pub groups: BTreeMap<String, GroupLink>,
    /// By key.
    pub troubles: BTreeMap<String, Trouble>,
}

impl State {
    /// Nothing yet.
    pub fn new(now: Timestamp) -> Self {
        Self {
            job: CycleState { now, cycle: 0, is_complete: false, quarantine: None },
            people: BTreeMap::new(),
            groups: BTreeMap::new(),
            troubles: BTreeMap::new(),
        }
    }

    /// Takes note of a change.
    pub fn apply(&mut self, record: Record) {
        fn put<V>(map: &mut BTreeMap<String, V>, key: String, value: Option<V>) {
            match value {
                Some(value) => drop(map.insert(key, value)),
                None => drop(map.remove(&key)),
            }
        }
        match record {
            Record::Cycle(job) => self.job = job,
            Record::Person(key, link) => put(&mut self.people, key, link),
            Record::Group(key, link) => {
                // What is told of a link leaves its members as they were.
                let members = self.groups.remove(&key).map(|known| (known.id, known.members));
                let link = link.map(|mut link| {
                    if let Some((id, members)) = members.filter(|(id, _)| *id == link.id) {
                        (link.id, link.members) = (id, members);
                    }
                    link
                });
                put(&mut self.groups, key, link);
            }
            Record::Members { group, adds, removes } => {
                if let Some(link) = self.groups.get_mut(&group) {
                    link.members.retain(|key| !removes.contains(key));
                    link.members.extend(adds);
                }
            }
            Record::Trouble(key, trouble) => put(&mut self.troubles, key, trouble),
        }
    }

    /// The state as the fewest records that make it.
    pub fn records(&self) -> impl Iterator<Item = Record> {
        let people = self.people.iter().map(|(key, link)| Record::Person(key.clone(), Some(link.clone())));
        let groups = self.groups.iter().flat_map(|(key, link)| {
            let members = Record::Members {
                group: key.clone(),
                adds: link.members.iter().cloned().collect(),
                removes: Vec::new(),
            };
            [Record::Group(key.clone(), Some(link.clone())), members]
        });
        let troubles =
            self.troubles.iter().map(|(key, trouble)| Record::Trouble(key.clone(), Some(trouble.clone())));
        std::iter::once(Record::Cycle(self.job)).chain(people).chain(groups).chain(troubles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-01-05T08:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_link_of_before_anything_was_kept_can_be_read() {
        let old = r#"{"person":["ada",{"id":"7","sum":1,"active":true,"settled":true}]}"#;
        let Record::Person(_, Some(link)) = serde_json::from_str(old).unwrap() else { panic!("{old}") };
        assert_eq!((link.id.as_str(), link.user_name()), ("7", None));
        let kept = Link { kept: vec![("userName".into(), "ada".into())], ..link };
        assert_eq!(kept.user_name(), Some("ada"));
        let again: Link = serde_json::from_str(&serde_json::to_string(&kept).unwrap()).unwrap();
        assert_eq!(again, kept);
    }

    #[test]
    fn records_make_the_state_again() {
        let mut state = State::new(now());
        let link = Link {
            id: "7".into(),
            sum: 1,
            active: true,
            settled: true,
            left: None,
            manager: None,
            kept: Vec::new(),
        };
        let group =
            |id: &str| GroupLink { id: id.into(), name: "E".into(), is_new: false, members: BTreeSet::new() };
        let members = |adds: &[&str], removes: &[&str]| Record::Members {
            group: "e".into(),
            adds: adds.iter().map(|key| (*key).to_owned()).collect(),
            removes: removes.iter().map(|key| (*key).to_owned()).collect(),
        };
        for record in [
            Record::Person("ada".into(), Some(link)),
            Record::Group("e".into(), Some(group("1"))),
            members(&["ada", "bob"], &[]),
            members(&["cleo"], &["bob"]),
            Record::Group("e".into(), Some(GroupLink { name: "F".into(), ..group("1") })),
            Record::Trouble("bob".into(), Some(Trouble { failures: 1, next: now(), reason: "409".into() })),
            Record::Group("gone".into(), Some(group("2"))),
            Record::Group("gone".into(), None),
        ] {
            state.apply(record);
        }
        assert_eq!(state.groups["e"].members, BTreeSet::from(["ada".into(), "cleo".into()]));
        let lines: Vec<String> =
            state.records().map(|record| serde_json::to_string(&record).unwrap()).collect();
        let mut again = State::new(Timestamp::UNIX_EPOCH);
        lines.iter().for_each(|line| again.apply(serde_json::from_str(line).unwrap()));
        assert_eq!(again, state);
        // Another id is another group.
        again.apply(Record::Group("e".into(), Some(group("9"))));
        assert!(again.groups["e"].members.is_empty());
    }
}
