//! For whom a target is ready: what each identity provider depends on, taken together.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::check::{Audience, Level};
use crate::diagnostic::Diagnostic;
use crate::event::{Event, Finding, Item, Observer, Problem, Readiness, Severity, Status};

/// Listens to a run and draws the conclusion.
pub struct Judge<'a, O> {
    audiences: &'a [Audience],
    observer: &'a mut O,
    tables: BTreeMap<Audience, Table>,
}

/// What was found out for one audience.
#[derive(Debug, Default)]
struct Table {
    failures: Vec<String>,
    warnings: Vec<String>,
    undecided: Vec<String>,
    judged: usize,
}

impl<'a, O: Observer> Judge<'a, O> {
    /// Hands events on to `observer`.
    pub fn new(audiences: &'a [Audience], observer: &'a mut O) -> Self {
        let tables = audiences.iter().map(|audience| (*audience, Table::default())).collect();
        Self { audiences, observer, tables }
    }

    /// Tells for whom the target is ready. A finding that the baseline accepts still stands in the way: the baseline says
    /// what is known, not what works.
    pub fn finish(mut self) {
        let mut readiness = Vec::new();
        for audience in self.audiences {
            let Some(mut table) = self.tables.remove(audience) else { continue };
            for ids in [&mut table.failures, &mut table.warnings, &mut table.undecided] {
                ids.sort();
            }
            let blockers: Vec<String> = table.failures.into_iter().chain(table.warnings).collect();
            readiness.push(Readiness {
                audience: audience.word().to_owned(),
                ready: blockers.is_empty() && table.undecided.is_empty() && table.judged > 0,
                blockers,
                undecided: table.undecided,
                judged: table.judged,
            });
        }
        if !readiness.is_empty() {
            self.observer.observe(&Event::Readiness(readiness));
        }
    }

    fn take(&mut self, finding: &Finding) {
        let item = &finding.item;
        for (audience, table) in &mut self.tables {
            if !item.breaks.iter().any(|word| word == audience.word()) {
                continue;
            }
            let id = item.id.clone();
            // A broken SHOULD is no obstacle, but what only matters to identity providers is one for them.
            let is_interop = item.level == Some(Level::Interop.word());
            match finding.status {
                Status::Fail => table.failures.push(id),
                Status::Warn if is_interop => table.warnings.push(id),
                Status::Blocked | Status::Error => table.undecided.push(id),
                Status::Skip => continue,
                Status::Pass | Status::Warn => {}
            }
            table.judged += 1;
        }
    }
}

impl<O: Observer> Observer for Judge<'_, O> {
    fn observe(&mut self, event: &Event) {
        if let Event::Finished(finding) = event {
            self.take(finding);
        }
        self.observer.observe(event);
    }
}

/// Takes the findings of replayed scenarios into a run of checks: what fails there stands in the way of the identity provider
/// whose traffic it is, and is no violation of an RFC by itself.
pub struct Replayed<'a, O> {
    observer: &'a mut O,
}

impl<'a, O: Observer> Replayed<'a, O> {
    /// Hands events on to `observer`.
    pub fn new(observer: &'a mut O) -> Self {
        Self { observer }
    }
}

impl<O: Observer> Observer for Replayed<'_, O> {
    fn observe(&mut self, event: &Event) {
        match event {
            Event::ItemStarted(item) => self.observer.observe(&Event::ItemStarted(replayed(item))),
            Event::Exchanged { item, step, exchange } => {
                let (item, step, exchange) = (replayed(item), step.clone(), exchange.clone());
                self.observer.observe(&Event::Exchanged { item, step, exchange });
            }
            Event::Finished(finding) => self.observer.observe(&Event::Finished(Box::new(taken(finding)))),
            other => self.observer.observe(other),
        }
    }
}

/// Who sends the traffic of a scenario, from the word for its dialect; nobody where it is a product whose readiness is not
/// judged.
pub fn audience(dialect: &str) -> Option<Audience> {
    let product = dialect.split('-').next().unwrap_or(dialect);
    match product {
        "pingfederate" | "pingone" => Some(Audience::Ping),
        _ => Audience::IDPS.into_iter().find(|audience| audience.word() == product),
    }
}

fn replayed(item: &Item) -> Arc<Item> {
    let breaks = item.id.rsplit_once('@').and_then(|(_, dialect)| audience(dialect));
    Arc::new(Item {
        id: format!("scenario:{}", item.id),
        topic: "scenarios".to_owned(),
        level: Some(Level::Interop.word()),
        breaks: breaks.into_iter().map(|audience| audience.word().to_owned()).collect(),
        ..item.clone()
    })
}

fn taken(finding: &Finding) -> Finding {
    let status = match finding.status {
        Status::Fail => Status::Warn,
        other => other,
    };
    let problem = |diagnostic: &Diagnostic| {
        let place = diagnostic.source.as_ref().zip(diagnostic.line_column());
        let place = place.map(|(source, (line, _))| format!(" ({}:{line})", source.path)).unwrap_or_default();
        Problem {
            severity: Severity::Concern,
            requirements: Vec::new(),
            what: format!("{}{place}", diagnostic.title),
            expected: None,
            got: (!diagnostic.notes.is_empty()).then(|| diagnostic.notes.join("\n")),
            // A scenario ends at its first step that fails.
            exchange: finding.exchanges.len().checked_sub(1),
        }
    };
    Finding {
        item: replayed(&finding.item),
        status,
        problems: finding.diagnostics.iter().map(problem).collect(),
        diagnostics: Vec::new(),
        snapshot: None,
        difference: None,
        ..finding.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Last(Vec<Readiness>);

    impl Observer for Last {
        fn observe(&mut self, event: &Event) {
            if let Event::Readiness(readiness) = event {
                self.0.clone_from(readiness);
            }
        }
    }

    fn judged(findings: &[(&str, Level, Status)]) -> Readiness {
        let mut last = Last(Vec::new());
        let audiences = [Audience::Okta];
        let mut judge = Judge::new(&audiences, &mut last);
        for (id, level, status) in findings {
            let item = Arc::new(Item {
                id: (*id).to_owned(),
                title: String::new(),
                topic: String::new(),
                level: Some(level.word()),
                requirements: Vec::new(),
                breaks: vec!["okta".to_owned()],
                file: None,
            });
            judge.observe(&Event::Finished(Box::new(Finding::plain(item, *status, ""))));
        }
        judge.finish();
        last.0.remove(0)
    }

    #[test]
    fn every_dialect_belongs_to_an_identity_provider_or_is_not_judged() {
        let not_judged = crate::idp::Dialect::WORDS.iter().filter(|(word, _)| audience(word).is_none());
        let words: Vec<&str> = not_judged.map(|(word, _)| *word).collect();
        assert_eq!(words, ["google", "rippling", "authentik"]);
        assert_eq!(audience("entra-aadoptscim"), Some(Audience::Entra));
    }

    #[test]
    fn ready_is_who_has_no_obstacle_and_no_open_question() {
        use Level::{Interop, Must, Should};
        use Status::{Blocked, Fail, Pass, Skip, Warn};
        assert!(judged(&[("a", Must, Pass), ("b", Should, Warn), ("c", Must, Skip)]).ready);
        let not = judged(&[("b", Interop, Warn), ("a", Must, Fail), ("c", Must, Pass)]);
        assert_eq!((not.ready, not.blockers), (false, vec!["a".to_owned(), "b".to_owned()]));
        let open = judged(&[("a", Must, Blocked), ("b", Must, Pass)]);
        assert_eq!((open.ready, open.undecided), (false, vec!["a".to_owned()]));
        assert!(!judged(&[("a", Must, Skip)]).ready, "nothing was judged");
    }
}
