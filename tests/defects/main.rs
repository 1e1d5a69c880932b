//! Every deliberate bug of the provider shows from outside: a probe for each.
//!
//! A probe is a few requests. They are sent to a plain provider and to one with the defect, both of the profile
//! that the defect is shown on, over loopback sockets. What comes back must be the same twice without the defect and
//! differ with it. The probes are text files in `probes/`, one a topic; see [`script`] for what they say.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]

use std::collections::BTreeMap;

use scimulator::provider::defects::Defect;
use tokio::task::JoinSet;

mod script;

/// The probes of each topic.
const PROBES: &[&str] = &[
    include_str!("probes/create.txt"),
    include_str!("probes/replace.txt"),
    include_str!("probes/patch.txt"),
    include_str!("probes/groups.txt"),
    include_str!("probes/lifecycle.txt"),
    include_str!("probes/shape.txt"),
    include_str!("probes/list.txt"),
    include_str!("probes/filter.txt"),
    include_str!("probes/discovery.txt"),
    include_str!("probes/versions.txt"),
    include_str!("probes/bulk.txt"),
    include_str!("probes/http.txt"),
    include_str!("probes/interop.txt"),
];

/// How often a probe of requests at the same time is played at most, until they meet.
const TOGETHER_ATTEMPTS: usize = 8;

/// How many probes run at the same time.
const AT_ONCE: usize = 16;

/// Every probe by the defect that it is for.
fn probes() -> BTreeMap<&'static str, &'static str> {
    let mut found = BTreeMap::new();
    for text in PROBES {
        for probe in text.split("\n== ").skip(1) {
            let (id, script) = probe.split_once('\n').unwrap();
            assert!(found.insert(id, script).is_none(), "{id} has two probes");
        }
    }
    found
}

#[test]
fn every_defect_has_a_probe_and_every_probe_a_defect() {
    let probes = probes();
    let without: Vec<_> = Defect::all().filter(|d| !probes.contains_key(d.id)).map(|d| d.id).collect();
    assert!(without.is_empty(), "without a probe: {without:?}");
    let lost: Vec<_> = probes.keys().filter(|id| Defect::named(id).is_err()).collect();
    assert!(lost.is_empty(), "without a defect: {lost:?}");
}

/// What is wrong with a probe, if anything is.
async fn verdict(defect: &'static Defect, probe: &'static str) -> Result<(), String> {
    let plain = script::play(defect.profile, &[], probe).await;
    let again = script::play(defect.profile, &[], probe).await;
    let mut defective = script::play(defect.profile, &[defect], probe).await;
    // On a busy machine, requests that are sent together may arrive one after the other.
    let attempts = if probe.contains("\n& ") || probe.starts_with("& ") { TOGETHER_ATTEMPTS } else { 1 };
    for _ in 1..attempts {
        if plain != defective {
            break;
        }
        defective = script::play(defect.profile, &[defect], probe).await;
    }
    let id = defect.id;
    if plain != again {
        return Err(format!("{id}: the plain provider is not the same twice\n{plain}\n----\n{again}"));
    }
    if plain == defective {
        return Err(format!("{id}: nothing shows\n{plain}"));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_defect_shows() {
    let probes = probes();
    let mut tasks = JoinSet::new();
    let mut judged = Vec::new();
    for defect in Defect::all() {
        if tasks.len() >= AT_ONCE {
            judged.push(tasks.join_next().await.unwrap().unwrap());
        }
        if let Some(probe) = probes.get(defect.id) {
            tasks.spawn(verdict(defect, probe));
        }
    }
    judged.extend(tasks.join_all().await);
    let failed: Vec<String> = judged.into_iter().filter_map(Result::err).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

#[tokio::test]
async fn defects_combine() {
    let both = ["create-answers-200", "create-without-location"].map(|id| Defect::named(id).unwrap());
    let told = script::play("rfc", &both, "USER {\"userName\":\"a\"}").await;
    assert!(told.starts_with("200 ") && !told.contains("location:"), "{told}");
}
