//! The traffic of our own dialects under the lint: it shows the quirks that a dialect is documented to have, and nothing else.
//!
//! Every dialect plays the same life (`life/`). A quirk that a dialect lists and the lint does not see is a mistake of one of the
//! three: the dialect does not send it, the list claims too much, or the rule is blind. So is one that is seen and not listed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use scimulator::idp::Dialect;
use scimulator::lint::quirks::{QUIRKS, senders};
use scimulator::scenario::{self, Scenario};

use crate::scenarios::{Noted, played};

/// What is done by hand in a life, beside the identity provider.
const BY_HAND: &str = "by hand";

fn life(name: &str) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lint/life").join(name);
    scenario::load(&path, name, &|path: &Path| std::fs::read(path)).unwrap()
}

/// What the lint says of everything that a dialect sends in its life.
async fn remarks(dialect: Dialect) -> Vec<Noted> {
    let mut all = Vec::new();
    for scenario in [life("life.yaml"), life("import.yaml"), life("large.yaml")] {
        if scenario.dialects.contains(&dialect) {
            let (requests, noted) = played(&scenario, Some(dialect)).await;
            assert!(requests > 3, "{dialect} is played");
            all.extend(noted.into_iter().filter(|noted| !noted.step.starts_with(BY_HAND)));
        }
    }
    all
}

/// Whether a rule of the lint stands for a quirk.
fn is_visible(quirk: &str) -> bool {
    QUIRKS.iter().any(|(id, _)| *id == quirk)
}

#[tokio::test(flavor = "multi_thread")]
async fn dialects_show_the_quirks_that_they_list_and_nothing_else() {
    let (mut wrong, mut table) = (String::new(), String::new());
    for (word, dialect) in Dialect::WORDS {
        let mut seen: BTreeMap<&str, Noted> = BTreeMap::new();
        for noted in remarks(*dialect).await {
            let Noted { step, request, remark, status } = &noted;
            match remark.quirk {
                Some(quirk) => drop(seen.entry(quirk).or_insert(noted)),
                None => writeln!(
                    wrong,
                    "{word}: no quirk stands for a {} {} in `{step}`: {request} → {status}, {}: {}",
                    remark.rule.kind.word(),
                    remark.rule.id,
                    remark.place,
                    remark.what
                )
                .unwrap(),
            }
        }
        let listed: BTreeSet<&str> =
            dialect.speech().habits().quirks.iter().copied().filter(|quirk| is_visible(quirk)).collect();
        for (quirk, noted) in seen.iter().filter(|(quirk, _)| !listed.contains(*quirk)) {
            let Noted { step, request, remark, .. } = noted;
            writeln!(
                wrong,
                "{word}: {quirk} is seen and not listed: {}, {request} in `{step}`, {}: {}",
                remark.rule.id, remark.place, remark.what
            )
            .unwrap();
        }
        for quirk in listed.iter().filter(|quirk| !seen.contains_key(*quirk)) {
            writeln!(wrong, "{word}: {quirk} is listed and not seen").unwrap();
        }
        writeln!(table, "{word}").unwrap();
        if seen.is_empty() {
            writeln!(table, "  nothing").unwrap();
        }
        for (quirk, Noted { request, remark, .. }) in seen {
            writeln!(table, "  {quirk}  {request}\n         {}: {}", remark.place, remark.what).unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[ID]");
    settings.bind(|| insta::assert_snapshot!(table));
}

/// A remark names its senders: whoever is documented to send something is among them, and who is only assumed to is not.
#[test]
fn documented_dialects_are_known_senders() {
    for (word, dialect) in Dialect::WORDS {
        let habits = dialect.speech().habits();
        if !matches!(habits.basis, scimulator::idp::dialect::Basis::Documented) {
            continue;
        }
        for quirk in habits.quirks.iter().copied().filter(|quirk| is_visible(quirk)) {
            let is_known = senders(quirk).iter().any(|sender| habits.product.contains(sender));
            let is_assumed = habits.is_assumed(quirk);
            assert!(is_known != is_assumed, "{word}: {quirk} is said of {:?}", senders(quirk));
        }
    }
}
