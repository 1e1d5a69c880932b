//! What the run says about the RFCs, by section.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::super::collected::Collected;
use super::super::words;
use super::finding::address;
use super::{Text, link};
use crate::conformance::catalogue::{self, Requirement};
use crate::event::{Kind, Status};

/// The statements of one section that this run is about.
struct Section<'a> {
    rfc: u16,
    section: &'a str,
    /// Broken statements, each with the finding that says so.
    broken: Vec<(&'a str, &'a str)>,
    /// How many were found to hold.
    holds: usize,
    /// How many could not be judged this time.
    open: usize,
    /// How many there are that can be judged from outside.
    decidable: usize,
}

/// Width of a bar.
const BAR: usize = 120;

/// The section of the page; nothing where no check ran.
pub(super) fn section(run: &Collected) -> Markup {
    let sections = sections(run);
    if run.kind != Kind::Check || sections.is_empty() {
        return html! {};
    }
    let sum = |number: fn(&Section<'_>) -> usize| sections.iter().map(number).sum::<usize>();
    let (broken, holds, open) = (sum(|s| s.broken.len()), sum(|s| s.holds), sum(|s| s.open));
    html! {
        section aria-labelledby="by-section" {
            h2 id="by-section" { "The RFCs by section" }
            p {
                "Of the statements that the checks of this run name, " (words::count(holds, "statement"))
                @if holds == 1 { " holds, " } @else { " hold, " }
                (broken) @if broken == 1 { " is" } @else { " are" } " broken, "
                (open) " could not be judged. Sections that no check of this run is about are left out."
            }
            div.wide tabindex="0" role="region" aria-labelledby="by-section" {
                table.coverage {
                    thead { tr {
                        th scope="col" { "Section" } th scope="col" { "Judged" } th scope="col" { "Holds" }
                        th scope="col" { "Broken" } th scope="col" { "Not judged" } th scope="col" { "" }
                    } }
                    tbody { @for section in &sections { (row(section)) } }
                }
            }
        }
    }
}

fn row(section: &Section<'_>) -> Markup {
    let judged = section.holds + section.broken.len();
    let width = |number: usize| number * BAR / section.decidable.max(1);
    let (holds, broken, open) = (width(section.holds), width(section.broken.len()), width(section.open));
    html! {
        tr {
            th scope="row" {
                a rel="noreferrer" href=(address(section.rfc, section.section)) {
                    "RFC " (section.rfc) " §" (section.section)
                }
            }
            td { (judged) " of " (section.decidable) }
            td { (section.holds) }
            td {
                (section.broken.len())
                @if !section.broken.is_empty() {
                    ul.ids { @for (rule, finding) in &section.broken { li { a href=(link(finding)) { (Text(rule)) } } } }
                }
            }
            td { (section.open) }
            td {
                svg.bar width=(BAR) height="10" aria-hidden="true" {
                    rect.rest width=(BAR) height="10" {}
                    rect.holds width=(holds) height="10" {}
                    rect.broken x=(holds) width=(broken) height="10" {}
                    rect.open x=(holds + broken) width=(open) height="10" {}
                }
            }
        }
    }
}

/// The sections that the checks of the run name, in the order of the catalogue.
fn sections(run: &Collected) -> Vec<Section<'_>> {
    let mut broken: BTreeMap<&str, &str> = BTreeMap::new();
    let mut held: BTreeSet<&str> = BTreeSet::new();
    let mut named: BTreeSet<&str> = BTreeSet::new();
    for finding in &run.findings {
        let item = &finding.item;
        named.extend(item.requirements.iter().map(String::as_str));
        for id in finding.problems.iter().flat_map(|problem| &problem.requirements) {
            broken.entry(id).or_insert(&item.id);
        }
        if finding.status == Status::Pass {
            held.extend(item.requirements.iter().map(String::as_str));
        }
    }
    let mut sections: Vec<Section<'_>> = Vec::new();
    let is_counted = |requirement: &&Requirement| {
        requirement.is_decidable()
            || named.contains(requirement.id.as_str())
            || broken.contains_key(&*requirement.id)
    };
    for requirement in catalogue::requirements().iter().filter(is_counted) {
        let id = requirement.id.as_str();
        let is_it =
            |section: &Section<'_>| section.rfc == requirement.rfc && section.section == requirement.section;
        let at = sections.iter().position(is_it).unwrap_or_else(|| {
            let (rfc, section) = (requirement.rfc, requirement.section.as_str());
            sections.push(Section { rfc, section, broken: Vec::new(), holds: 0, open: 0, decidable: 0 });
            sections.len() - 1
        });
        let section = &mut sections[at];
        section.decidable += 1;
        if let Some(finding) = broken.get(id) {
            section.broken.push((id, finding));
        } else if held.contains(id) {
            section.holds += 1;
        } else if named.contains(id) {
            section.open += 1;
        }
    }
    sections.retain(|section| section.holds + section.open + section.broken.len() > 0);
    sections
}
