//! Bugs of what the operations of a PATCH do to values.

use serde_json::{Map, Value};

use super::Defect;
use super::seams::Writing;
use super::tools::{elements, elements_mut, is_list, key_of};
use crate::protocol::error::ScimError;
use crate::protocol::filter::{ElementFilter, Filter};
use crate::protocol::patch::{Op, Operation, OperationPath};
use crate::protocol::policy::Policy;

/// The path of an operation on a whole attribute without a filter: its name.
pub(super) fn whole(operation: &Operation) -> Option<&str> {
    let path = &operation.path.as_ref()?.parsed;
    let is_whole = path.filter.is_none() && path.sub.is_none() && path.attr.sub.is_none();
    is_whole.then_some(path.attr.name.as_str())
}

/// The filter of the path of an operation.
pub(super) fn filter(operation: &Operation) -> Option<&Filter> {
    operation.path.as_ref()?.parsed.filter.as_ref()
}

/// The attribute of a path with a filter, and the places of the elements that it picks in the stored resource.
pub(super) fn picked<'o>(writing: &Writing<'_>, operation: &'o Operation) -> Option<(&'o str, Vec<usize>)> {
    let path = &operation.path.as_ref()?.parsed;
    let attribute = writing.schema.attribute(&path.attr.name)?;
    let filter = ElementFilter::new(path.filter.as_ref()?, attribute, &Policy::INTEROP).ok()?;
    let list = elements(writing.old(&attribute.name)).iter().enumerate();
    let places = list.filter(|(_, element)| filter.matches(element)).map(|(at, _)| at);
    Some((path.attr.name.as_str(), places.collect()))
}

/// An operation that takes a whole attribute away.
fn removal(name: &str) -> Operation {
    let attr = crate::protocol::attr::AttrPath::simple(name);
    let parsed = crate::protocol::path::PatchPath { attr, filter: None, sub: None };
    Operation { op: Op::Remove, path: Some(OperationPath { text: name.to_owned(), parsed }), value: None }
}

/// Whether an attribute is complex and singular.
fn is_complex(writing: &Writing<'_>, name: &str) -> bool {
    writing.schema.attribute(name).is_some_and(|a| a.is_complex() && !a.multi_valued)
}

/// Takes away the complex attribute that an operation of that kind sets, before it does.
fn clear_before(writing: &Writing<'_>, operations: &mut Vec<Operation>, op: Op) {
    let mut all = Vec::new();
    for operation in std::mem::take(operations) {
        let names: Vec<String> = match (&operation.value, whole(&operation)) {
            (Some(Value::Object(members)), None) if operation.path.is_none() => {
                members.keys().cloned().collect()
            }
            (_, name) => name.map(str::to_owned).into_iter().collect(),
        };
        let cleared = names.iter().filter(|name| operation.op == op && is_complex(writing, name));
        all.extend(cleared.map(|name| removal(name)));
        all.push(operation);
    }
    *operations = all;
}

/// The members of a path-less value.
fn members(operation: &Operation) -> Option<&Map<String, Value>> {
    operation.value.as_ref().filter(|_| operation.path.is_none())?.as_object()
}

/// The table.
pub(super) const DEFECTS: &[Defect] = &[
    Defect {
        id: "patch-add-replaces-list",
        title: "`add` to a multi-valued attribute replaces its values",
        seen: &["PostHog/posthog#47336", "msaad00/agent-bom PR#3540"],
        breaks: &["RFC7644-3.5.2.1-08"],
        about: "What is added takes the place of what was there. Adding one member to a group removes everybody else.",
        profile: "rfc",
        install: |seams| {
            seams.on_patch(|writing, request| {
                for operation in request.operations.iter_mut().filter(|operation| operation.op == Op::Add) {
                    if whole(operation).is_some_and(|name| is_list(writing, name)) {
                        operation.op = Op::Replace;
                    }
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "patch-add-duplicates",
        title: "`add` of a value that is there already stores it twice",
        seen: &["AzureAD/SCIMReferenceCode#10", "wso2/product-is#5333"],
        breaks: &["RFC7644-3.5.2.1-13", "RFC7643-2.4-11", "Q-G04"],
        about: "Values are appended without a look at what is there. A client that repeats a request after a timeout \
                doubles the list.",
        profile: "rfc",
        install: |seams| {
            seams.on_patched(|writing, request, resource| {
                for operation in request.operations.iter().filter(|operation| operation.op == Op::Add) {
                    let Some(name) = whole(operation).filter(|name| is_list(writing, name)) else { continue };
                    let old = elements(writing.old(name));
                    let added: Vec<Value> = match &operation.value {
                        Some(Value::Array(list)) => list.clone(),
                        one => one.clone().into_iter().collect(),
                    };
                    let again = old.iter().filter(|old| added.iter().any(|new| key_of(new) == key_of(old)));
                    if let Some(list) = elements_mut(resource, name) {
                        list.extend(again.cloned());
                    }
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "patch-add-clears-siblings",
        title: "`add` to a complex attribute clears the parts that it does not mention",
        seen: &[],
        breaks: &["RFC7644-3.5.2.1-07"],
        about: "Adding a middle name removes family name and given name. The person is nameless until the next full \
                update.",
        profile: "rfc",
        install: |seams| {
            seams.on_patch(|writing, request| {
                clear_before(writing, &mut request.operations, Op::Add);
                Ok(())
            });
        },
    },
    Defect {
        id: "patch-replace-clears-siblings",
        title: "`replace` of a complex attribute clears the parts that it does not mention",
        seen: &["Metatavu/keycloak-scim-server#105"],
        breaks: &["RFC7644-3.5.2.3-08"],
        about: "The value is exchanged as a whole where it must be merged. A change of the family name loses the given \
                name.",
        profile: "rfc",
        install: |seams| {
            seams.on_patch(|writing, request| {
                clear_before(writing, &mut request.operations, Op::Replace);
                Ok(())
            });
        },
    },
    Defect {
        id: "patch-add-refuses-existing",
        title: "`add` to a singular attribute that has a value is refused",
        seen: &[],
        breaks: &["RFC7644-3.5.2.1-09", "RFC7644-3.5.2.1-12", "Q-U08"],
        about: "`add` is read as `only if it is not there`. Entra ID sends `add` for changes too, and gets an error for \
                each.",
        profile: "rfc",
        install: |seams| {
            seams.on_patch(|writing, request| {
                let adds = request.operations.iter().filter(|operation| operation.op == Op::Add);
                let taken = adds.filter_map(whole).find(|name| {
                    let is_simple = !is_list(writing, name) && !is_complex(writing, name);
                    is_simple && writing.old(name).is_some()
                });
                match taken {
                    Some(name) => Err(ScimError::invalid_value(format!("`{name}` has a value already"))),
                    None => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "patch-replace-refuses-absent",
        title: "`replace` of an attribute without a value is refused",
        seen: &[],
        breaks: &["RFC7644-3.5.2.3-06", "Q-U09"],
        about: "What is not there cannot be replaced. Entra ID sends `replace` without knowing what the application has, \
                so that new values never arrive.",
        profile: "rfc",
        install: |seams| {
            seams.on_patch(|writing, request| {
                let replaced = request.operations.iter().filter(|operation| operation.op == Op::Replace);
                match replaced.filter_map(whole).find(|name| writing.old(name).is_none()) {
                    Some(name) => Err(ScimError::no_target(format!("`{name}` has no value"))),
                    None => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "patch-replace-appends",
        title: "`replace` of a multi-valued attribute adds to its values",
        seen: &["keycloak/keycloak#52752"],
        breaks: &["RFC7644-3.5.2.3-04"],
        about: "Old values stay beside the new ones. Addresses and memberships that were taken away live on.",
        profile: "rfc",
        install: |seams| {
            seams.on_patch(|writing, request| {
                for operation in request.operations.iter_mut().filter(|operation| operation.op == Op::Replace)
                {
                    if whole(operation).is_some_and(|name| is_list(writing, name)) {
                        operation.op = Op::Add;
                    }
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "patch-replace-filter-drops-others",
        title: "`replace` with a filter drops the values that it does not pick",
        seen: &["Captain-P-Goldfish/SCIM-SDK#201"],
        breaks: &["RFC7644-3.5.2.3-09", "RFC7644-3.5.2.3-10", "Q-U28"],
        about: "The picked value is written back as if it were all of them. A change of the work address loses the \
                private one.",
        profile: "rfc",
        install: |seams| {
            seams.on_patched(|writing, request, resource| {
                for operation in request.operations.iter().filter(|operation| operation.op == Op::Replace) {
                    let Some((name, places)) = picked(writing, operation) else { continue };
                    if let Some(list) = elements_mut(resource, name).filter(|_| !places.is_empty()) {
                        let mut place = 0;
                        list.retain(|_| {
                            place += 1;
                            places.contains(&(place - 1))
                        });
                    }
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "patch-replace-filter-first-only",
        title: "`replace` with a filter changes only the first value that it picks",
        seen: &[],
        breaks: &["RFC7644-3.5.2.3-09", "RFC7644-3.5.2.3-10"],
        about: "The search ends with the first match. Two values of the same kind get out of step.",
        profile: "rfc",
        install: |seams| {
            seams.on_patched(|writing, request, resource| {
                for operation in request.operations.iter().filter(|operation| operation.op == Op::Replace) {
                    let Some((name, places)) = picked(writing, operation) else { continue };
                    let old = elements(writing.old(name)).to_vec();
                    let Some(list) = elements_mut(resource, name) else { continue };
                    for place in places.into_iter().skip(1) {
                        if let (Some(new), Some(old)) = (list.get_mut(place), old.get(place)) {
                            *new = old.clone();
                        }
                    }
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "patch-replace-without-match-succeeds",
        title: "`replace` whose filter matches nothing is answered 200",
        seen: &["simpleidserver/SimpleIdServer#58"],
        breaks: &["RFC7644-3.5.2.3-11", "RFC7644-3.12-25"],
        about: "An operation without a target is skipped without an error. The client believes that the value was \
                changed.",
        profile: "rfc",
        install: |seams| {
            seams.on_patch(|writing, request| {
                request.operations.retain(|operation| {
                    let misses = picked(writing, operation).is_some_and(|(_, places)| places.is_empty());
                    operation.op != Op::Replace || !misses
                });
                Ok(())
            });
        },
    },
    Defect {
        id: "patch-without-path-replaces-all",
        title: "`replace` without a path clears every attribute that it does not list",
        seen: &[],
        breaks: &["RFC7644-3.5.2.3-02", "Q-U03"],
        about: "A partial change is treated as the whole resource. When Okta deactivates somebody, name and addresses are \
                gone.",
        profile: "rfc",
        install: |seams| {
            seams.on_patched(|writing, request, resource| {
                let mut replaced = request.operations.iter().filter(|operation| operation.op == Op::Replace);
                if let Some(listed) = replaced.find_map(members) {
                    resource.retain(|name, _| {
                        let is_listed = listed.keys().any(|key| key.eq_ignore_ascii_case(name));
                        let definition = writing.schema.attribute(name);
                        is_listed
                            || matches!(name.as_str(), "id" | "schemas")
                            || definition.is_some_and(|a| a.required)
                    });
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "patch-primary-not-reset",
        title: "a new primary value leaves the old one primary as well",
        seen: &["python-scim/scim2-models#116", "sourcegraph#49210", "wso2/product-is#3866"],
        breaks: &["RFC7644-3.5.2-22", "RFC7643-2.4-04", "Q-U29"],
        about: "Two addresses are primary at once. Which one gets the mail depends on the order in which they happen to be \
                stored.",
        profile: "rfc",
        install: |seams| {
            seams.on_patched(|writing, _, resource| {
                for (name, value) in resource.iter_mut() {
                    let was_primary = |element: &Value| {
                        let mut old = elements(writing.old(name)).iter();
                        old.any(|old| old["primary"] == true && key_of(old) == key_of(element))
                    };
                    for element in value.as_array_mut().into_iter().flatten() {
                        if was_primary(element) && element.is_object() {
                            element["primary"] = true.into();
                        }
                    }
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "patch-order-reversed",
        title: "the operations of a PATCH are applied from the last to the first",
        seen: &[],
        breaks: &["RFC7644-3.5.2-21", "Q-U32", "Q-G26"],
        about: "A removal followed by an addition ends without the value. Clients that replace a value in two steps lose \
                it.",
        profile: "rfc",
        install: |seams| {
            seams.on_patch(|_, request| {
                request.operations.reverse();
                Ok(())
            });
        },
    },
    Defect {
        id: "patch-add-ignored",
        title: "`add` is answered 200 and does nothing",
        seen: &["open-webui#30074"],
        breaks: &["RFC7644-3.5.2.1-05", "RFC7644-3.5.2.1-08", "RFC7644-3.5.2.1-10"],
        about: "Only `replace` is carried out. Nobody ever gets into a group, and no error says so.",
        profile: "rfc",
        install: |seams| {
            seams.on_patch(|_, request| {
                request.operations.retain(|operation| operation.op != Op::Add);
                Ok(())
            });
        },
    },
    Defect {
        id: "patch-loses-other-attributes",
        title: "a PATCH of anything loses `nickName`, `locale` and `timezone`",
        seen: &["pond/scimitar#6"],
        breaks: &["RFC7644-3.5.2.3-02", "RFC7644-3.5.2.1-03"],
        about: "The resource goes through a model that knows fewer attributes than the schema. Each PATCH drops what the \
                model has no place for.",
        profile: "rfc",
        install: |seams| {
            seams.on_patched(|_, request, resource| {
                for name in ["nickName", "locale", "timezone"] {
                    if !request.operations.iter().any(|operation| whole(operation) == Some(name)) {
                        resource.shift_remove(name);
                    }
                }
                Ok(())
            });
        },
    },
];
