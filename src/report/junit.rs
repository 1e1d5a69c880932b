//! The JUnit report, which CI systems read.
//!
//! One test case an item. A failure is `<failure>`, what could not be judged is `<error>`, and what was not judged is
//! `<skipped>`, always with the reason. What a baseline accepts is `<skipped>` too, because a CI system would count a
//! failure; its reason begins with `known:`. A warning is a test case that passes and says so in its output. The
//! library takes control characters and escapes out.

use std::collections::HashMap;

use quick_junit::{NonSuccessKind, Property, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::collected::Collected;
use super::message::{self, Limits};
use super::{evidence, words};
use crate::event::{Finding, Known, Status};

/// Evidence is written up to this many bytes for each case.
const LARGEST_EVIDENCE: usize = 64 * 1024;

/// How much of the exchange that shows a problem is written.
const SHORT: Limits = Limits { lines: 60, characters: 400 };

/// The report as text.
///
/// # Errors
/// The library could not write it.
pub fn render(run: &Collected) -> Result<String, SerializeError> {
    let mut suite = TestSuite::new(format!("scimulator {} {}", run.kind.word(), run.target.name));
    suite.set_time(run.elapsed);
    suite.add_property(Property::new("target", &run.target.url));
    if let Some(started) = run.started {
        suite.add_property(Property::new("started", started.to_string()));
    }
    if !run.options.is_empty() {
        suite.add_property(Property::new("options", run.options.join(" ")));
    }
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
    Ok(report.to_string()?.replace(message::turns, "\u{fffd}"))
}

fn case(finding: &Finding, name: String) -> TestCase {
    let mut case = TestCase::new(name, status(finding));
    case.set_classname(match finding.item.topic.as_str() {
        "" => "scenarios",
        topic => topic,
    });
    case.set_time(finding.duration);
    case.add_property(Property::new("title", &finding.item.title));
    if let Some(level) = finding.item.level {
        case.add_property(Property::new("level", level));
    }
    for (name, words) in [("requirements", &finding.item.requirements), ("breaks", &finding.item.breaks)] {
        if !words.is_empty() {
            case.add_property(Property::new(name, words.join(" ")));
        }
    }
    if let Some((file, line)) = words::place(finding) {
        case.extra.insert("file".into(), file.into());
        if let Some(line) = line {
            case.extra.insert("line".into(), line.to_string().into());
        }
    }
    if finding.status == Status::Warn {
        let evidence = words::evidence(finding);
        let text = if evidence.is_empty() { &finding.message } else { &evidence };
        case.set_system_out(format!("warning: {}", words::cut(text, LARGEST_EVIDENCE)));
    }
    case
}

fn status(finding: &Finding) -> TestCaseStatus {
    if let Some(Known { reason, until }) = &finding.known {
        let until = until.as_ref().map_or(String::new(), |until| format!(" (until {until})"));
        let mut status = TestCaseStatus::skipped();
        status.set_type("known").set_message(format!("known: {reason}{until}: {}", finding.message));
        return status;
    }
    let (mut status, kind) = match finding.status {
        Status::Pass | Status::Warn => return TestCaseStatus::success(),
        Status::Skip => (TestCaseStatus::skipped(), "skip"),
        Status::Blocked => (TestCaseStatus::skipped(), "blocked"),
        Status::Fail => {
            let kind = match finding.item.level {
                Some(_) => "requirement",
                None if !finding.problems.is_empty() => "difference",
                None if finding.diagnostics.is_empty() => "snapshot",
                None => "expectation",
            };
            (TestCaseStatus::non_success(NonSuccessKind::Failure), kind)
        }
        Status::Error => (TestCaseStatus::non_success(NonSuccessKind::Error), "error"),
    };
    status.set_type(kind).set_message(&finding.message);
    let mut evidence = words::evidence(finding);
    let decisive = finding.problems.iter().find_map(|problem| evidence::decisive(problem, finding));
    if let Some(exchange) = decisive {
        evidence.push_str(&format!("\n\n{}", message::short(exchange, SHORT).trim_end()));
    }
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
                    <property name="started" value="1970-01-01T00:00:00Z"/>
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
    fn a_check_is_a_case_with_its_problems_and_a_known_one_is_skipped() {
        let xml = render(&samples::check::run()).unwrap();
        assert!(!xml.contains(samples::check::SECRET));
        insta::assert_snapshot!(xml, @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="scimulator check" tests="10" skipped="4" failures="2" errors="1" time="1.240">
            <testsuite name="scimulator check staging" tests="10" skipped="4" errors="1" failures="2" time="1.240">
                <properties>
                    <property name="target" value="https://app.example.test/scim/v2"/>
                    <property name="started" value="1970-01-01T00:00:00Z"/>
                    <property name="options" value="--for okta,entra"/>
                </properties>
                <testcase name="sample.bulk-create" classname="bulk" time="0.012">
                    <properties>
                        <property name="title" value="What sample.bulk-create is about"/>
                        <property name="level" value="must"/>
                        <property name="requirements" value="RFC7643-3.1-05"/>
                        <property name="breaks" value="okta"/>
                    </properties>
                    <skipped message="the target does not advertise bulk operations" type="skip"/>
                </testcase>
                <testcase name="sample.bulk-order" classname="bulk" time="0.012">
                    <properties>
                        <property name="title" value="What sample.bulk-order is about"/>
                        <property name="level" value="must"/>
                        <property name="requirements" value="RFC7643-3.1-05"/>
                        <property name="breaks" value="okta"/>
                    </properties>
                    <skipped message="the target does not advertise bulk operations" type="skip"/>
                </testcase>
                <testcase name="sample.delete" classname="delete" time="0.012">
                    <properties>
                        <property name="title" value="What sample.delete is about"/>
                        <property name="level" value="must"/>
                        <property name="requirements" value="RFC7643-3.1-05"/>
                        <property name="breaks" value="okta"/>
                    </properties>
                </testcase>
                <testcase name="sample.hostile" classname="unicode &amp; &lt;b&gt;" time="0.000">
                    <properties>
                        <property name="title" value="&lt;/script&gt;&lt;script&gt;alert(&apos;x&apos;)&lt;/script&gt;� &quot;quoted&quot; | `tick` ``` --&gt; ]]&gt;"/>
                        <property name="level" value="must"/>
                        <property name="requirements" value="RFC7643-3.1-05"/>
                        <property name="breaks" value="okta"/>
                    </properties>
                    <failure message="&lt;/script&gt;&lt;script&gt;alert(&apos;x&apos;)&lt;/script&gt;� &quot;quoted&quot; | `tick` ``` --&gt; ]]&gt;" type="requirement">&lt;/script&gt;&lt;script&gt;alert(&apos;x&apos;)&lt;/script&gt;� &quot;quoted&quot; | `tick` ``` --&gt; ]]&gt;
          expected: &lt;/script&gt;&lt;script&gt;alert(&apos;x&apos;)&lt;/script&gt;� &quot;quoted&quot; | `tick` ``` --&gt; ]]&gt;
          got: &lt;/script&gt;&lt;script&gt;alert(&apos;x&apos;)&lt;/script&gt;� &quot;quoted&quot; | `tick` ``` --&gt; ]]&gt;
          rule: RFC 7643 §3.1, MUST (RFC7643-3.1-05): Every representation of a resource includes a non-empty id.

        &gt; POST /Users
        {
          &quot;userName&quot;: &quot;o&apos;brien &lt;b&gt;&quot;
        }
        &lt; 500 Internal Server Error
        {
          &quot;id&quot;: &quot;&lt;/script&gt;&lt;script&gt;alert(&apos;x&apos;)&lt;/script&gt;\u001b[31m� \&quot;quoted\&quot; | `tick` ``` --&gt; ]]&gt;&quot;,
          &quot;token&quot;: &quot;&lt;redacted&gt;&quot;,
          &quot;long&quot;: &quot;xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx… (5000 bytes)&quot;
        }</failure>
                </testcase>
                <testcase name="sample.id" classname="create" time="0.012">
                    <properties>
                        <property name="title" value="What sample.id is about"/>
                        <property name="level" value="must"/>
                        <property name="requirements" value="RFC7643-3.1-05"/>
                        <property name="breaks" value="okta"/>
                    </properties>
                </testcase>
                <testcase name="sample.known" classname="errors" time="0.012">
                    <properties>
                        <property name="title" value="What sample.known is about"/>
                        <property name="level" value="must"/>
                        <property name="requirements" value="RFC7643-3.1-05"/>
                        <property name="breaks" value="okta"/>
                    </properties>
                    <skipped message="known: ticket 42 (until 2027-01-31): `status` is a number" type="known"/>
                </testcase>
                <testcase name="sample.media-type" classname="errors" time="0.000">
                    <properties>
                        <property name="title" value="errors are SCIM"/>
                        <property name="level" value="should"/>
                        <property name="requirements" value="RFC7644-3.12-07"/>
                    </properties>
                    <system-out>warning: the error comes as a page
          expected: application/scim+json
          got: text/html
          rule: RFC 7644 §3.12, IMPLIED (RFC7644-3.12-07): Error responses have Content-Type application/scim+json.</system-out>
                </testcase>
                <testcase name="sample.read" classname="read" time="0.012">
                    <properties>
                        <property name="title" value="What sample.read is about"/>
                        <property name="level" value="must"/>
                        <property name="requirements" value="RFC7643-3.1-05"/>
                        <property name="breaks" value="okta"/>
                    </properties>
                    <skipped message="needs `sample.id`, which failed" type="blocked"/>
                </testcase>
                <testcase name="sample.replace-active" classname="patch" time="0.031">
                    <properties>
                        <property name="title" value="replace of active without a path deactivates the user"/>
                        <property name="level" value="must"/>
                        <property name="requirements" value="RFC7644-3.5.2.3-02 RFC7644-3.5.2.3-03 Q-G07 RFC0000-0-00"/>
                        <property name="breaks" value="okta entra somebody"/>
                    </properties>
                    <failure message="after the PATCH the user is still active (and 1 more)" type="requirement">after the PATCH the user is still active
          expected: &quot;active&quot;: false
          got: &quot;active&quot;: true
          rule: RFC 7644 §3.5.2.3, IMPLIED (RFC7644-3.5.2.3-02): replace without path leaves attributes not listed untouched.
          rule: RFC 7644 §3.5.2.3, IMPLIED (RFC7644-3.5.2.3-03): replace of a single-valued attribute sets the new value.

        the name is gone as well
          got: no `displayName`
          rule: sent by Entra (Q-G07): apply; expects 204 (200 ok)
          rule: RFC0000-0-00

        &gt; GET /Users/2819?attributes=active
        &lt; 200 OK
        {
          &quot;id&quot;: &quot;2819&quot;,
          &quot;userName&quot;: &quot;ada&quot;,
          &quot;active&quot;: true,
          &quot;emails&quot;: [
            {
              &quot;value&quot;: &quot;ada0@example.test&quot;
            },
            {
              &quot;value&quot;: &quot;ada1@example.test&quot;
            },
            {
              &quot;value&quot;: &quot;ada2@example.test&quot;
            },
            {
              &quot;value&quot;: &quot;ada3@example.test&quot;
            },
            {
              &quot;value&quot;: &quot;ada4@example.test&quot;
            },
            {
              &quot;value&quot;: &quot;ada5@example.test&quot;
            },
            {
              &quot;value&quot;: &quot;ada6@example.test&quot;
            },
            {
              &quot;value&quot;: &quot;ada7@example.test&quot;
            },
            {
              &quot;value&quot;: &quot;ada8@example.test&quot;
            },
            {
              &quot;value&quot;: &quot;ada9@example.test&quot;
            },
            {
              &quot;value&quot;: &quot;ada10@example.test&quot;
            },
            {
              &quot;value&quot;: &quot;ada11@example.test&quot;
            }
          ]
        }</failure>
                </testcase>
                <testcase name="sample.unreachable" classname="read" time="0.012">
                    <properties>
                        <property name="title" value="What sample.unreachable is about"/>
                        <property name="level" value="must"/>
                        <property name="requirements" value="RFC7643-3.1-05"/>
                        <property name="breaks" value="okta"/>
                    </properties>
                    <error message="no answer within 10 s" type="error"/>
                </testcase>
            </testsuite>
        </testsuites>
        "#);
    }

    #[test]
    fn people_and_groups_are_cases() {
        insta::assert_snapshot!(render(&samples::simulate::run()).unwrap(), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="scimulator simulate" tests="11" skipped="1" failures="4" errors="1" time="0.420">
            <testsuite name="scimulator simulate staging" tests="11" skipped="1" errors="1" failures="4" time="0.420">
                <properties>
                    <property name="target" value="https://app.example.test/scim/v2"/>
                    <property name="started" value="1970-01-01T00:00:00Z"/>
                    <property name="options" value="--as entra --directory acme.yaml"/>
                </properties>
                <testcase name="connection-test" classname="connection" time="0.000">
                    <properties>
                        <property name="title" value="Microsoft Entra ID accepts the connection"/>
                    </properties>
                </testcase>
                <testcase name="groups/engineering" classname="groups" time="0.000">
                    <properties>
                        <property name="title" value="Engineering"/>
                    </properties>
                </testcase>
                <testcase name="groups/everyone" classname="groups" time="0.000">
                    <properties>
                        <property name="title" value="&lt;/script&gt;&lt;script&gt;alert(&apos;x&apos;)&lt;/script&gt;� &quot;quoted&quot; | `tick` ``` --&gt; ]]&gt;"/>
                    </properties>
                </testcase>
                <testcase name="groups/sales" classname="groups" time="0.000">
                    <properties>
                        <property name="title" value="Sales"/>
                    </properties>
                    <error message="GET /Groups got no answer: no answer within 10 s" type="error"/>
                </testcase>
                <testcase name="groups/security" classname="groups" time="0.000">
                    <properties>
                        <property name="title" value="Security"/>
                    </properties>
                    <failure message="1 of 2 members are missing: alan" type="difference">1 of 2 members are missing: alan
          expected: 2 members
          got: 1 members

        &gt; GET /Groups/46718047-7f76-453a-919d-413861904646
        &lt; 200 OK
        {
          &quot;members&quot;: [
            {
              &quot;value&quot;: &quot;11d2ac11-7f76-453a-919d-413861904646&quot;
            }
          ]
        }</failure>
                </testcase>
                <testcase name="users/ada" classname="users" time="0.000">
                    <properties>
                        <property name="title" value="ada@acme.example.com"/>
                    </properties>
                </testcase>
                <testcase name="users/alan" classname="users" time="0.000">
                    <properties>
                        <property name="title" value="alan.okeefe@acme.example.com"/>
                    </properties>
                    <failure message="was not provisioned: POST /Users is answered with 409 Conflict: userName alan.okeefe@acme.example.com is taken" type="difference">was not provisioned: POST /Users is answered with 409 Conflict: userName alan.okeefe@acme.example.com is taken</failure>
                </testcase>
                <testcase name="users/grace" classname="users" time="0.000">
                    <properties>
                        <property name="title" value="grace@acme.example.com"/>
                    </properties>
                    <failure message="`title` differs" type="difference">`title` differs
          expected: &quot;VP Engineering&quot;
          got: nothing

        &gt; GET /Users/11d2ac11-7f76-453a-919d-413861904646
        &lt; 200 OK
        {
          &quot;active&quot;: true,
          &quot;userName&quot;: &quot;grace@acme.example.com&quot;
        }</failure>
                </testcase>
                <testcase name="users/jun" classname="users" time="0.000">
                    <properties>
                        <property name="title" value="jun@acme.example.com"/>
                    </properties>
                    <skipped message="not assigned" type="skip"/>
                </testcase>
                <testcase name="users/lin" classname="users" time="0.000">
                    <properties>
                        <property name="title" value="lin@acme.example.com"/>
                    </properties>
                    <failure message="is disabled in the directory and can still log in" type="difference">is disabled in the directory and can still log in
          expected: active: false
          got: active: true

        &gt; GET /Users/0004d12a-7f76-453a-919d-413861904646
        &lt; 200 OK
        {
          &quot;active&quot;: true,
          &quot;userName&quot;: &quot;lin@acme.example.com&quot;
        }</failure>
                </testcase>
                <testcase name="users/zoe" classname="users" time="0.000">
                    <properties>
                        <property name="title" value="zoe@acme.example.com"/>
                    </properties>
                </testcase>
            </testsuite>
        </testsuites>
        "#);
    }

    #[test]
    fn an_empty_run_is_a_report_too() {
        let xml = render(&Collected::new()).unwrap();
        assert!(xml.contains("tests=\"0\"") && xml.contains("incomplete"), "{xml}");
    }
}
