//! The member `provisioning` of the report of a simulation.

use serde_json::{Map, Value, json};

use super::super::provisioning::{Cycle, Provisioning, kind_word, rate};
use super::milliseconds;
use crate::event::provisioning::{Status as Outcome, Traffic};

/// What a simulation did, in numbers.
pub(super) fn member(run: &Provisioning) -> Value {
    let mut member = Map::new();
    member.insert("cycles".into(), run.cycles.iter().map(cycle).collect());
    if run.earlier_cycles > 0 {
        member.insert("earlier_cycles".into(), run.earlier_cycles.into());
    }
    let actions = run.counts.rows().map(|(kind, action, [success, skipped, failure])| {
        json!({
            "kind": kind_word(kind),
            "action": action.word(),
            "success": success,
            "skipped": skipped,
            "failure": failure,
        })
    });
    member.insert("actions".into(), actions.collect());
    let reasons = run.reasons.sorted().into_iter().map(|reason| {
        let (outcome, kind) = reason.of;
        json!({
            "status": outcome.word(),
            "kind": kind_word(kind),
            "reason": reason.text(),
            "entries": reason.entries,
            "objects": reason.objects,
            "examples": reason.examples,
        })
    });
    member.insert("reasons".into(), reasons.collect());
    if run.reasons.others > 0 {
        member.insert("other_reasons".into(), run.reasons.others.into());
    }
    let differences = run.differences.sorted().into_iter().map(|difference| {
        json!({
            "kind": kind_word(difference.of),
            "what": difference.text(),
            "objects": difference.objects,
            "examples": difference.examples,
        })
    });
    member.insert("differences".into(), differences.collect());
    member.insert("traffic".into(), run.traffic.as_ref().map_or(Value::Null, traffic));
    Value::Object(member)
}

fn cycle(cycle: &Cycle) -> Value {
    let Cycle { done, counts } = cycle;
    json!({
        "number": done.number,
        "time": done.time.to_string(),
        "initial": done.is_initial,
        "success": counts.of(Outcome::Success),
        "skipped": counts.of(Outcome::Skipped),
        "failure": counts.of(Outcome::Failure),
        "quarantine": done.quarantine.map(|since| since.to_string()),
        "stopped": done.stopped,
    })
}

fn traffic(traffic: &Traffic) -> Value {
    json!({
        "requests": traffic.requests,
        "elapsed_ms": milliseconds(traffic.elapsed),
        "per_second": rate(traffic).map(|rate| (rate * 10.0).round() / 10.0),
        "median_ms": milliseconds(traffic.median),
        "p90_ms": milliseconds(traffic.p90),
        "p99_ms": milliseconds(traffic.p99),
        "longest_ms": milliseconds(traffic.longest),
    })
}
