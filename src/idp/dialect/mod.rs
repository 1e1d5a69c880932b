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
//! | [`shape`] | bodies and requests that several dialects share |
//! | [`describe`] | a dialect in words |
//! | [`dice`] | identifiers and passwords that look random and are the same for the same seed |
//! | `entra`, `okta`, … | the dialects |

use std::time::Duration;

use serde_json::{Map, Value};

use super::Dialect;
use super::mapping::{Place, Profile};
use crate::exchange::Request;

mod authentik;
pub mod describe;
pub mod dice;
mod entra;
mod google;
mod jumpcloud;
mod okta;
mod onelogin;
mod ping;
mod rippling;
pub mod shape;

pub use dice::Dice;

/// How sure it is that the product behaves so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The vendor's documentation, the source code of the product, or captures of it.
    Documented,
    /// No capture of the product was found: the shapes are assumptions, and this is what they rest on.
    Assumed(&'static str),
}

/// What is done when a user that was created is already there (409).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnConflict {
    /// The object fails; the next attempt begins with the lookup again.
    Fail,
    /// The user is looked up and linked (Q-C17).
    LookUpAndLink,
}

/// What is sent when somebody leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// The account is set inactive.
    Deactivate,
    /// The account is deleted.
    Delete,
    /// Nothing is sent.
    Keep,
}

/// How people leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaving {
    /// Somebody is no longer assigned, or out of scope.
    pub unassigned: Leave,
    /// The account is disabled in the directory.
    pub suspended: Leave,
    /// The person was deleted from the directory.
    pub deleted: Leave,
    /// How long after that the account is deleted at the target, where it was only set inactive.
    pub purge: Option<Duration>,
    /// Whether the accounts of all who left are deleted then; where not, only those of people who were deleted from the directory,
    /// and the time begins with that.
    pub purges_all: bool,
    /// What an administrator may choose for [`Leaving::unassigned`], the default among it; empty where there is no choice.
    pub options: &'static [Leave],
}

/// How the group of a name is found before it is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupMatch {
    /// By a filter.
    Filter,
    /// All groups are listed, and the name is looked for among them (Q-L12, Q-P07).
    List,
    /// Not at all: the group is created, and a 409 sends the IdP looking for it.
    AfterConflict,
}

/// What becomes of groups in groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nested {
    /// A group is a member like a person; its own members are not assigned (Q-G27).
    AsMember,
    /// Its people count as people of the outer group.
    Flattened,
}

/// How groups are pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupHabits {
    /// How one is found.
    pub matching: GroupMatch,
    /// Whether the group is read before its members are changed.
    pub reads: bool,
    /// Whether the name is sent again with every push of members, and after a create also where there are none (Q-G08).
    pub repeats_name: bool,
    /// Groups in groups.
    pub nested: Nested,
    /// Requests to one group that are on their way at the same time (Q-G05).
    pub at_once: usize,
}

/// What an answer of 429 does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnRateLimit {
    /// The conversation about a person begins again when `Retry-After` says so (Q-E05); any other request is sent again.
    WaitAsTold,
    /// The object fails and is tried again later (Q-E04).
    Fail,
}

/// When what failed is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Longer and longer after each failure: the first wait, doubled until the longest (Q-E10).
    BackOff {
        /// After the first failure.
        first: Duration,
        /// At most.
        longest: Duration,
    },
    /// When an administrator asks for it, which a simulation does in the next cycle.
    ByHand,
}

/// When an IdP stops working on a target that fails too often (Q-E03).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quarantine {
    /// The share is looked at from so many failures on.
    pub evaluated_from: usize,
    /// Share of failed operations of a cycle beyond which it begins.
    pub share: f64,
    /// Failures of a cycle beyond which it begins whatever the share.
    pub failures: usize,
    /// Time between two cycles while it lasts.
    pub interval: Duration,
    /// How long it lasts before the job is disabled.
    pub disabled_after: Duration,
}

/// What is sent again because the target did not keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resends {
    /// Every mapped attribute that an answer shows with another value (Q-U24).
    Everything,
    /// The activation, where the answer says `active: false` (Q-D11).
    Activation,
    /// Nothing: an answer is not looked at.
    Nothing,
}

/// What the engine follows.
#[derive(Debug, Clone, PartialEq)]
pub struct Habits {
    /// The name of the product.
    pub product: &'static str,
    /// How sure it is.
    pub basis: Basis,
    /// What of it no document or capture shows, a sentence each.
    pub assumed: &'static [&'static str],
    /// The rows of the quirk catalogue that its traffic shows.
    pub quirks: &'static [&'static str],
    /// Those of them that no document or capture shows of this product, only of others.
    pub assumed_quirks: &'static [&'static str],
    /// Time between two cycles.
    pub interval: Duration,
    /// Target attributes that identify a person, in the order in which they are tried.
    pub matching: &'static [&'static str],
    /// Whether a person is looked up before the create; where not, the create comes first (Q-C17).
    pub looks_up_first: bool,
    /// Whether a lookup that is answered with 404 means that there is nobody (Q-L11); where not, the target is
    /// incompatible (Q-L14).
    pub accepts_404: bool,
    /// On 409 to a create.
    pub on_conflict: OnConflict,
    /// Whether an answer to a create without an `id` stops the whole job (Q-E07); where not, it is the failure of one object.
    pub stops_without_id: bool,
    /// Whether the account is read before it is changed.
    pub reads: bool,
    /// Whether an account is read after it was set inactive, which it must survive (Q-D04).
    pub reads_after_deactivation: bool,
    /// Whether somebody who comes back is looked up again.
    pub looks_up_on_return: bool,
    /// Whether that holds also for somebody whose account in the directory was only disabled, and who was never unassigned.
    pub looks_up_after_suspension: bool,
    /// Whether an account that a lookup found is read all the same where a read comes before the change.
    pub reads_what_was_found: bool,
    /// Whether the profile is pushed after somebody who comes back was set active, as an update of its own.
    pub updates_after_return: bool,
    /// Whether the manager is set after everybody is there, in requests of its own.
    pub manager_apart: bool,
    /// What is sent again.
    pub resends: Resends,
    /// How people leave.
    pub leaving: Leaving,
    /// Whether an administrator may have people created, inactive, who are disabled in the directory. Unless chosen they are not.
    pub may_create_disabled: bool,
    /// How groups are pushed; none where they are not.
    pub groups: Option<GroupHabits>,
    /// On 429.
    pub on_rate_limit: OnRateLimit,
    /// Whether a 401 or 403 stops the whole job at once (Q-E06); where not, a 403 is the failure of one object.
    pub forbidden_stops: bool,
    /// When failures are tried again.
    pub retry: Retry,
    /// When the job is slowed down.
    pub quarantine: Option<Quarantine>,
    /// Page size of an import, where there is one.
    pub import: Option<u32>,
}

impl Habits {
    /// Whether it is not verified that this product sends what a row of the quirk catalogue says.
    pub fn is_assumed(&self, row: &str) -> bool {
        self.basis != Basis::Documented || self.assumed_quirks.contains(&row)
    }

    /// What is taken of a product where nothing is known. All of it is assumed: it is the plainest client that the RFCs
    /// allow, which looks before it creates, never deletes, and tries again in the next cycle. A dialect names what it knows,
    /// and takes the rest from here.
    const UNKNOWN: Self = Self {
        product: "",
        basis: Basis::Assumed("nothing of it is known"),
        assumed: &[],
        quirks: &[],
        assumed_quirks: &[],
        interval: Duration::from_secs(60 * 60),
        matching: &["userName"],
        looks_up_first: true,
        accepts_404: true,
        on_conflict: OnConflict::Fail,
        stops_without_id: false,
        reads: false,
        reads_after_deactivation: false,
        looks_up_on_return: true,
        looks_up_after_suspension: true,
        reads_what_was_found: false,
        updates_after_return: false,
        manager_apart: false,
        resends: Resends::Nothing,
        leaving: Leaving {
            unassigned: Leave::Deactivate,
            suspended: Leave::Deactivate,
            deleted: Leave::Deactivate,
            purge: None,
            purges_all: false,
            options: &[],
        },
        may_create_disabled: false,
        groups: Some(GroupHabits {
            matching: GroupMatch::Filter,
            reads: false,
            repeats_name: false,
            nested: Nested::Flattened,
            at_once: 1,
        }),
        on_rate_limit: OnRateLimit::Fail,
        forbidden_stops: false,
        retry: Retry::ByHand,
        quarantine: None,
        import: None,
    };
}

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
