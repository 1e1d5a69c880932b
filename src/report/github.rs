//! What GitHub Actions shows beside the log: annotations at the lines that failed, and a summary of the step.

use std::fmt::Write as _;

use super::collected::Collected;
use super::{markdown, words};
use crate::event::{Finding, Status};

/// GitHub shows about ten annotations of a step; the rest is in the summary.
const ANNOTATIONS: usize = 10;

/// The workflow commands that annotate the first failures, one line each.
pub(super) fn annotations(run: &Collected) -> String {
    let mut text = String::new();
    for finding in failures(run).take(ANNOTATIONS) {
        let mut properties = Vec::new();
        if let Some((file, line)) = words::place(finding) {
            properties.push(format!("file={}", property(&file)));
            properties.extend(line.map(|line| format!("line={line}")));
        }
        properties.push(format!("title={}", property(&finding.item.id)));
        let evidence = words::evidence(finding);
        let (evidence, _) = words::first_lines(&evidence, 20);
        let message = format!("{}\n{evidence}", finding.message);
        let _ = writeln!(text, "::error {}::{}", properties.join(","), data(message.trim()));
    }
    text
}

/// The summary of the step as Markdown.
pub(super) fn summary(run: &Collected) -> String {
    markdown::render(run, markdown::STEP_SUMMARY)
}

fn failures(run: &Collected) -> impl Iterator<Item = &Finding> {
    run.of(Status::Fail).chain(run.of(Status::Error))
}

/// The message of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn failures_are_annotated_at_their_lines() {
        insta::assert_snapshot!(annotations(&samples::run()), @r#"
        ::error file=scenarios/okta/users/deactivate.yaml,title=okta/users/deactivate@okta::the transcript differs from its snapshot%0Achanged from snapshots/rfc/okta/users/deactivate@okta.snap:%0A2. deactivate: response body: /active: false -> true%0A%0A@@ -3,3 +3,3 @@%0A {%0A-  "active": false%0A+  "active": true%0A }
        ::error file=scenarios/rfc/errors/conflict.yaml,line=4,title=rfc/errors/conflict::1 expectation does not hold%0Aerror: the status is 201%0A --> scenarios/rfc/errors/conflict.yaml:4:22%0A  |%0A4 |     expect: { status: 409 }%0A  |                      ^^^ expected 409%0A  |%0A  = help: RFC 7644 §3.3
        ::error file=scenarios/rfc/me.yaml,title=rfc/me::there is no snapshot yet
        ::error file=scenarios/rfc/paging.yaml,title=rfc/paging::no connection to 127.0.0.1:9
        "#);
    }

    #[test]
    fn checks_are_annotated_with_their_problems_and_known_ones_are_not() {
        let text = annotations(&samples::check::run());
        assert!(!text.contains("sample.known") && text.contains("title=sample.replace-active::"), "{text}");
        assert!(
            text.contains("%0A  expected: \"active\": false%0A  got: \"active\": true%0A  rule: RFC 7644"),
            "{text}"
        );
    }

    #[test]
    fn what_separates_is_escaped() {
        assert_eq!(property("a,b:c%d\n"), "a%2Cb%3Ac%25d%0A");
        assert_eq!(data("a,b:c%d\r\n"), "a,b:c%25d%0D%0A");
    }

    #[test]
    fn no_more_is_annotated_than_is_shown() {
        let mut run = samples::run();
        run.findings = vec![run.findings[1].clone(); 30];
        assert_eq!(annotations(&run).lines().count(), ANNOTATIONS);
    }
}
