//! Bugs of sorting.

use std::cmp::Ordering;

use serde_json::Value;

use super::Defect;
use super::message::{Answer, Asked};

/// The text that a list is sorted by.
fn key(resource: &Value, by: &str) -> Option<String> {
    let value = by.split('.').try_fold(resource, |value, name| value.get(name))?;
    Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// Sorts what a page shows once more.
fn sort_again(asked: &Asked, answer: &mut Answer, order: fn(&Option<String>, &Option<String>) -> Ordering) {
    let Some(by) = asked.parameter("sortBy").filter(|_| asked.is_list()) else { return };
    let is_descending = asked.parameter("sortOrder").is_some_and(|order| order == "descending");
    if let Some(Value::Array(resources)) = answer.json.get_mut("Resources") {
        resources.sort_by(|a, b| {
            let ordering = order(&key(a, &by), &key(b, &by));
            if is_descending { ordering.reverse() } else { ordering }
        });
    }
}

/// The table.
pub(super) const DEFECTS: &[Defect] = &[
    Defect {
        id: "sort-ignored",
        title: "ServiceProviderConfig announces sorting, and `sortBy` is ignored",
        seen: &["Yuzu#2027"],
        breaks: &["RFC7644-3.4.2.3-02", "RFC7643-5-20", "RFC7644-3.4.2.3-03"],
        about: "The order of a list is any order. Clients that stop at the first resource behind a limit miss the rest.",
        profile: "rfc",
        install: |seams| seams.on_profile(|profile| profile.features.sort = false),
    },
    Defect {
        id: "sort-descending-ignored",
        title: "`sortOrder=descending` is ignored",
        seen: &[],
        breaks: &["RFC7644-3.4.2.3-07"],
        about: "The oldest comes first where the newest was asked for. Clients that only read the first page never see a \
                change.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| {
                query.descending = false;
                Ok(())
            });
        },
    },
    Defect {
        id: "sort-descending-by-default",
        title: "without `sortOrder` the order is descending",
        seen: &[],
        breaks: &["RFC7644-3.4.2.3-08"],
        about: "The default is the wrong way round. Merging two sorted lists goes wrong from the first resource on.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                if asked.is_list()
                    && asked.parameter("sortBy").is_some()
                    && asked.parameter("sortOrder").is_none()
                {
                    asked.set_parameter("sortOrder", "descending");
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "sort-case-sensitive",
        title: "userNames are sorted with capital letters first",
        seen: &[],
        breaks: &["RFC7644-3.4.2.3-09"],
        about: "`Zoe` comes before `adam`. Clients that merge the list with their own miss people.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                sort_again(asked, answer, |a, b| a.is_none().cmp(&b.is_none()).then(a.cmp(b)))
            })
        },
    },
    Defect {
        id: "sort-missing-first",
        title: "resources without a value come first in ascending order",
        seen: &[],
        breaks: &["RFC7644-3.4.2.3-06"],
        about: "The database puts NULL first. The first pages of a sorted list hold those who have nothing to sort by.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                sort_again(asked, answer, |a, b| match (a, b) {
                    (None, Some(_)) => Ordering::Less,
                    (Some(_), None) => Ordering::Greater,
                    _ => Ordering::Equal,
                });
            });
        },
    },
    Defect {
        id: "sort-after-paging",
        title: "each page is sorted by itself",
        seen: &[],
        breaks: &["RFC7644-3.4.2.3-12", "RFC7644-3.4.2.3-02"],
        about: "The page is cut before it is sorted. The first page does not hold the first people.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| {
                query.sort_by = None;
                Ok(())
            });
            seams.on_answer(|asked, answer| {
                sort_again(asked, answer, |a, b| {
                    let fold = |key: &Option<String>| key.as_ref().map(|text| text.to_lowercase());
                    a.is_none().cmp(&b.is_none()).then_with(|| fold(a).cmp(&fold(b)))
                });
            });
        },
    },
    Defect {
        id: "sort-ignores-primary",
        title: "multi-valued attributes are sorted by their first value, not the primary one",
        seen: &[],
        breaks: &["RFC7644-3.4.2.3-04"],
        about: "A list that is sorted by e-mail goes by an address that nobody uses. The order changes when addresses are \
                added.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                let by = asked.parameter("sortBy").unwrap_or_default();
                let name = by.split('.').next().unwrap_or_default();
                let first =
                    |resource: &Value| resource.pointer(&format!("/{name}/0/value")).map(Value::to_string);
                if let Some(Value::Array(resources)) = answer.json.get_mut("Resources")
                    && resources.iter().any(|resource| first(resource).is_some())
                {
                    resources.sort_by_key(first);
                }
            });
        },
    },
];
