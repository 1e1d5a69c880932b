//! `checks` and `explain`: what there is to check, and what it is about.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::env;
use super::exit::{Exit, Stop};
use crate::conformance::catalogue::{self, Quirk, coverage};
use crate::conformance::selection::{Selected, Selection};
use crate::conformance::{Audience, Check, checks};
use crate::diagnostic::nearest;
use crate::idp::Dialect;
use crate::idp::dialect::describe::{Description, describe};
use crate::provider::defects::Defect;

/// `checks`
#[derive(Debug, Args)]
pub struct ChecksArgs {
    /// Only these checks or topics, separated by commas
    #[arg(long, value_name = "ID|TOPIC", env = env::ONLY, value_delimiter = ',', conflicts_with = "requirements")]
    only: Vec<String>,
    /// How the list is printed
    #[arg(long, value_name = "FORMAT", env = env::FORMAT, default_value = "table")]
    format: Format,
    /// Print which requirements the checks decide, by RFC section, and which they do not
    #[arg(long, env = env::REQUIREMENTS, value_parser = clap::builder::FalseyValueParser::new())]
    requirements: bool,
}

/// How a list is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Lines for people
    Table,
    /// For programs
    Json,
}

/// `explain ID`
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A check (patch.add-appends), a requirement (RFC7644-3.5.2-07), a demand of a draft (IPROF-18), a habit of an identity
    /// provider (Q-G01) or a deliberate defect
    #[arg(value_name = "ID")]
    id: String,
}

/// Lists the checks, or the coverage.
pub fn list(args: &ChecksArgs, context: &Context) -> Exit {
    let selection =
        Selection { only: args.only.clone(), audiences: Audience::ALL.to_vec(), ..Selection::default() };
    let selected = match super::check::select(&selection) {
        Ok(selected) => selected,
        Err(stop) => return context.refuse(&stop),
    };
    let text = match (args.requirements, args.format) {
        (false, Format::Table) => table(&selected),
        (false, Format::Json) => pretty(&selected.iter().map(|selected| as_json(selected.check)).collect()),
        (true, Format::Table) => coverage_table(),
        (true, Format::Json) => pretty(&coverage_json()),
    };
    context.print(&text).map_or_else(|stop| context.refuse(&stop), |()| Exit::Ok)
}

fn pretty(json: &Value) -> String {
    format!("{json:#}\n")
}

fn as_json(check: &Check) -> Value {
    json!({
        "id": check.id,
        "title": check.title,
        "topic": check.topic(),
        "level": check.level.word(),
        "requirements": check.requirements,
        "needs": check.needs.iter().map(|need| need.word()).collect::<Vec<_>>(),
        "breaks": check.breaks.iter().map(|audience| audience.word()).collect::<Vec<_>>(),
    })
}

fn table(selected: &[Selected]) -> String {
    let width = selected.iter().map(|selected| selected.check.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for Selected { check, .. } in selected {
        let _ = writeln!(text, "{:<width$}  {:<7}  {}", check.id, check.level.word(), check.title);
    }
    text
}

fn covered() -> coverage::Coverage {
    coverage::coverage(checks::all().flat_map(|check| check.requirements.iter().copied()))
}

fn coverage_table() -> String {
    let coverage = covered();
    let mut text = String::from(
        "Requirements that are about a server and can be seen from outside, and how many of them a check decides:\n\n",
    );
    for (tier, share) in &coverage.tiers {
        let _ = writeln!(
            text,
            "{:<26} {:>3} of {:>3}  {:>5.1} %",
            tier.word(),
            share.covered,
            share.decidable,
            share.percent()
        );
    }
    text.push_str("\nby section\n");
    for section in &coverage.sections {
        let share = section.share;
        let place = format!("RFC {} §{}", section.rfc, section.section);
        let _ = writeln!(
            text,
            "{place:<26} {:>3} of {:>3}  {:>5.1} %",
            share.covered,
            share.decidable,
            share.percent()
        );
    }
    text.push_str("\nnot decided\n");
    for (requirement, reason) in &coverage.open {
        let reason = reason.unwrap_or("no check yet");
        let _ = writeln!(
            text,
            "{:<22} {:<10} {}\n{:22} {:10} {reason}",
            requirement.id,
            requirement.force.word(),
            requirement.text,
            "",
            ""
        );
    }
    text
}

fn coverage_json() -> Value {
    let by_requirement = |id: &str| -> Vec<&str> {
        checks::all().filter(|check| check.requirements.contains(&id)).map(|check| check.id).collect()
    };
    let reason =
        |id: &str| catalogue::not_covered().iter().find(|row| row.id == id).map(|row| row.reason.as_str());
    let row = |requirement: &catalogue::Requirement| {
        json!({
            "id": requirement.id,
            "level": requirement.force.word(),
            "decidable": requirement.is_decidable(),
            "checks": by_requirement(&requirement.id),
            "reason": reason(&requirement.id),
        })
    };
    catalogue::requirements().iter().map(row).collect()
}

/// Explains a check, a requirement, a demand of a draft, a habit or a defect.
pub fn explain(args: &ExplainArgs, context: &Context) -> Exit {
    let text = explained(&args.id, context.width.clamp(40, 100));
    match text.and_then(|text| context.print(&text)) {
        Ok(()) => Exit::Ok,
        Err(stop) => context.refuse(&stop),
    }
}

fn explained(id: &str, width: usize) -> Result<String, Stop> {
    if let Some(check) = checks::find(id) {
        return Ok(explain_check(check, width));
    }
    if let Some(requirement) = catalogue::requirement(id) {
        let mut text =
            format!("{}: {}, {}\n\n", requirement.id, requirement.source(), requirement.force.word());
        text.push_str(&wrapped(&requirement.text, width));
        section(&mut text, "How it is tested", &requirement.how_to_test, width);
        section(&mut text, "A violation", &requirement.example_violation, width);
        decided_by(&mut text, id);
        return Ok(text);
    }
    if let Some(demand) = catalogue::demand(id) {
        let mut text = format!("{}: {}, {}\n\n", demand.id, demand.source(), demand.force.word());
        text.push_str(&wrapped(&demand.text, width));
        section(&mut text, "Who says otherwise", &demand.conflict, width);
        section(&mut text, "The text that was read", demand.draft.edition(), width);
        decided_by(&mut text, id);
        return Ok(text);
    }
    if let Some(quirk) = catalogue::quirk(id) {
        let mut text = format!("{}: sent by {} (evidence: {})\n\n", quirk.id, quirk.idp, grade(&quirk.grade));
        text.push_str(&wrapped(&quirk.sends, width));
        section(&mut text, "What a target must make of it", &quirk.target_must, width);
        decided_by(&mut text, id);
        return Ok(text);
    }
    if let Some((word, dialect)) = Dialect::WORDS.iter().find(|(word, _)| *word == id) {
        return Ok(explain_dialect(word, *dialect, width));
    }
    if let Ok(defect) = Defect::named(id) {
        let mut text = format!("{}: {}\n\n", defect.id, defect.title);
        text.push_str(&wrapped(defect.about, width));
        section(&mut text, "Where it was seen", &defect.seen.join(", "), width);
        text.push_str("\nBreaks:\n");
        for id in defect.breaks {
            statement(&mut text, id, width);
        }
        let names_it = |check: &&Check| check.requirements.iter().any(|id| defect.breaks.contains(id));
        let finders: Vec<&str> = checks::all().filter(names_it).map(|check| check.id).collect();
        section(&mut text, "Checks that are about it", &finders.join(", "), width);
        let _ =
            writeln!(text, "\nTry it: scimulator serve --profile {} --defect {}", defect.profile, defect.id);
        return Ok(text);
    }
    let known = || {
        checks::all()
            .map(|check| check.id)
            .chain(Defect::all().map(|defect| defect.id))
            .chain(catalogue::requirements().iter().map(|requirement| requirement.id.as_str()))
            .chain(catalogue::demands().iter().map(|demand| demand.id.as_str()))
            .chain(catalogue::quirks().iter().map(|quirk| quirk.id.as_str()))
    };
    if let Some(same) = known().find(|known| known.eq_ignore_ascii_case(id) && *known != id) {
        return explained(same, width);
    }
    if let Some(text) = topic(id).or_else(|| rfc_section(id, width)).or_else(|| scenario(id)) {
        return Ok(text);
    }
    let known = known();
    let stop = Stop::nothing_selected(format!("there is nothing called `{id}`"));
    Err(match nearest(id, known) {
        Some(near) => stop.hint(format!("did you mean `{near}`?")),
        None => stop.hint("`scimulator checks` lists the checks"),
    })
}

/// What there is in a topic.
fn topic(word: &str) -> Option<String> {
    let in_topic = |check: &&Check| check.topic().eq_ignore_ascii_case(word);
    let width = checks::all().filter(in_topic).map(|check| check.id.len()).max()?;
    let mut text = format!("{}: a topic with these checks\n\n", word.to_ascii_lowercase());
    for check in checks::all().filter(in_topic) {
        let _ = writeln!(text, "  {:<width$}  {}", check.id, check.title);
    }
    Some(text)
}

/// The requirements of a section: `RFC7644-3.5.2`.
fn rfc_section(word: &str, width: usize) -> Option<String> {
    let word = word.to_ascii_uppercase();
    let (rfc, section) = word.strip_prefix("RFC")?.split_once('-')?;
    let is_there = |row: &&catalogue::Requirement| row.rfc.to_string() == rfc && row.section == section;
    let mut rows = catalogue::requirements().iter().filter(is_there).peekable();
    rows.peek()?;
    let mut text = format!("RFC {rfc} §{section}: what it requires\n\n");
    rows.for_each(|row| statement(&mut text, &row.id, width));
    Some(text)
}

/// Where a replayed scenario is explained.
fn scenario(word: &str) -> Option<String> {
    let (path, dialect) = word.strip_prefix("scenario:")?.split_once('@')?;
    let folder = super::run::SCENARIOS;
    Some(format!(
        "{word}: traffic of an identity provider that is replayed\n\n\
         What it is about stands at the top of its file, {folder}/{path}.yaml. It alone:\n  \
         scimulator run {folder}/{path}.yaml --as {dialect}\n"
    ))
}

fn explain_dialect(word: &str, dialect: Dialect, width: usize) -> String {
    let Description { product, unverified, assumed, habits, mapping, quirks } = describe(dialect);
    let mut text = format!("{word}: how {product} provisions, as `simulate` plays it\n");
    match unverified {
        Some(why) => section(&mut text, "Not verified", why, width),
        None => {
            section(&mut text, "Evidence", "the vendor's documentation, captures, or its source code", width)
        }
    }
    if !assumed.is_empty() {
        text.push_str("\nAssumed\n");
        assumed.iter().for_each(|what| text.push_str(&indented(&wrapped(what, width - 2))));
    }
    for (label, said) in habits {
        section(&mut text, label, &said, width);
    }
    let _ = writeln!(text, "\nMapped by default:");
    for (target, source) in mapping {
        let _ = writeln!(text, "  {target}  <-  {source}");
    }
    let quirks: Vec<_> = quirks.iter().filter_map(|id| catalogue::quirk(id)).collect();
    let known = |quirk: &Quirk| match dialect.speech().habits().is_assumed(&quirk.id) {
        true => "known of others and not verified of this product",
        false => grade(&quirk.grade),
    };
    let mut all: Vec<&str> = quirks.iter().map(|quirk| known(quirk)).collect();
    all.sort_unstable();
    all.dedup();
    for of in all {
        let _ = writeln!(text, "\nHabits that a target must be ready for, {of}:");
        for quirk in quirks.iter().filter(|quirk| known(quirk) == of) {
            text.push_str(&indented(&wrapped(&format!("{}: {}", quirk.id, quirk.sends), width - 2)));
        }
    }
    text
}

fn explain_check(check: &Check, width: usize) -> String {
    let explanation = check.explanation();
    let mut text = format!("{}: {}\n\n", check.id, check.title);
    text.push_str(&wrapped(&explanation.rule, width));
    section(&mut text, "Why it matters", &explanation.why, width);
    if !check.breaks.is_empty() {
        let who: Vec<&str> = check.breaks.iter().map(|audience| audience.label()).collect();
        section(&mut text, "Who breaks on it", &who.join(", "), width);
    }
    section(&mut text, "How to fix it", &explanation.fix, width);
    let _ = writeln!(text, "\nLevel: {}", check.level.word());
    if !check.needs.is_empty() {
        let needs: Vec<&str> = check.needs.iter().map(|need| need.label()).collect();
        let _ = writeln!(text, "Needs: {}", needs.join(", "));
    }
    text.push_str("Decides:\n");
    for id in check.requirements {
        statement(&mut text, id, width);
    }
    text
}

/// What an id stands for.
fn statement(text: &mut String, id: &str, width: usize) {
    let (source, statement) = catalogue::statement(id).unwrap_or_default();
    text.push_str(&indented(&wrapped(&format!("{id} ({source}): {statement}"), width - 2)));
}

fn decided_by(text: &mut String, id: &str) {
    let deciding: Vec<&str> =
        checks::all().filter(|check| check.requirements.contains(&id)).map(|check| check.id).collect();
    let reason = catalogue::not_covered().iter().find(|row| row.id == id).map(|row| row.reason.as_str());
    let _ = match (deciding.is_empty(), reason) {
        (false, _) => writeln!(text, "\nDecided by: {}", deciding.join(", ")),
        (true, Some(reason)) => writeln!(text, "\nNot decided: {reason}"),
        (true, None) => writeln!(text, "\nNo check decides it."),
    };
}

/// What a grade of evidence means.
fn grade(grade: &str) -> &'static str {
    match grade.chars().next() {
        Some('A') => "documented by the vendor, or captured",
        Some('B') => "from code that was written against the real product",
        Some('C') => "from a third party, unverified",
        _ => "doubtful, unverified",
    }
}

fn section(text: &mut String, title: &str, body: &str, width: usize) {
    if !body.is_empty() {
        let _ = write!(text, "\n{title}\n{}", indented(&wrapped(body, width - 2)));
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") }).collect()
}

/// Paragraphs, broken at spaces.
fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::new();
    for (index, paragraph) in text.split("\n\n").enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let mut column = 0;
        for word in paragraph.split_whitespace() {
            let length = word.chars().count();
            if column > 0 && column + 1 + length > width {
                out.push('\n');
                column = 0;
            } else if column > 0 {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += length;
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_can_be_explained_is() {
        for check in checks::all() {
            assert!(explained(check.id, 80).is_ok_and(|text| text.contains("How to fix it")), "{}", check.id);
        }
        for requirement in catalogue::requirements() {
            assert!(explained(&requirement.id, 80).is_ok());
        }
        for demand in catalogue::demands() {
            let text = explained(&demand.id, 80).unwrap();
            assert!(text.contains(demand.draft.label()) && text.contains("\nDecided by: "), "{text}");
        }
        for quirk in catalogue::quirks() {
            assert!(explained(&quirk.id, 80).is_ok());
        }
        for defect in Defect::all() {
            assert!(explained(defect.id, 80).is_ok());
        }
        assert!(explained("q-g01", 80).is_ok_and(|text| text.starts_with("Q-G01")));
        assert!(explained("PATCH", 80).is_ok_and(|text| text.contains("patch.supported")));
        assert!(explained("rfc7644-3.5.2", 80).is_ok_and(|text| text.contains("RFC7644-3.5.2-07")));
        assert!(explained("scenario:okta/oin/errors@okta", 80).is_ok_and(|text| text.contains("--as okta")));
        let text = explained("iprof-18", 80).unwrap();
        assert!(
            text.starts_with("IPROF-18: SCIM interoperability profile (draft) §6.5.1.1, MUST\n"),
            "{text}"
        );
        assert!(
            text.contains("Who says otherwise") && text.contains("interop-profile.path-required"),
            "{text}"
        );
        let stop = explained("IPSIE-9", 80).unwrap_err();
        assert!(stop.hints[0].starts_with("did you mean `IPSIE-"), "{:?}", stop.hints);
        let stop = explained("create.duplicat", 80).unwrap_err();
        assert_eq!(stop.hints, ["did you mean `create.duplicate`?"]);
    }

    #[test]
    fn lines_are_broken_at_spaces() {
        assert_eq!(wrapped("aa bb cc\n\ndd", 5), "aa bb\ncc\n\ndd\n");
    }
}
