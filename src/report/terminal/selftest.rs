//! What `selftest` says when it is over: which check found which defect.

use super::super::words;
use super::Detail;
use super::text::{BOLD, DIM, clean, named, styled};
use crate::conformance::selftest::CORRECT;
use crate::event::{Finding, Severity, Status};

/// The matrix: a line a defect with the checks that found it; with little detail only the defects that none found.
pub(super) fn show(findings: &[Finding], detail: Detail) -> String {
    let is_shown = |finding: &&Finding| detail != Detail::Quiet || finding.status != Status::Pass;
    let shown: Vec<&Finding> = findings.iter().filter(is_shown).collect();
    let width = shown.iter().map(|finding| finding.item.id.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for finding in shown {
        if text.is_empty() {
            text.push_str(&format!("\n{BOLD}{:<8}{:<width$}  by which checks{BOLD:#}\n", "", "provider"));
        }
        let word = match (finding.status, is_correct(finding)) {
            (Status::Pass, false) => "found",
            (Status::Fail, false) => "MISSED",
            (Status::Pass, true) => "clear",
            (Status::Fail, true) => "ACCUSED",
            (Status::Error, _) => "ERROR",
            (other, _) => other.word(),
        };
        let id = clean(&finding.item.id);
        let word = styled(finding.status, &format!("{word:<7}"));
        let line = format!("{word} {id:<width$}  {}", clean(&finding.message));
        text.push_str(line.trim_end());
        text.push('\n');
        for problem in &finding.problems {
            let name = if problem.severity == Severity::Violation { "wrong" } else { "concern" };
            text.push_str(&named(name, DIM, &problem.what));
        }
    }
    let failed = || findings.iter().filter(|finding| finding.status == Status::Fail);
    let accused = failed().filter(|finding| is_correct(finding)).count();
    let missed = failed().count() - accused;
    if missed > 0 {
        let missed = words::count(missed, "defect");
        text.push_str(&format!("\n{missed} not found: the checks do not prove what they claim\n"));
    }
    if accused > 0 {
        let accused = words::count(accused, "correct provider");
        text.push_str(&format!("\n{accused} accused: the checks judge too hard\n"));
    }
    text
}

/// Whether the provider behind a finding is a correct one, so that nothing may be found.
fn is_correct(finding: &Finding) -> bool {
    CORRECT.contains(&finding.item.topic.as_str())
}
