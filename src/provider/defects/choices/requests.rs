//! What is made of requests.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::super::message::Asked;
use super::super::seams::{Switch, Writing};
use super::super::tools::each_text;
use super::{Choice, against_advice, doing};
use crate::protocol::attr::AttrPath;
use crate::protocol::error::ScimError;
use crate::protocol::filter::{self, ElementFilter};
use crate::protocol::message::SEARCH_REQUEST;
use crate::protocol::patch::Op;
use crate::protocol::path::PatchPath;
use crate::protocol::policy::Policy;

pub(super) const CHOICES: &[Choice] = &[
    against_advice(
        &["membership.remove-stranger"],
        doing(
            "unmatched-remove-refused",
            "`remove` of an element that is not there is 400 noTarget",
            "RFC 7644 table 9",
            |seams| {
                seams.on_patch(|writing, request| {
                    // What was added before is not stored yet.
                    let first = request.operations.iter().take_while(|operation| operation.op == Op::Remove);
                    for operation in first {
                        let filtered = operation
                            .path
                            .as_ref()
                            .map(|path| &path.parsed)
                            .filter(|path| path.filter.is_some());
                        if filtered.is_some_and(|path| !matches_any(writing, path)) {
                            return Err(ScimError::no_target("nothing matches"));
                        }
                    }
                    Ok(())
                });
            },
        ),
    ),
    doing(
        "created-on-absent",
        "`add` through a filter that nothing matches creates the element",
        "erratum 8097",
        |seams| {
            seams.on_profile(|profile| profile.policy.create_on_absent = true);
        },
    ),
    doing(
        "unknown-attribute-finds-nothing",
        "a filter on an unknown attribute finds nothing",
        "RFC 7644 §3.4.2.1",
        |seams| {
            seams.on_query(|types, query| {
                let Some(filter) = &query.filter else { return Ok(()) };
                let known = |path: &AttrPath| types.iter().any(|schema| schema.bind(path).is_ok());
                if !filter.paths().iter().all(known)
                    && let Ok(nobody) = filter::parse("id eq \"nobody\"")
                {
                    query.filter = Some(nobody);
                }
                Ok(())
            });
        },
    ),
    doing(
        "defaults",
        "a new user gets a displayName and is active",
        "RFC 7644 §3.3: defaults are the provider's",
        |seams| {
            seams.on_written(|writing, resource| {
                if writing.schema.resource_type.name == "User" && writing.method == "POST" {
                    let name = resource.get("userName").cloned().unwrap_or_default();
                    resource.entry("displayName").or_insert(name);
                    resource.entry("active").or_insert(json!(true));
                }
                Ok(())
            });
        },
    ),
    against_advice(
        &["discovery.filter-refused"],
        doing(
            "discovery-ignores-filters",
            "discovery with a filter is answered as without",
            "RFC 7644 §4: a SHOULD at most",
            |seams| {
                seams.on_request(|asked: &mut Asked| {
                    if asked.is_discovery() {
                        asked.drop_parameter("filter");
                    }
                    Ok(())
                });
            },
        ),
    ),
    against_advice(
        &["create.unicode", "values.spaces"],
        doing(
            "trimmed-texts",
            "white space at both ends of a text is dropped",
            "RFC 7643 §2.3.1 leaves it open; what is stored is not what was sent",
            |seams| {
                seams.on_written(|_, resource| {
                    for (name, value) in resource.iter_mut() {
                        if !matches!(name.as_str(), "schemas" | "id") {
                            each_text(value, |text| {
                                if text.trim().len() != text.len() && !text.trim().is_empty() {
                                    *text = text.trim().to_owned();
                                }
                            });
                        }
                    }
                    Ok(())
                });
            },
        ),
    ),
    doing(
        "unknown-path-skipped",
        "a path to an unknown attribute does nothing",
        "RFC 7644 §3.5.2",
        |seams| {
            seams.on_patch(|writing, request| {
                let is_known = |path: &PatchPath| writing.schema.bind(&path.attr).is_ok();
                request
                    .operations
                    .retain(|operation| operation.path.as_ref().is_none_or(|path| is_known(&path.parsed)));
                Ok(())
            });
        },
    ),
    doing(
        "search-without-schemas",
        "a search without the SearchRequest URN is a search all the same",
        "RFC 7644 §3.4.3 obliges clients",
        |seams| {
            seams.on_request(|asked| {
                if asked.is_search() && asked.json.is_object() {
                    asked.json["schemas"] = json!([SEARCH_REQUEST]);
                }
                Ok(())
            });
        },
    ),
    doing(
        "version-in-path",
        "only paths with the version of the protocol exist",
        "RFC 7644 §3.13: what is done without is a SHOULD",
        |seams| {
            seams.on_request(|asked| match asked.has_version() {
                false => Err(ScimError::status(404, "not found")),
                true => Ok(()),
            });
        },
    ),
    doing(
        "filter-on-password",
        "a filter on the password in the URL is answered",
        "RFC 7644 §7.5.2: 403 is a SHOULD",
        |seams| {
            seams.on_request(|asked| {
                if asked.method == "GET"
                    && asked.parameter("filter").is_some_and(|text| text.contains("password"))
                {
                    asked.set_parameter("filter", "nickName eq \"password\"");
                }
                Ok(())
            });
        },
    ),
    doing(
        "conflict-before-missing",
        "PUT on an unknown id with a userName that is taken is answered 409",
        "RFC 7644 §3.12: which of two errors is told is open",
        |seams| seams.switch(Switch::PutConflictsFirst),
    ),
    doing(
        "unknown-members-kept",
        "a member that does not exist is stored",
        "RFC 7643 §2.3.7: integrity of references is a SHOULD",
        |seams| seams.switch(Switch::DanglingMembers),
    ),
    doing("numeric-ids", "ids are numbers", "RFC 7643 §3.1: opaque", |seams| {
        seams.on_id(|_, id| *id = next_number().to_string());
    }),
    doing("hexadecimal-ids", "ids have 24 hexadecimal digits", "RFC 7643 §3.1: opaque", |seams| {
        seams.on_id(|_, id| *id = format!("65f{:021x}", next_number()));
    }),
    doing(
        "first-is-primary",
        "where no element of a new user is primary, the first one is",
        "RFC 7643 §2.4: at most one is",
        |seams| {
            seams.on_written(|writing, resource| {
                for name in ["emails", "phoneNumbers"].into_iter().filter(|_| writing.method == "POST") {
                    let elements = resource.get_mut(name).and_then(Value::as_array_mut);
                    let Some(elements) = elements else { continue };
                    let is_primary = |element: &Value| element.get("primary") == Some(&Value::Bool(true));
                    if !elements.iter().any(is_primary)
                        && let Some(first) = elements.first_mut().and_then(Value::as_object_mut)
                    {
                        first.insert("primary".to_owned(), Value::Bool(true));
                    }
                }
                Ok(())
            });
        },
    ),
    doing("duplicates-merged", "elements that are the same are stored once", "RFC 7643 §2.4", |seams| {
        seams.on_written(|_, resource| {
            for elements in resource.iter_mut().filter_map(|(_, value)| value.as_array_mut()) {
                let mut seen: Vec<Value> = Vec::new();
                elements.retain(|element| {
                    let is_new = !seen.contains(element);
                    if is_new {
                        seen.push(element.clone());
                    }
                    is_new
                });
            }
            Ok(())
        });
    }),
    doing(
        "no-root-query",
        "queries of everything are not offered",
        "RFC 7644 §3.4.2.1: may be 501",
        |seams| {
            seams.on_request(|asked| match asked.endpoint() {
                "" | ".search" => Err(ScimError::status(501, "queries of everything are not offered")),
                _ => Ok(()),
            });
        },
    ),
];

/// A number that no other resource has.
fn next_number() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(1000);
    LAST.fetch_add(1, Ordering::Relaxed)
}

/// Whether any stored element satisfies the filter of a path.
fn matches_any(writing: &Writing<'_>, path: &PatchPath) -> bool {
    let (Some(filter), Ok(bound)) = (&path.filter, writing.schema.bind(&path.attr)) else { return false };
    let Some(attribute) = bound.leaf() else { return false };
    let Ok(compiled) = ElementFilter::new(filter, attribute, &Policy::STRICT) else { return false };
    let stored = writing.old(&attribute.name).and_then(Value::as_array);
    stored.into_iter().flatten().any(|element| compiled.matches(element))
}
