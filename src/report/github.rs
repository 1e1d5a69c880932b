//! What GitHub Actions shows beside the log: annotations at the lines that failed, and a summary of the step.

use std::fmt::Write as _;

use super::collected::Collected;
use super::words;
use crate::event::{Finding, Status};

/// GitHub shows about ten annotations of a step; the rest is in the summary.
const ANNOTATIONS: usize = 10;

/// A step summary may hold 1 MiB; we stay well below it.
const LARGEST_SUMMARY: usize = 512 * 1024;

/// Evidence of one failure in the summary, in bytes.
const LARGEST_EVIDENCE: usize = 16 * 1024;

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
    let incomplete = if run.incomplete { " (interrupted)" } else { "" };
    let mut text = format!(
        "### scimulator {}: {}{incomplete}\n\nTarget `{}`, {}.\n",
        run.kind.word(),
        words::summary(run),
        run.target.name.replace('`', "'"),
        words::seconds(run.elapsed)
    );
    for (index, finding) in failures(run).enumerate() {
        let detail = failure(finding);
        if text.len() + detail.len() > LARGEST_SUMMARY {
            let rest = failures(run).count() - index;
            let _ = writeln!(text, "\n… and {} in the log.", words::count(rest, "more failure"));
            break;
        }
        text.push_str(&detail);
    }
    let mut skipped = run.of(Status::Skip).chain(run.of(Status::Blocked)).peekable();
    if skipped.peek().is_some() {
        text.push_str("\n| not judged | reason |\n|---|---|\n");
        for finding in skipped.take(100) {
            let _ = writeln!(text, "| {} | {} |", cell(&finding.item.id), cell(&finding.message));
        }
    }
    text
}

fn failures(run: &Collected) -> impl Iterator<Item = &Finding> {
    run.of(Status::Fail).chain(run.of(Status::Error))
}

fn failure(finding: &Finding) -> String {
    let evidence = words::evidence(finding);
    let evidence = words::cut(&evidence, LARGEST_EVIDENCE);
    let (id, message) = (html(&finding.item.id), html(&finding.message));
    let title = html(&finding.item.title);
    if evidence.is_empty() {
        return format!("\n**{id}**: {message}\n\n{title}\n");
    }
    // A fence longer than any run of backticks inside cannot be closed from within.
    let longest = evidence.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!(
        "\n<details><summary><b>{id}</b>: {message}</summary>\n\n{title}\n\n{fence}diff\n{evidence}\n{fence}\n\n</details>\n"
    )
}

fn html(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .map(|c| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            c => c.to_string(),
        })
        .collect()
}

fn cell(text: &str) -> String {
    html(text).replace('|', "\\|")
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
    fn the_summary_counts_and_shows_failures() {
        insta::assert_snapshot!(summary(&samples::run()), @r#"
        ### scimulator run: 1 passed, 3 failed, 1 skipped, 1 error

        Target `rfc`, 0.6 s.

        <details><summary><b>okta/users/deactivate@okta</b>: the transcript differs from its snapshot</summary>

        What okta users deactivate shows [31m&lt;&amp;&gt;

        ```diff
        changed from snapshots/rfc/okta/users/deactivate@okta.snap:
        2. deactivate: response body: /active: false -> true

        @@ -3,3 +3,3 @@
         {
        -  "active": false
        +  "active": true
         }
        ```

        </details>

        <details><summary><b>rfc/errors/conflict</b>: 1 expectation does not hold</summary>

        What rfc errors conflict shows [31m&lt;&amp;&gt;

        ```diff
        error: the status is 201
         --> scenarios/rfc/errors/conflict.yaml:4:22
          |
        4 |     expect: { status: 409 }
          |                      ^^^ expected 409
          |
          = help: RFC 7644 §3.3
        ```

        </details>

        **rfc/me**: there is no snapshot yet

        What rfc me shows [31m&lt;&amp;&gt;

        **rfc/paging**: no connection to 127.0.0.1:9

        What rfc paging shows [31m&lt;&amp;&gt;

        | not judged | reason |
        |---|---|
        | rfc/bulk/create | needs `bulk`, which the target does not offer |
        "#);
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
