//! What the lint says of a client, for `serve --lint`: one block a request as it comes, and a summary at the end.
//!
//! Text for people, or JSON Lines. Requests without a remark are only counted.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use crate::lint::{Kind, Remark, Rule, quirks};
use crate::protocol::error;
use crate::redact::{PLACEHOLDER, Redacted, Secrets};

/// Most characters of a request target that are shown.
const LONGEST_TARGET: usize = 120;

/// How remarks are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// For people.
    Text,
    /// One JSON object a line.
    JsonLines,
}

/// What is known of a client so far, and how it is written.
#[derive(Debug)]
pub struct LintReport {
    style: Style,
    secrets: Secrets,
    requests: usize,
    with_violations: usize,
    with_habits: usize,
    /// How many requests brought it, by rule id and quirk.
    found: BTreeMap<(Kind, &'static str, Option<&'static str>), (&'static Rule, usize)>,
}

impl LintReport {
    /// Nothing is known yet. The secrets are left out of everything that is written.
    pub fn new(style: Style, secrets: Secrets) -> Self {
        Self { style, secrets, requests: 0, with_violations: 0, with_habits: 0, found: BTreeMap::new() }
    }

    /// Counts a request and returns what is to be written of it; nothing where there is no remark.
    pub fn request(
        &mut self,
        method: &str,
        target: &str,
        status: u16,
        remarks: &[Remark],
    ) -> Option<Redacted<String>> {
        self.requests += 1;
        if remarks.is_empty() {
            return None;
        }
        match remarks.iter().any(|remark| remark.rule.kind == Kind::Violation) {
            true => self.with_violations += 1,
            false => self.with_habits += 1,
        }
        for Remark { rule, quirk, .. } in remarks {
            self.found.entry((rule.kind, rule.id, *quirk)).or_insert((rule, 0)).1 += 1;
        }
        // The violations first; within a kind the order in which they were found.
        let mut remarks: Vec<&Remark> = remarks.iter().collect();
        remarks.sort_by_key(|remark| remark.rule.kind);
        let (method, target) = (shortened(method, 20), shown(target));
        let text = match self.style {
            Style::Text => {
                let mut text = format!("{method} {target} → {status}\n");
                for remark in remarks {
                    let _ = writeln!(text, "  {}", line(remark));
                }
                text
            }
            Style::JsonLines => {
                let remarks: Vec<Value> = remarks.iter().map(|remark| as_json(remark)).collect();
                let line =
                    json!({ "method": method, "target": target, "status": status, "remarks": remarks });
                format!("{line}\n")
            }
        };
        Some(self.secrets.text(&text))
    }

    /// What was seen altogether.
    pub fn summary(&self) -> String {
        let standard = self.requests - self.with_habits - self.with_violations;
        if self.style == Style::JsonLines {
            let found = self.found.iter().map(|((kind, id, quirk), (rule, requests))| {
                json!({
                    "kind": kind.word(), "rule": id, "requirement": rule.requirement, "quirk": quirk,
                    "idps": quirk.map_or(&[][..], quirks::senders), "requests": requests,
                })
            });
            let summary = json!({
                "requests": self.requests, "standard": standard, "with_habits": self.with_habits,
                "with_violations": self.with_violations, "found": found.collect::<Vec<_>>(),
                "idps": self.suspects().into_iter().map(|(idp, quirks)| json!({ "idp": idp, "quirks": quirks }))
                    .collect::<Vec<_>>(),
            });
            return format!("{}\n", json!({ "summary": summary }));
        }
        let mut text = format!(
            "\n{}: {standard} without a remark, {} with habits only, {} with violations\n",
            counted(self.requests, "request"),
            self.with_habits,
            self.with_violations
        );
        for kind in [Kind::Violation, Kind::Habit] {
            let mut of_kind: Vec<_> = self.found.iter().filter(|((found, ..), _)| *found == kind).collect();
            of_kind.sort_by_key(|(_, (_, requests))| std::cmp::Reverse(*requests));
            if !of_kind.is_empty() {
                let _ = writeln!(text, "\n{}s, with the number of requests:", kind.word());
            }
            for ((_, id, quirk), (rule, requests)) in of_kind {
                let _ =
                    writeln!(text, "  {requests:5}  {id}{}\n         {}", source(rule, *quirk), rule.says);
            }
        }
        self.write_suspects(&mut text);
        if let Some((_, (rule, _))) = self.found.iter().next() {
            let quirk = self.found.keys().find_map(|(_, _, quirk)| *quirk);
            let ids: Vec<&str> = quirk.into_iter().chain(rule.requirement).collect();
            if let Some(id) = ids.first() {
                let _ = writeln!(text, "\n`scimulator explain {id}` says more, and so for every id above.");
            }
        }
        text
    }

    /// The identity providers that are known for quirks that were seen, with their number; the most first.
    fn suspects(&self) -> Vec<(&'static str, usize)> {
        let mut seen: Vec<&str> = self.found.keys().filter_map(|(_, _, quirk)| *quirk).collect();
        seen.sort_unstable();
        seen.dedup();
        let mut suspects: BTreeMap<&str, usize> = BTreeMap::new();
        for quirk in seen {
            for idp in quirks::senders(quirk) {
                *suspects.entry(idp).or_default() += 1;
            }
        }
        let mut suspects: Vec<_> = suspects.into_iter().filter(|(idp, _)| *idp != quirks::ANYBODY).collect();
        suspects.sort_by_key(|(idp, quirks)| (std::cmp::Reverse(*quirks), *idp));
        suspects
    }

    fn write_suspects(&self, text: &mut String) {
        let mut seen: Vec<&str> = self
            .found
            .keys()
            .filter_map(|(_, _, quirk)| *quirk)
            .filter(|quirk| !quirks::senders(quirk).contains(&quirks::ANYBODY))
            .collect();
        seen.sort_unstable();
        seen.dedup();
        if seen.is_empty() {
            return;
        }
        let suspects = self.suspects();
        let (all, some): (Vec<_>, Vec<_>) =
            suspects.into_iter().partition(|(_, quirks)| *quirks == seen.len());
        let named = |suspects: &[(&str, usize)]| -> String {
            suspects.iter().map(|(idp, _)| *idp).collect::<Vec<_>>().join(", ")
        };
        let _ = match all.is_empty() {
            false => writeln!(text, "\nknown for every quirk that was seen: {}", named(&all)),
            true => {
                let parts: Vec<String> =
                    some.iter().map(|(idp, quirks)| format!("{idp} for {quirks}")).collect();
                writeln!(text, "\nof {}, {}", counted(seen.len(), "quirk"), parts.join(", "))
            }
        };
    }
}

/// A remark on one line.
fn line(remark: &Remark) -> String {
    let Remark { rule, quirk, place, what, times } = remark;
    let more = match times {
        1 => String::new(),
        times => format!(", at {times} places"),
    };
    format!("{:9}  {place}: {what}{}{more}", rule.kind.word(), source(rule, *quirk))
}

/// What a rule rests on, in brackets: ` (RFC7644-3.5.2-06; Q-U01: Entra)`.
fn source(rule: &Rule, quirk: Option<&str>) -> String {
    let quirk = quirk.map(|quirk| format!("{quirk}: {}", quirks::senders(quirk).join(", ")));
    let parts: Vec<String> = rule.requirement.map(str::to_owned).into_iter().chain(quirk).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join("; ")) }
}

fn as_json(remark: &Remark) -> Value {
    let Remark { rule, quirk, place, what, times } = remark;
    json!({
        "kind": rule.kind.word(), "rule": rule.id, "requirement": rule.requirement, "quirk": quirk,
        "idps": quirk.map_or(&[][..], quirks::senders), "place": place, "what": what, "times": times,
    })
}

/// A request target as it is shown: a filter on a password stays out.
fn shown(target: &str) -> String {
    match target.split_once('?') {
        Some((path, query)) if query.to_ascii_lowercase().contains("password") => {
            format!("{}?{PLACEHOLDER}", shortened(path, LONGEST_TARGET))
        }
        _ => shortened(target, LONGEST_TARGET),
    }
}

fn shortened(text: &str, most: usize) -> String {
    error::shortened(text, most).chars().filter(|c| !c.is_control()).collect()
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::rules;

    fn remark(rule: &'static Rule, quirk: Option<&'static str>, times: usize) -> Remark {
        Remark { rule, quirk, place: "body /x".into(), what: "it is so".into(), times }
    }

    fn report(style: Style) -> LintReport {
        let secrets = Secrets::new();
        secrets.add("t0ken-of-the-test");
        LintReport::new(style, secrets)
    }

    #[test]
    fn a_block_has_the_violations_first_and_the_summary_names_the_suspects() {
        let mut report = report(Style::Text);
        assert_eq!(report.request("GET", "/Users", 200, &[]), None);
        let remarks = [
            remark(&rules::USER_AGENT_MISSING, None, 1),
            remark(&rules::PATCH_OP_CASE, Some("Q-U01"), 3),
            remark(&rules::PATCH_REMOVE_VALUE, Some("Q-G01"), 1),
        ];
        let block = report.request("PATCH", "/Users/1", 204, &remarks).unwrap().into_inner();
        insta::assert_snapshot!(block, @"
        PATCH /Users/1 → 204
          violation  body /x: it is so (RFC7644-3.5.2-06; Q-U01: Entra), at 3 places
          violation  body /x: it is so (RFC7644-3.5.2.2-14; Q-G01: Entra, authentik)
          habit      body /x: it is so
        ");
        insta::assert_snapshot!(report.summary(), @"

        2 requests: 1 without a remark, 0 with habits only, 1 with violations

        violations, with the number of requests:
              1  patch-op-case (RFC7644-3.5.2-06; Q-U01: Entra)
                 `op` is `add`, `remove` or `replace`, in lower case.
              1  patch-remove-value (RFC7644-3.5.2.2-14; Q-G01: Entra, authentik)
                 `remove` has no value: by the letter everything at the path goes. What is to go is said by a filter in the path.

        habits, with the number of requests:
              1  user-agent-missing
                 A client should say what it is (RFC 9110 §10.1.5); firewalls refuse those that do not.

        known for every quirk that was seen: Entra

        `scimulator explain Q-U01` says more, and so for every id above.
        ");
    }

    #[test]
    fn json_lines_hold_the_same() {
        let mut report = report(Style::JsonLines);
        let remarks = [remark(&rules::PATCH_OP_CASE, Some("Q-U01"), 3)];
        let line = report.request("PATCH", "/Users/1", 204, &remarks).unwrap().into_inner();
        insta::assert_snapshot!(line, @r#"{"method":"PATCH","target":"/Users/1","status":204,"remarks":[{"kind":"violation","rule":"patch-op-case","requirement":"RFC7644-3.5.2-06","quirk":"Q-U01","idps":["Entra"],"place":"body /x","what":"it is so","times":3}]}"#);
        insta::assert_snapshot!(report.summary(), @r#"{"summary":{"requests":1,"standard":0,"with_habits":0,"with_violations":1,"found":[{"kind":"violation","rule":"patch-op-case","requirement":"RFC7644-3.5.2-06","quirk":"Q-U01","idps":["Entra"],"requests":1}],"idps":[{"idp":"Entra","quirks":1}]}}"#);
    }

    #[test]
    fn secrets_stay_out() {
        let mut report = report(Style::Text);
        let remarks = [remark(&rules::QUERY_TOKEN, None, 1)];
        let targets = [
            "/Users?access_token=abcdefgh",
            "/Users?x=t0ken-of-the-test",
            "/Users?filter=password%20eq%20%22hunter2hunter2%22",
        ];
        for target in targets {
            let block = report.request("GET", target, 200, &remarks).unwrap().into_inner();
            assert!(block.starts_with("GET /Users?") && block.contains(PLACEHOLDER), "{block}");
            for secret in ["abcdefgh", "t0ken", "hunter2"] {
                assert!(!block.contains(secret), "{block}");
            }
        }
    }
}
