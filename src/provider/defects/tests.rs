use std::collections::HashSet;

use super::*;
use crate::provider::profile::Profile;

#[test]
fn ids_are_unique_and_in_kebab_case() {
    let mut seen = HashSet::new();
    for defect in Defect::all() {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let id = defect.id;
        assert!(
            id.chars().all(fits) && !id.starts_with('-') && !id.ends_with('-') && !id.contains("--"),
            "{id}"
        );
        assert!(seen.insert(id), "{id} is there twice");
    }
}

#[test]
fn what_is_broken_exists() {
    let catalogue = include_str!("../../conformance/catalogue/requirements.csv");
    let known: HashSet<&str> = catalogue.lines().filter_map(|line| line.split(',').next()).collect();
    let quirk = regex::Regex::new(r"^Q-[A-Z]\d\d$").unwrap();
    for defect in Defect::all() {
        assert!(!defect.breaks.is_empty(), "{}", defect.id);
        for id in defect.breaks {
            assert!(known.contains(id) || quirk.is_match(id), "{}: {id}", defect.id);
        }
    }
}

#[test]
fn every_entry_is_complete() {
    for defect in Defect::all() {
        let id = defect.id;
        assert!(Profile::names().any(|name| name == defect.profile), "{id}: {}", defect.profile);
        assert!(
            !defect.title.is_empty() && !defect.title.ends_with('.') && defect.title.len() <= 100,
            "{id}"
        );
        let sentences = defect.about.matches(". ").count() + 1;
        assert!((2..=4).contains(&sentences) && defect.about.ends_with('.'), "{id}: {sentences} sentences");
        assert!(!defect.about.contains("  "), "{id}");
        let mut seams = Seams::default();
        (defect.install)(&mut seams);
        assert!(!defect.topic().is_empty(), "{id}");
    }
}

#[test]
fn an_unknown_name_gets_the_nearest_one() {
    let id = TOPICS[0].defects[0].id;
    let error = Defect::named(&format!("{id}x")).unwrap_err().to_string();
    assert_eq!(error, format!("there is no defect `{id}x`; did you mean `{id}`?"));
    assert_eq!(Defect::named("").unwrap_err().to_string(), "there is no defect ``");
}
