//! What an identity provider does when: the data that the engine follows.

use std::time::Duration;

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
    pub(super) const UNKNOWN: Self = Self {
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
