//! A run as Markdown: for a comment on a pull request and for the step summary of GitHub Actions.
//!
//! What comes from a target is escaped; a page that grows too large ends with a count of what was left out.

use std::fmt::Write as _;

use super::collected::Collected;
use super::message::{self, Limits, clean};
use super::{evidence, order, words};
use crate::event::{Finding, Kind, Known, Problem, Status};

/// A comment on GitHub may hold 65 536 characters; we stay below it.
pub(super) const COMMENT: usize = 60 * 1024;

/// A step summary may hold 1 MiB; we stay well below it.
pub(super) const STEP_SUMMARY: usize = 512 * 1024;

/// Evidence of one failure, in bytes.
const LARGEST_EVIDENCE: usize = 16 * 1024;

/// Problems of one check that are shown.
const PROBLEMS: usize = 5;

/// Rows of each of the tables below the failures.
const ROWS: usize = 100;

/// How much of an exchange is shown.
const SHORT: Limits = Limits { lines: 25, characters: 160 };

/// What the tables below the failures may take of the page.
const TABLES: usize = 4;

/// The run as a page of not more than about `limit` bytes.
pub(super) fn render(run: &Collected, limit: usize) -> String {
    let incomplete = if run.incomplete { " (interrupted)" } else { "" };
    let mut text = format!(
        "### scimulator {}: {}{incomplete}\n\nTarget `{}`, {}.\n",
        run.kind.word(),
        words::summary(run),
        code(&run.target.name),
        circumstances(run)
    );
    text.push_str(&readiness(run));
    let tables = tables(run, limit / TABLES);
    let room = limit.saturating_sub(tables.len());
    let failures = failures(run);
    for (index, finding) in failures.iter().enumerate() {
        let detail = failure(run, finding);
        if text.len() + detail.len() > room {
            let rest = failures.len() - index;
            let _ = writeln!(text, "\n… and {} in the other reports.", words::count(rest, "more failure"));
            break;
        }
        text.push_str(&detail);
    }
    if let Some(hint) =
        evidence::about_curl(&run.target).filter(|_| run.kind == Kind::Check && !failures.is_empty())
    {
        let _ = writeln!(text, "\n{hint}");
    }
    text.push_str(&tables);
    text
}

/// When it ran, how long, and with which options.
fn circumstances(run: &Collected) -> String {
    let started = run.started.map(words::moment);
    let options = match run.options.is_empty() {
        true => None,
        false => Some(format!("`{}`", code(&run.options.join(" ")))),
    };
    let parts: Vec<String> =
        started.into_iter().chain([words::seconds(run.elapsed)]).chain(options).collect();
    parts.join(", ")
}

fn failures(run: &Collected) -> Vec<&Finding> {
    let errors = run.of(Status::Error).filter(|_| run.kind == Kind::Run);
    let mut failures: Vec<&Finding> = run.of(Status::Fail).collect();
    order::sort(&mut failures);
    failures.extend(errors);
    failures
}

fn readiness(run: &Collected) -> String {
    if run.readiness.is_empty() {
        return String::new();
    }
    let mut text = "\n| ready for | | |\n|---|---|---|\n".to_owned();
    for row in &run.readiness {
        let state = evidence::State::of(row);
        let mark = match state {
            evidence::State::Ready => "✅",
            evidence::State::NotReady => "❌",
            evidence::State::Undecided => "❔",
        };
        let (why, ids) = evidence::because(row);
        let shown: Vec<String> =
            ids.iter().take(10).map(|id| format!("`{}`", code(id).replace('|', "\\|"))).collect();
        let more = match ids.len().saturating_sub(shown.len()) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let colon = if shown.is_empty() { "" } else { ": " };
        let label = cell(evidence::label(&row.audience));
        let word = state.word();
        let _ = writeln!(text, "| {label} | {mark} {word} | {why}{colon}{}{more} |", shown.join(", "));
    }
    text
}

fn failure(run: &Collected, finding: &Finding) -> String {
    let (id, message) = (html(&finding.item.id), html(&finding.message));
    let title = html(&finding.item.title);
    if !finding.problems.is_empty() {
        let detail = problems(run, finding);
        return format!(
            "\n<details><summary><b>{id}</b>: {message}</summary>\n\n{title}\n{detail}\n</details>\n"
        );
    }
    let evidence = words::evidence(finding);
    let evidence = words::cut(&evidence, LARGEST_EVIDENCE);
    if evidence.is_empty() {
        return format!("\n**{id}**: {message}\n\n{title}\n");
    }
    let block = block("diff", evidence);
    format!("\n<details><summary><b>{id}</b>: {message}</summary>\n\n{title}\n\n{block}\n</details>\n")
}

/// The problems of a check with their rules and exchanges, and what to do about them.
fn problems(run: &Collected, finding: &Finding) -> String {
    let item = &finding.item;
    let mut text = String::new();
    if !item.breaks.is_empty() {
        let _ = writeln!(text, "\nStumbles: {}", html(&evidence::stumbles(item).join(", ")));
    }
    let mut seen = None;
    for problem in finding.problems.iter().take(PROBLEMS) {
        text.push_str(&statements(problem));
        if problem.exchange == seen {
            continue;
        }
        seen = problem.exchange;
        let Some(exchange) = evidence::decisive(problem, finding) else { continue };
        let shown: Vec<_> = evidence::cause(problem, finding).into_iter().chain([exchange]).collect();
        let led = shown.iter().take(shown.len() - 1).map(|cause| message::led(cause, SHORT));
        let messages: Vec<String> = led.chain([message::short(exchange, SHORT)]).collect();
        let _ = write!(text, "\n{}", block("http", words::cut(&messages.join("\n"), LARGEST_EVIDENCE)));
        let curl = |exchange: &&_| evidence::curl(&run.target, exchange);
        let lines: Vec<String> = shown.iter().filter_map(curl).collect();
        if !lines.is_empty() {
            let _ = write!(text, "\n{}", block("sh", &clean(&lines.join("\n"))));
        }
    }
    let more = finding.problems.len().saturating_sub(PROBLEMS);
    if more > 0 {
        let _ = writeln!(text, "\n… and {}.", words::count(more, "more problem"));
    }
    if let Some(explanation) = evidence::explanation(&item.id).filter(|parts| !parts.fix.is_empty()) {
        let _ = writeln!(text, "\n**Fix:** {}", html(&explanation.fix));
    }
    if let Some(command) = evidence::again_at(run.kind, item, &run.target) {
        let _ = writeln!(text, "\nIt alone: `{}`", code(&command));
    }
    text
}

fn statements(problem: &Problem) -> String {
    let mut text = format!("\n**{}**\n", html(&problem.what));
    for (name, value) in [("expected", &problem.expected), ("got", &problem.got)] {
        if let Some(value) = value {
            let _ = write!(text, "\n* {name}: `{}`", code(words::cut(value, 1_000)));
        }
    }
    for rule in evidence::rules(&problem.requirements) {
        let _ = write!(text, "\n* rule: {}", html(&rule.line()));
    }
    text.push('\n');
    text
}

/// What is told in a line each: warnings, what is known, what was not judged.
fn tables(run: &Collected, limit: usize) -> String {
    let mut warnings = Table::new("warning | what | rules");
    for finding in run.of(Status::Warn) {
        let rules = evidence::broken(finding).join(", ");
        warnings.row(&[&finding.item.id, &finding.message, &rules]);
    }
    let mut known = Table::new("known | what | accepted because");
    for finding in run.accepted() {
        let Some(Known { reason, until }) = &finding.known else { continue };
        let until = until.as_ref().map_or(String::new(), |until| format!(" (until {until})"));
        known.row(&[&finding.item.id, &finding.message, &format!("{reason}{until}")]);
    }
    let mut open = Table::new("not judged | reason");
    let mut skipped = Table::new("skipped | reason");
    match run.kind {
        Kind::Run => run
            .of(Status::Skip)
            .chain(run.of(Status::Blocked))
            .for_each(|finding| open.row(&[&finding.item.id, &finding.message])),
        Kind::Check | Kind::Selftest | Kind::Simulate => {
            for status in [Status::Error, Status::Blocked] {
                for (findings, reason) in words::reasons(run.of(status)) {
                    let ids: Vec<&str> = findings.iter().map(|finding| finding.item.id.as_str()).collect();
                    open.row(&[&ids.join(", "), reason]);
                }
            }
            for (findings, reason) in words::reasons(run.of(Status::Skip)) {
                skipped.row(&[&findings.len().to_string(), reason]);
            }
        }
    }
    let mut text = String::new();
    for table in [warnings, known, open, skipped] {
        text.push_str(&table.render(limit.saturating_sub(text.len())));
    }
    text
}

/// A table with a limited number of rows.
struct Table {
    text: String,
    rows: Vec<String>,
}

impl Table {
    fn new(heading: &str) -> Self {
        let rule = "---|".repeat(heading.split(" | ").count());
        Self { text: format!("\n| {heading} |\n|{rule}\n"), rows: Vec::new() }
    }

    fn row(&mut self, cells: &[&str]) {
        let cells: Vec<String> = cells.iter().map(|text| cell(words::cut(text, 500))).collect();
        self.rows.push(format!("| {} |\n", cells.join(" | ")));
    }

    fn render(mut self, limit: usize) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        for (index, row) in self.rows.iter().enumerate() {
            if index == ROWS || self.text.len() + row.len() > limit {
                let _ = writeln!(self.text, "\n… and {}.", words::count(self.rows.len() - index, "more row"));
                break;
            }
            self.text.push_str(row);
        }
        self.text
    }
}

/// A fenced block. A fence longer than any run of backticks inside cannot be closed from within.
fn block(language: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end())
}

/// Text inside of backticks.
fn code(text: &str) -> String {
    clean(text).replace('`', "'").replace('\n', " ")
}

/// Text that is no markup.
pub(super) fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\n' => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The same in a table.
pub(super) fn cell(text: &str) -> String {
    html(text).replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn a_run_counts_and_shows_failures() {
        insta::assert_snapshot!(render(&samples::run(), COMMENT), @r#"
        ### scimulator run: 1 passed, 3 failed, 1 skipped, 1 error

        Target `rfc`, 1970-01-01 00:00 UTC, 0.6 s.

        <details><summary><b>okta/users/deactivate@okta</b>: the transcript differs from its snapshot</summary>

        What okta users deactivate shows �[31m&lt;&amp;&gt;

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

        What rfc errors conflict shows �[31m&lt;&amp;&gt;

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

        What rfc me shows �[31m&lt;&amp;&gt;

        **rfc/paging**: no connection to 127.0.0.1:9

        What rfc paging shows �[31m&lt;&amp;&gt;

        | not judged | reason |
        |---|---|
        | rfc/bulk/create | needs `bulk`, which the target does not offer |
        "#);
    }

    #[test]
    fn a_check_shows_readiness_problems_and_tables() {
        let page = render(&samples::check::run(), COMMENT);
        assert!(!page.contains(samples::check::SECRET), "{page}");
        let is_code =
            |line: &str| line.starts_with("* ") || line.starts_with("  \"") || line.starts_with("curl");
        let raw: Vec<&str> = page.lines().filter(|line| line.contains("<script") && !is_code(line)).collect();
        assert_eq!(raw, Vec::<&str>::new());
        insta::assert_snapshot!(page, @r#"
        ### scimulator check: 2 passed, 2 failed, 1 warning, 2 skipped, 1 blocked, 1 error, 1 known

        Target `staging`, 1970-01-01 00:00 UTC, 1.2 s, `--for okta,entra`.

        | ready for | | |
        |---|---|---|
        | Okta | ❌ not ready | 2 blockers: `sample.replace-active`, `sample.hostile` |
        | Microsoft Entra ID | ❔ undecided | 1 could not be judged: `sample.unreachable` |
        | Ping Identity | ✅ ready | 41 checks judged |

        <details><summary><b>sample.hostile</b>: &lt;/script&gt;&lt;script&gt;alert('x')&lt;/script&gt;�[31m� "quoted" | `tick` ``` --&gt; ]]&gt;</summary>

        &lt;/script&gt;&lt;script&gt;alert('x')&lt;/script&gt;�[31m� "quoted" | `tick` ``` --&gt; ]]&gt;

        Stumbles: Okta

        **&lt;/script&gt;&lt;script&gt;alert('x')&lt;/script&gt;�[31m� "quoted" | `tick` ``` --&gt; ]]&gt;**

        * expected: `</script><script>alert('x')</script>�[31m� "quoted" | 'tick' ''' --> ]]>`
        * got: `</script><script>alert('x')</script>�[31m� "quoted" | 'tick' ''' --> ]]>`
        * rule: RFC 7643 §3.1, MUST (RFC7643-3.1-05): Every representation of a resource includes a non-empty id.

        ````http
        > POST /Users
        {
          "userName": "o'brien <b>"
        }
        < 500 Internal Server Error
        {
          "id": "</script><script>alert('x')</script>\u001b[31m� \"quoted\" | `tick` ``` --> ]]>",
          "token": "<redacted>",
          "long": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx… (5000 bytes)"
        }
        ````

        ```sh
        curl -sS -i -X POST https://app.example.test/scim/v2/Users -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json' -H 'Content-Type: application/scim+json' --data-raw '{"userName":"o'\''brien <b>"}'
        ```

        **Fix:** Apply `active` of a path-less replace, and `"False"` as a text where the client sends it.

        It alone: `scimulator check --target https://app.example.test/scim/v2 --only sample.hostile`

        </details>

        <details><summary><b>sample.replace-active</b>: after the PATCH the user is still active (and 1 more)</summary>

        replace of active without a path deactivates the user

        Stumbles: Okta, Microsoft Entra ID, somebody

        **after the PATCH the user is still active**

        * expected: `"active": false`
        * got: `"active": true`
        * rule: RFC 7644 §3.5.2.3, IMPLIED (RFC7644-3.5.2.3-02): replace without path leaves attributes not listed untouched.
        * rule: RFC 7644 §3.5.2.3, IMPLIED (RFC7644-3.5.2.3-03): replace of a single-valued attribute sets the new value.

        ```http
        > PATCH /Users/2819
        {
          "schemas": [
            "urn:ietf:params:scim:api:messages:2.0:PatchOp"
          ],
          "Operations": [
            {
              "op": "replace",
              "value": {
                "active": false,
                "password": "<redacted>"
              }
            }
          ]
        }
        < 200 OK

        > GET /Users/2819?attributes=active
        < 200 OK
        {
          "id": "2819",
          "userName": "ada",
          "active": true,
          "emails": [
            {
              "value": "ada0@example.test"
            },
            {
              "value": "ada1@example.test"
            },
            {
              "value": "ada2@example.test"
            },
            {
              "value": "ada3@example.test"
            },
            {
              "value": "ada4@example.test"
            },
            {
              "value": "ada5@example.test"
            },
            {
              "value": "ada6@example.test"
        … 18 more lines
        ```

        ```sh
        curl -sS -i -X PATCH https://app.example.test/scim/v2/Users/2819 -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json' -H 'Content-Type: application/scim+json' --data-raw '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"active":false,"password":"<redacted>"}}]}'
        curl -sS -i 'https://app.example.test/scim/v2/Users/2819?attributes=active' -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json'
        ```

        **the name is gone as well**

        * got: `no 'displayName'`
        * rule: sent by Entra (Q-G07): apply; expects 204 (200 ok)
        * rule: RFC0000-0-00

        **Fix:** Apply `active` of a path-less replace, and `"False"` as a text where the client sends it.

        It alone: `scimulator check --target https://app.example.test/scim/v2 --only sample.replace-active`

        </details>

        The curl lines show what was sent. What the run created is deleted since, so that lines that build on it find nothing: the command for a check alone plays all of it anew.

        | warning | what | rules |
        |---|---|---|
        | sample.media-type | the error comes as a page | RFC7644-3.12-07 |

        | known | what | accepted because |
        |---|---|---|
        | sample.known | `status` is a number | ticket 42 (until 2027-01-31) |

        | not judged | reason |
        |---|---|
        | sample.unreachable | no answer within 10 s |
        | sample.read | needs `sample.id`, which failed |

        | skipped | reason |
        |---|---|
        | 2 | the target does not advertise bulk operations |
        "#);
    }

    #[test]
    fn a_selftest_shows_what_was_not_found() {
        insta::assert_snapshot!(render(&samples::check::selftest(), COMMENT), @"
        ### scimulator selftest: 1 passed, 1 failed

        Target `rfc`, 1970-01-01 00:00 UTC, 2.1 s.

        **delete-keeps**: no check found it

        DELETE answers 204 and keeps the resource
        ");
    }

    #[test]
    fn a_page_stays_below_its_limit_and_says_what_is_missing() {
        let mut run = samples::check::run();
        run.findings = (0..2_000).map(|index| run.findings[index % run.findings.len()].clone()).collect();
        let page = render(&run, COMMENT);
        assert!(page.len() <= COMMENT + 2_000, "{}", page.len());
        assert!(page.contains("more failures in the other reports") && page.contains("more row"), "{page}");
    }
}
