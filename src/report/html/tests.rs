use super::super::samples;
use super::*;

fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    page.split(start.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn the_page_loads_nothing_and_lets_no_other_script_run() {
    for run in [samples::check::run(), samples::run(), samples::check::selftest(), samples::simulate::run()] {
        let page = render(&run);
        assert_eq!(page.matches("<script").count(), 1, "only its own");
        assert_eq!(page.matches("<style").count(), 1);
        for forbidden in ["<link", "<img", "<iframe", " src=", " style=", "@import", "url(", " onclick"] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        let outside: Vec<&str> =
            attributes(&page, "href").into_iter().filter(|href| !href.starts_with('#')).collect();
        assert!(
            outside.iter().all(|href| href.starts_with("https://www.rfc-editor.org/rfc/rfc")),
            "{outside:?}"
        );
        assert!(
            page.contains("default-src &#39;none&#39;") || page.contains("default-src 'none'"),
            "a policy"
        );
    }
}

#[test]
fn what_comes_from_a_target_is_text() {
    let page = render(&samples::check::run());
    assert!(page.contains("&lt;/script&gt;&lt;script&gt;alert("), "escaped");
    assert!(!page.contains("alert('x')</script>") && !page.contains("<h1>Not Found"), "raw");
    assert!(!page.contains(|c: char| c.is_control() && c != '\n') && !page.contains('\u{202e}'));
    for secret in [samples::check::SECRET, "hunter2"] {
        assert!(!page.contains(secret), "{secret}");
    }
}

#[test]
fn every_finding_has_an_anchor_of_its_own_and_every_link_an_end() {
    let mut run = samples::check::run();
    run.findings.push(run.findings[0].clone());
    let page = render(&run);
    let ids = attributes(&page, "id");
    for finding in &run.findings {
        assert!(ids.contains(&finding.item.id.as_str()), "{}", finding.item.id);
    }
    let unique: std::collections::HashSet<&&str> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len(), "{ids:?}");
    for href in attributes(&page, "href").into_iter().filter_map(|href| href.strip_prefix('#')) {
        let end = percent_encoding::percent_decode_str(href).decode_utf8().unwrap();
        assert!(ids.contains(&&*end), "{href}");
    }
}

#[test]
fn outcomes_are_counted_apart_and_said_in_words() {
    let page = render(&samples::check::run());
    let tiles: String =
        page.split("<ul class=\"numbers\">").nth(1).unwrap().split("</ul>").next().unwrap().into();
    let text = regex::Regex::new("<[^>]*>").unwrap().replace_all(&tiles, " ").to_string();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(text, "✓ 2 passed ✗ 2 failed ! 1 warning – 2 skipped ◼ 1 blocked ? 1 error ≈ 1 known");
    for part in [
        "Microsoft Entra ID",
        "not ready",
        "undecided",
        "Accepted by the baseline until 2027-01-31: ticket 42",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn coverage_counts_what_was_judged() {
    let page = render(&samples::check::run());
    assert!(
        page.contains("RFC 7644 §3.5.2.3") && page.contains("1 statement holds") || page.contains("broken"),
        "{page}"
    );
    assert!(!render(&samples::run()).contains("The RFCs by section"));
}

#[test]
fn a_large_run_stays_small_enough_to_be_mailed() {
    let mut run = samples::check::run();
    let passed = run.findings.iter().find(|finding| finding.item.id == "sample.delete").unwrap().clone();
    run.findings = vec![Finding { exchanges: vec![passed.exchanges[0].clone(); 100], ..passed }; 60];
    let page = render(&run);
    assert!(page.len() < 1024 * 1024, "{}", page.len());
    assert!(!page.contains("<h4>Exchanges</h4>"));
    run.kind = Kind::Run;
    let page = render(&run);
    assert!(page.len() < 8 * 1024 * 1024, "{}", page.len());
    assert!(page.contains("100 exchanges left out to keep the page small"));
}

#[test]
fn a_simulation_says_what_was_done_and_what_differs() {
    let page = render(&samples::simulate::run());
    assert!(!page.contains("<script>alert"), "raw");
    let body = page
        .split("<main>")
        .nth(1)
        .unwrap()
        .split("<section aria-labelledby=\"every-finding\">")
        .next()
        .unwrap();
    let text = regex::Regex::new("</(tr|p|h2|h3|ul)>").unwrap().replace_all(body, "\n").to_string();
    let text = regex::Regex::new("<[^>]*>").unwrap().replace_all(&text, " ").to_string();
    let lines: Vec<String> = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|line| !line.is_empty())
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    ✓ 5 passed ✗ 4 failed ! 0 warnings – 1 skipped ◼ 0 blocked ? 1 error ≈ 0 known
    Provisioning
    ✗ 3 of 5 people and 1 of 3 groups differ from what the directory says; 1 group could not be compared
    The provisioning log in numbers
    What Success Skipped Failure
    user create 3 – 2
    user match 1 – –
    user update 1 – –
    user disable 1 – –
    user manager 1 – –
    user no action – 2 –
    group create 2 – –
    group match 1 – –
    group members 2 – 1
    Reasons
    Status Of Reason Who
    failed 1 user POST /Users is answered with 409 Conflict: userName alan.okeefe@acme.example.com is taken alan
    failed 1 group PATCH /Groups/46718047-7f76-453a-919d-413861904646 is answered with 404 Not Found: no such member security
    done, but 1 user the target did not keep title grace
    skipped 1 user not assigned jun
    Cycles
    Cycle Simulated time What was done
    1 (initial) 1970-01-01 00:00 UTC users 3 created, 1 matched, managers of 1 changed, 1 skipped, 1 failed; groups 2 created, 1 matched, members of 2 changed, 1 failed
    2 1970-01-01 00:40 UTC users 1 updated, 1 disabled, 1 skipped, 1 failed
    47 requests in 0.3 s: 152/s; answers: median 1.9 ms, 90 % 3.0 ms, 99 % 8.1 ms, longest 40 ms
    ");
    assert!(page.contains("6 people and 4 groups in 0.4 s"), "{page}");
    assert!(!page.contains("It alone"), "nothing plays one person again");
}

#[test]
fn of_very_many_people_those_who_need_attention_are_shown() {
    let mut run = samples::simulate::run();
    let passed = run.findings.iter().find(|finding| finding.item.id == "users/ada").unwrap().clone();
    run.findings.extend((0..50_000).map(|_| passed.clone()));
    let page = render(&run);
    assert!(page.len() < 4 * 1024 * 1024, "{}", page.len());
    assert!(page.contains("id=\"users/lin\"") && page.contains("49,006 more are in the JSON report."));
}
