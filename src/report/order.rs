//! In which order findings are read: what others build on comes first.
//!
//! A target that cannot create a user fails in many topics. Who begins to read with the topic that the catalogue puts
//! first begins with the cause.

use std::collections::HashMap;

use super::provisioning::kind_of;
use crate::conformance::checks;
use crate::event::Finding;
use crate::event::provisioning::Kind;

/// The findings by topic, both in the order of the catalogue of checks; what is no check comes after, by id.
pub(super) fn by_topic<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<(&'a str, Vec<&'a Finding>)> {
    let mut findings: Vec<&Finding> = findings.collect();
    sort(&mut findings);
    let mut topics: Vec<(&str, Vec<&Finding>)> = Vec::new();
    for finding in findings {
        let topic = finding.item.topic.as_str();
        match topics.iter_mut().find(|(known, _)| *known == topic) {
            Some((_, findings)) => findings.push(finding),
            None => topics.push((topic, vec![finding])),
        }
    }
    topics
}

/// Puts the findings into that order. Of a simulation, people come before groups, which build on them.
pub(super) fn sort(findings: &mut [&Finding]) {
    let places: HashMap<&str, usize> =
        checks::all().enumerate().map(|(place, check)| (check.id, place)).collect();
    findings.sort_by_cached_key(|finding| {
        let is_group = kind_of(&finding.item.topic) == Some(Kind::Group);
        let place = places.get(finding.item.id.as_str()).copied().unwrap_or(usize::MAX);
        (place, is_group, finding.item.id.clone())
    });
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use crate::event::{Finding, Status};

    #[test]
    fn basic_topics_come_before_those_that_build_on_them() {
        let finding = |id: &str| {
            let topic = id.split('.').next().unwrap_or_default();
            Finding::plain(samples::check::item(id, "", topic, "must", &[], &[]), Status::Fail, "")
        };
        let ids = [
            "zz/scenario",
            "aa/scenario",
            "concurrency.members",
            "create.body",
            "create.minimal",
            "discovery.config",
        ];
        let findings: Vec<Finding> = ids.into_iter().map(finding).collect();
        let topics = by_topic(findings.iter());
        let shown: Vec<String> = topics
            .iter()
            .map(|(topic, findings)| {
                let ids: Vec<&str> = findings.iter().map(|finding| finding.item.id.as_str()).collect();
                format!("{topic}: {}", ids.join(" "))
            })
            .collect();
        insta::assert_snapshot!(shown.join("\n"), @"
        discovery: discovery.config
        create: create.minimal create.body
        concurrency: concurrency.members
        aa/scenario: aa/scenario
        zz/scenario: zz/scenario
        ");
    }
}
