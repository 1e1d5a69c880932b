//! The JUnit report, which CI systems read.
//!
//! One test case an item. A failure is `<failure>`, what could not be judged is `<error>`, and what was not judged is
//! `<skipped>`, always with the reason. The library takes control characters and escapes out.

use std::collections::HashMap;

use quick_junit::{NonSuccessKind, Property, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::collected::Collected;
use super::words;
use crate::event::{Finding, Status};

/// Evidence is written up to this many bytes for each case.
const LARGEST_EVIDENCE: usize = 64 * 1024;

/// The report as text.
///
/// # Errors
/// The library could not write it.
pub fn render(run: &Collected) -> Result<String, SerializeError> {
    let mut suite = TestSuite::new(format!("scimulator {} {}", run.kind.word(), run.target.name));
    suite.set_time(run.elapsed);
    suite.add_property(Property::new("target", &run.target.url));
    if run.incomplete {
        suite.add_property(Property::new("incomplete", "true"));
    }
    let mut names: HashMap<&str, usize> = HashMap::new();
    for finding in &run.findings {
        let uses = names.entry(&finding.item.id).or_insert(0);
        *uses += 1;
        let name = match *uses {
            1 => finding.item.id.clone(),
            more => format!("{} ({more})", finding.item.id),
        };
        suite.add_test_case(case(finding, name));
    }
    let mut report = Report::new(format!("scimulator {}", run.kind.word()));
    report.set_time(run.elapsed);
    report.add_test_suite(suite);
    report.to_string()
}

fn case(finding: &Finding, name: String) -> TestCase {
    let mut case = TestCase::new(name, status(finding));
    case.set_classname(match finding.item.topic.as_str() {
        "" => "scenarios",
        topic => topic,
    });
    case.set_time(finding.duration);
    case.add_property(Property::new("title", &finding.item.title));
    if let Some((file, line)) = words::place(finding) {
        case.extra.insert("file".into(), file.into());
        if let Some(line) = line {
            case.extra.insert("line".into(), line.to_string().into());
        }
    }
    if finding.status == Status::Warn {
        case.set_system_out(format!("warning: {}", finding.message));
    }
    case
}

fn status(finding: &Finding) -> TestCaseStatus {
    let (mut status, kind) = match finding.status {
        Status::Pass | Status::Warn => return TestCaseStatus::success(),
        Status::Skip => (TestCaseStatus::skipped(), "skip"),
        Status::Blocked => (TestCaseStatus::skipped(), "blocked"),
        Status::Fail => {
            let kind = if finding.diagnostics.is_empty() { "snapshot" } else { "expectation" };
            (TestCaseStatus::non_success(NonSuccessKind::Failure), kind)
        }
        Status::Error => (TestCaseStatus::non_success(NonSuccessKind::Error), "error"),
    };
    status.set_type(kind).set_message(&finding.message);
    let evidence = words::evidence(finding);
    if !evidence.is_empty() {
        status.set_description(words::cut(&evidence, LARGEST_EVIDENCE));
    }
    status
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn every_item_is_a_case_and_outcomes_are_kept_apart() {
        insta::assert_snapshot!(render(&samples::run()).unwrap(), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="scimulator run" tests="6" skipped="1" failures="3" errors="1" time="0.640">
            <testsuite name="scimulator run rfc" tests="6" skipped="1" errors="1" failures="3" time="0.640">
                <properties>
                    <property name="target" value="http://127.0.0.1/scim/v2"/>
                </properties>
                <testcase name="okta/users/create@okta" classname="okta/users" time="0.012" file="scenarios/okta/users/create.yaml">
                    <properties>
                        <property name="title" value="What okta users create shows &lt;&amp;&gt;"/>
                    </properties>
                </testcase>
                <testcase name="okta/users/deactivate@okta" classname="okta/users" time="0.012" file="scenarios/okta/users/deactivate.yaml">
                    <properties>
                        <property name="title" value="What okta users deactivate shows &lt;&amp;&gt;"/>
                    </properties>
                    <failure message="the transcript differs from its snapshot" type="snapshot">changed from snapshots/rfc/okta/users/deactivate@okta.snap:
        2. deactivate: response body: /active: false -&gt; true

        @@ -3,3 +3,3 @@
         {
        -  &quot;active&quot;: false
        +  &quot;active&quot;: true
         }</failure>
                </testcase>
                <testcase name="rfc/bulk/create" classname="rfc/bulk" time="0.012" file="scenarios/rfc/bulk/create.yaml">
                    <properties>
                        <property name="title" value="What rfc bulk create shows &lt;&amp;&gt;"/>
                    </properties>
                    <skipped message="needs `bulk`, which the target does not offer" type="skip"/>
                </testcase>
                <testcase name="rfc/errors/conflict" classname="rfc/errors" time="0.012" file="scenarios/rfc/errors/conflict.yaml" line="4">
                    <properties>
                        <property name="title" value="What rfc errors conflict shows &lt;&amp;&gt;"/>
                    </properties>
                    <failure message="1 expectation does not hold" type="expectation">error: the status is 201
         --&gt; scenarios/rfc/errors/conflict.yaml:4:22
          |
        4 |     expect: { status: 409 }
          |                      ^^^ expected 409
          |
          = help: RFC 7644 §3.3</failure>
                </testcase>
                <testcase name="rfc/me" classname="rfc" time="0.012" file="scenarios/rfc/me.yaml">
                    <properties>
                        <property name="title" value="What rfc me shows &lt;&amp;&gt;"/>
                    </properties>
                    <failure message="there is no snapshot yet" type="snapshot"/>
                </testcase>
                <testcase name="rfc/paging" classname="rfc" time="0.012" file="scenarios/rfc/paging.yaml">
                    <properties>
                        <property name="title" value="What rfc paging shows &lt;&amp;&gt;"/>
                    </properties>
                    <error message="no connection to 127.0.0.1:9" type="error"/>
                </testcase>
            </testsuite>
        </testsuites>
        "#);
    }

    #[test]
    fn no_control_character_survives_and_names_are_unique() {
        let mut run = samples::run();
        let mut again = run.findings[1].clone();
        again.message = "a\u{1}b\u{1b}[31mc\u{0}".into();
        run.findings.push(again);
        let xml = render(&run).unwrap();
        assert!(!xml.contains(|c: char| c.is_control() && c != '\n'), "{xml}");
        assert!(xml.contains("message=\"abc\""), "{xml}");
        let names: Vec<&str> =
            xml.split("<testcase name=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let unique: std::collections::HashSet<&&str> = names.iter().collect();
        assert_eq!((names.len(), unique.len()), (7, 7), "{names:?}");
    }

    #[test]
    fn an_empty_run_is_a_report_too() {
        let xml = render(&Collected::new()).unwrap();
        assert!(xml.contains("tests=\"0\"") && xml.contains("incomplete"), "{xml}");
    }
}
