use std::sync::Arc;
use std::time::Duration;

use super::super::samples;
use super::*;
use crate::event::{Item, Problem, Severity};

fn judged(people: &[(Status, usize)], groups: &[(Status, usize)]) -> String {
    let mut run = Provisioning::default();
    let tally = |tally: &mut Tally, numbers: &[(Status, usize)]| {
        for (status, number) in numbers {
            (0..*number).for_each(|_| tally.add(*status));
        }
    };
    tally(&mut run.people, people);
    tally(&mut run.groups, groups);
    let Verdict { holds, text } = run.verdict();
    format!("{text} ({holds})")
}

#[test]
fn the_verdict_is_said_in_plain_words() {
    use Status::{Blocked, Error, Fail, Pass, Skip};
    let said = [
        judged(&[(Pass, 6), (Skip, 2)], &[(Pass, 3)]),
        judged(&[(Pass, 1)], &[]),
        judged(&[(Pass, 4), (Fail, 2)], &[(Pass, 2), (Fail, 1)]),
        judged(&[(Pass, 5), (Fail, 1)], &[(Pass, 3)]),
        judged(&[(Pass, 6)], &[(Fail, 1)]),
        judged(&[(Fail, 1_200), (Pass, 48_800)], &[]),
        judged(&[(Pass, 5), (Error, 1)], &[(Blocked, 2)]),
        judged(&[(Skip, 2)], &[]),
    ];
    insta::assert_snapshot!(said.join("\n"), @"
    6 people and 3 groups are as the directory says (true)
    1 person is as the directory says (true)
    2 of 6 people and 1 of 3 groups differ from what the directory says (false)
    1 of 6 people differs from what the directory says; 3 groups are as the directory says (false)
    1 of 1 group differs from what the directory says; 6 people are as the directory says (false)
    1,200 of 50,000 people differ from what the directory says (false)
    5 people are as the directory says; 1 person and 2 groups could not be compared (false)
    no person and no group was compared (false)
    ");
}

#[test]
fn cycles_and_reasons_are_counted() {
    let run = samples::simulate::run().provisioning;
    assert_eq!(run.cycle_count(), 2);
    assert_eq!(run.current, Counts::default());
    let cycles: Vec<String> = run.cycles.iter().map(|cycle| cycle.counts.phrase()).collect();
    insta::assert_snapshot!(cycles.join("\n"), @"
    users 3 created, 1 matched, managers of 1 changed, 1 skipped, 1 failed; groups 2 created, 1 matched, members of 2 changed, 1 failed
    users 1 updated, 1 disabled, 1 skipped, 1 failed
    ");
    assert_eq!(Counts::default().phrase(), "nothing to do");
}

#[test]
fn throughput_is_one_line() {
    let traffic = Traffic {
        requests: 1_204,
        elapsed: Duration::from_millis(3_100),
        median: Duration::from_micros(1_900),
        p90: Duration::from_millis(3),
        p99: Duration::from_micros(8_100),
        longest: Duration::from_millis(40),
    };
    assert_eq!(
        throughput(&traffic),
        "1,204 requests in 3.1 s: 388/s; answers: median 1.9 ms, 90 % 3.0 ms, 99 % 8.1 ms, longest 40 ms"
    );
    assert_eq!(throughput(&Traffic::default()), "no request was sent");
}

#[test]
fn of_very_many_cycles_the_last_ones_are_kept() {
    let mut run = Provisioning::default();
    let done = |number| CycleDone {
        number,
        time: jiff::Timestamp::UNIX_EPOCH,
        is_initial: number == 1,
        operations: 0,
        failures: 0,
        quarantine: None,
        stopped: None,
    };
    (1..=600).for_each(|number| run.observe(&Event::CycleDone(Box::new(done(number)))));
    assert_eq!((run.cycles.len(), run.cycle_count(), run.cycles[0].done.number), (CYCLES, 600, 101));
}

#[test]
fn a_difference_of_many_people_is_one_group() {
    let mut run = Provisioning::default();
    for number in 0..50_000 {
        let item = Item {
            id: format!("users/p{number}"),
            title: String::new(),
            topic: "users".into(),
            level: None,
            requirements: Vec::new(),
            breaks: Vec::new(),
            file: None,
        };
        let problem = Problem {
            severity: Severity::Violation,
            requirements: Vec::new(),
            what: "`title` differs".into(),
            expected: None,
            got: None,
            exchange: None,
        };
        let finding =
            Finding { problems: vec![problem], ..Finding::plain(Arc::new(item), Status::Fail, "differs") };
        run.observe(&Event::Finished(Box::new(finding)));
    }
    let groups = run.differences.sorted();
    assert_eq!((groups.len(), groups[0].objects), (1, 50_000));
    assert_eq!(groups[0].names(3), "p0, p1, p2 and 49,997 more");
}
