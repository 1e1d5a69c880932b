//! Dialects: how each identity provider speaks SCIM.
//!
//! A dialect is one file: its [`Habits`], which are data that the engine follows (what is looked up before a create, whether
//! a read comes before a write, what is done on 409, …), its table of mapped attributes, and a handful of pure functions that
//! shape requests. No dialect sends anything or keeps anything; that is the [engine](super::engine)'s business.
//!
//! What a dialect does that the RFCs do not ask for is named in a comment with its `Q-…` row. What no document or capture
//! shows is marked: [`Basis::Assumed`] for a whole dialect, [`Habits::assumed`] for a single habit, and `explain` says so.
//!
//! | module | what lives there |
//! |---|---|
//! | `habits` | what a product does when |
//! | [`shape`] | bodies and requests that several dialects share |
//! | [`describe`] | a dialect in words |
//! | [`dice`] | identifiers and passwords that look random and are the same for the same seed |
//! | `entra`, `okta`, … | the dialects |

use serde_json::{Map, Value};

use super::Dialect;
use super::mapping::{Place, Profile};
use crate::exchange::Request;

mod authentik;
pub mod describe;
pub mod dice;
mod entra;
mod google;
mod habits;
mod jumpcloud;
mod okta;
mod onelogin;
mod ping;
mod rippling;
pub mod shape;

pub use dice::Dice;
pub use habits::{
    Basis, GroupHabits, GroupMatch, Habits, Leave, Leaving, Nested, OnConflict, OnRateLimit, Quarantine,
    Resends, Retry,
};

/// One request of a connection test, and what it must be answered with.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// What is sent.
    pub request: Request,
    /// What counts as success.
    pub accepts: Accepts,
}

/// What the answer to a probe must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepts {
    /// 200 with a list.
    List,
    /// 200 with a list, or 404.
    ListOrNotFound,
    /// 200 with any object.
    Object,
    /// 201 with an `id`; the resource is deleted at the end of the test, the last one first (Q-T08).
    Created,
    /// Anything: a wrong answer is survived.
    Anything,
}

/// Why an account is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Attributes differ.
    Profile,
    /// The person may use the application no longer.
    Deactivate,
    /// The person may use it again.
    Reactivate,
}

/// A person as a dialect sees them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Subject {
    /// The key in the directory.
    pub key: String,
    /// What the mapping says. `active` is in it where it is mapped.
    pub profile: Profile,
    /// Whether the account may be used.
    pub active: bool,
}

/// A member of a group, as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The key in the directory.
    pub key: String,
    /// The id at the target.
    pub id: String,
    /// The userName of a person, the displayName of a group.
    pub display: String,
    /// Whether it is a group.
    pub is_group: bool,
}

/// A group as a dialect sees it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroupSubject {
    /// The key in the directory.
    pub key: String,
    /// Its name.
    pub display_name: String,
    /// Its identifier at the IdP.
    pub external_id: Option<String>,
    /// Everybody who should be in it and is at the target.
    pub members: Vec<Member>,
}

/// Members that join and leave.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MemberChange {
    /// In the order of the directory.
    pub added: Vec<Member>,
    /// By key.
    pub removed: Vec<Member>,
}

impl MemberChange {
    /// Whether nobody comes and nobody goes.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

/// A request with the members that are in it or out of it once it succeeded.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberRequest {
    /// What is sent.
    pub request: Request,
    /// Keys.
    pub adds: Vec<String>,
    /// Keys.
    pub removes: Vec<String>,
}

/// How one identity provider speaks SCIM. Targets of requests are relative to the base URL, encoded.
///
/// What a dialect does not say is the plain form that the RFCs have for it.
pub trait Speech: Send + Sync {
    /// What the engine follows.
    fn habits(&self) -> &Habits;

    /// The vendor's table: target attributes and the expressions over a person.
    fn table(&self) -> &'static [(&'static str, &'static str)];

    /// Sets the headers that the product sends.
    fn dress(&self, request: &mut Request, dice: &mut Dice);

    /// What is sent when an administrator tests the connection. `groups` where groups are to be pushed. Nothing where the
    /// product is not known to test it.
    fn connection_test(&self, groups: bool, dice: &mut Dice) -> Vec<Probe>;

    /// What each cycle and each import begins with, whatever is answered.
    fn opening(&self) -> Option<Request> {
        None
    }

    /// What is sent for the account of a connection test that the target refuses to delete (Q-D09); `created` is the probe
    /// that made it. Nothing where it stays.
    fn disable_test_user(&self, _id: &str, _created: &Request) -> Option<Request> {
        None
    }

    /// The lookup of a person by a target attribute.
    fn find_user(&self, place: &Place, value: &str) -> Request {
        Request::new(
            "GET",
            shape::found_by("/Users", &place.to_string(), value, crate::encoding::Encoding::Percent),
        )
    }

    /// Creates an account.
    fn create_user(&self, person: &Subject, dice: &mut Dice) -> Request;

    /// Reads an account.
    fn read_user(&self, id: &str) -> Request {
        Request::new("GET", shape::user(id))
    }

    /// Whether an account is read before it is changed in this way.
    fn reads_before(&self, change: Change) -> bool {
        self.habits().reads && change == Change::Profile
    }

    /// Whether an account is set inactive, after its person was deleted from the directory, by replacing the whole of it without
    /// reading it first: then what was last sent has to be kept, for the directory knows it no longer. It follows from what is sent.
    fn replaces_unread(&self) -> bool {
        let sent = || self.update_user("", &Subject::default(), Change::Deactivate, None);
        self.habits().leaving.deleted == Leave::Deactivate
            && !self.reads_before(Change::Deactivate)
            && sent().iter().any(|request| request.method == "PUT")
    }

    /// Changes an account. `current` is what the target last showed, where the habit is to read first or a lookup found it.
    /// Nothing where nothing differs.
    fn update_user(
        &self,
        id: &str,
        person: &Subject,
        change: Change,
        current: Option<&Map<String, Value>>,
    ) -> Vec<Request> {
        shape::plain_update(id, person, change, current)
    }

    /// Deletes an account.
    fn delete_user(&self, id: &str) -> Request {
        Request::new("DELETE", shape::user(id))
    }

    /// Asks whether the account has this manager already, where the product does (Q-L05).
    fn find_manager(&self, _id: &str, _manager: &str) -> Option<Request> {
        None
    }

    /// Sets or clears the manager, where that is done apart.
    fn set_manager(&self, _id: &str, _manager: Option<&str>) -> Vec<Request> {
        Vec::new()
    }

    /// The lookup of a group by its name.
    fn find_group(&self, name: &str) -> Request {
        Request::new(
            "GET",
            shape::found_by("/Groups", "displayName", name, crate::encoding::Encoding::Percent),
        )
    }

    /// A page of all groups, from 1, where they are listed to find one.
    fn list_groups(&self, start: u32) -> Request {
        Request::new("GET", format!("/Groups?startIndex={start}&count=100"))
    }

    /// Creates a group.
    fn create_group(&self, group: &GroupSubject) -> Request {
        shape::plain_group(group)
    }

    /// Reads a group.
    fn read_group(&self, id: &str) -> Request {
        Request::new("GET", shape::group(id))
    }

    /// Whether a group is read before its members are changed; `is_new` says that it was created in the same cycle.
    fn reads_before_members(&self, _is_new: bool) -> bool {
        self.habits().groups.is_some_and(|groups| groups.reads)
    }

    /// Renames a group.
    fn rename_group(
        &self,
        id: &str,
        group: &GroupSubject,
        _current: Option<&Map<String, Value>>,
    ) -> Vec<Request> {
        vec![shape::plain_rename(id, group)]
    }

    /// Brings members in and out. The requests are sent in order, or [`GroupHabits::at_once`] together.
    fn change_members(
        &self,
        id: &str,
        _group: &GroupSubject,
        change: &MemberChange,
        _current: Option<&Map<String, Value>>,
    ) -> Vec<MemberRequest> {
        shape::plain_members(id, change)
    }

    /// Deletes a group, also when it is only unassigned (Q-G24); nothing where the product leaves it.
    fn delete_group(&self, id: &str) -> Option<Request> {
        Some(Request::new("DELETE", shape::group(id)))
    }

    /// A page of an import, from 1.
    fn import_page(&self, endpoint: &str, start: u32, count: u32) -> Request {
        Request::new("GET", format!("{endpoint}?startIndex={start}&count={count}"))
    }

    /// Where the page of an import begins that follows the one from `start`, which was asked for with `count` and had `read`
    /// resources: one page size further on, whatever was read (Q-P06).
    fn next_page(&self, start: u32, count: u32, _read: u32) -> u32 {
        start.saturating_add(count)
    }
}

impl Dialect {
    /// How it speaks.
    pub fn speech(self) -> &'static dyn Speech {
        match self {
            Self::Okta => &okta::OIN,
            Self::OktaAiw => &okta::AIW,
            Self::Entra => &entra::DEFAULT,
            Self::EntraAadOptScim => &entra::FLAGGED,
            Self::OneLogin => &onelogin::ONELOGIN,
            Self::JumpCloud => &jumpcloud::JUMPCLOUD,
            Self::PingFederate => &ping::FEDERATE,
            Self::PingOne => &ping::ONE,
            Self::Google => &google::GOOGLE,
            Self::Rippling => &rippling::RIPPLING,
            Self::Authentik => &authentik::AUTHENTIK,
        }
    }
}

#[cfg(test)]
mod tests;
