//! A dialect in words: what `explain` says about it. All of it is made from the habits that the engine follows.

use std::time::Duration;

use super::{Basis, Dice, GroupMatch, Leave, Nested, OnConflict, OnRateLimit, Resends, Retry, Speech};
use crate::idp::Dialect;

/// What is known of a dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The name of the product.
    pub product: &'static str,
    /// Why it is not verified, where it is not.
    pub unverified: Option<&'static str>,
    /// What of it no document or capture shows.
    pub assumed: &'static [&'static str],
    /// Habits: a label and a sentence.
    pub habits: Vec<(&'static str, String)>,
    /// Target attributes and their sources.
    pub mapping: &'static [(&'static str, &'static str)],
    /// Rows of the quirk catalogue.
    pub quirks: &'static [&'static str],
}

/// Describes a dialect.
pub fn describe(dialect: Dialect) -> Description {
    let speech = dialect.speech();
    let habits = speech.habits();
    let mut said: Vec<(&'static str, String)> = Vec::new();
    said.push(("Connection test", connection_test(speech)));
    if let Some(request) = speech.opening() {
        said.push(("Opening", format!("every cycle begins with {} {}", request.method, request.target)));
    }
    let by = habits.matching.join(", then ");
    said.push((
        "Match",
        match (habits.looks_up_first, habits.accepts_404) {
            (true, true) => format!("by {by} before a create; 404 counts as nobody found"),
            (true, false) => format!("by {by} before a create; 404 stops the job"),
            (false, _) => format!("the create comes first, then by {by}"),
        },
    ));
    said.push((
        "Conflict",
        match habits.on_conflict {
            OnConflict::Fail => {
                "409 is the failure of this person; the next attempt begins with the lookup".into()
            }
            OnConflict::LookUpAndLink => "409 makes it look the account up and link it".into(),
        },
    ));
    if habits.stops_without_id {
        said.push(("No id", "an answer to a create without an `id` stops the job".to_owned()));
    }
    said.push((
        "Update",
        match habits.reads {
            true if habits.reads_what_was_found => {
                "the account is read first, also if it was just found".into()
            }
            true => "the account is read first".into(),
            false => "without reading the account first".to_owned(),
        },
    ));
    said.push((
        "Sent again",
        match habits.resends {
            Resends::Everything => {
                "what an answer shows with another value is sent again in the next cycle".into()
            }
            Resends::Activation => "an activation whose answer says `active: false`".into(),
            Resends::Nothing => "nothing: answers are not looked at".to_owned(),
        },
    ));
    if habits.reads_after_deactivation {
        said.push(("Set inactive", "the account is read afterwards and has to be there".to_owned()));
    }
    let leaving = habits.leaving;
    let mut leave = format!(
        "unassigned {}, disabled {}, deleted from the directory {}",
        word(leaving.unassigned),
        word(leaving.suspended),
        word(leaving.deleted)
    );
    if let Some(purge) = leaving.purge {
        let whose = match leaving.purges_all {
            true => "an account that was set inactive is deleted",
            false => "the account of somebody who was deleted from the directory is deleted",
        };
        leave.push_str(&format!("; {whose} {} later", time(purge)));
    }
    said.push(("Leaving", leave));
    if habits.may_create_disabled {
        let what = "is created only where an administrator chose so, and then inactive";
        said.push(("Disabled at first", what.to_owned()));
    }
    said.push(("Groups", groups(speech)));
    said.push((
        "429",
        match habits.on_rate_limit {
            OnRateLimit::WaitAsTold => {
                "waits as long as `Retry-After` says and begins with the person again".into()
            }
            OnRateLimit::Fail => "the person or group fails and is tried again later".to_owned(),
        },
    ));
    said.push((
        "Failures",
        match habits.retry {
            Retry::BackOff { first, longest } => {
                format!(
                    "tried again after {}, then twice as long each time, at most {}",
                    time(first),
                    time(longest)
                )
            }
            Retry::ByHand => "tried again when an administrator asks for it, here in the next cycle".into(),
        },
    ));
    if let Some(quarantine) = habits.quarantine {
        said.push((
            "Quarantine",
            format!(
                "when more than {:.0} % of at least {} operations fail, or at once when the credentials are refused: one cycle in {}, disabled after {}",
                quarantine.share * 100.0,
                quarantine.evaluated_from,
                time(quarantine.interval),
                time(quarantine.disabled_after)
            ),
        ));
    }
    said.push(("Cycle", format!("every {}", time(habits.interval))));
    let unverified = match habits.basis {
        Basis::Documented => None,
        Basis::Assumed(why) => Some(why),
    };
    Description {
        product: habits.product,
        unverified,
        assumed: habits.assumed,
        habits: said,
        mapping: speech.table(),
        quirks: habits.quirks,
    }
}

fn connection_test(speech: &dyn Speech) -> String {
    let has_groups = speech.habits().groups.is_some();
    let probes = speech.connection_test(has_groups, &mut Dice::new(0));
    let lines: Vec<String> =
        probes.iter().map(|probe| format!("{} {}", probe.request.method, probe.request.target)).collect();
    match lines.is_empty() {
        true => "none is known".into(),
        false => lines.join(", "),
    }
}

fn groups(speech: &dyn Speech) -> String {
    let Some(groups) = speech.habits().groups else { return "are not pushed".into() };
    let matching = match groups.matching {
        GroupMatch::Filter => "found by a filter on displayName",
        GroupMatch::List => "found in the list of all groups",
        GroupMatch::AfterConflict => "created first, looked for after a conflict",
    };
    let nested = match groups.nested {
        Nested::AsMember => "a group in a group is a member itself",
        Nested::Flattened => "people of a group in a group count as members",
    };
    let name = if groups.repeats_name { "; the name comes again with every push of members" } else { "" };
    format!("{matching}; {nested}{name}")
}

fn word(leave: Leave) -> &'static str {
    match leave {
        Leave::Deactivate => "sets the account inactive",
        Leave::Delete => "deletes the account",
        Leave::Keep => "sends nothing",
    }
}

fn time(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (number, unit) = match () {
        () if seconds.is_multiple_of(86_400) => (seconds / 86_400, "day"),
        () if seconds.is_multiple_of(3600) => (seconds / 3600, "hour"),
        () => (seconds / 60, "minute"),
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}
