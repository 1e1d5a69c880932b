//! Bugs of `remove` in a PATCH.

use serde_json::Value;

use super::Defect;
use super::patch::{filter, picked, whole};
use super::tools::{elements, is_list, key_of};
use crate::protocol::filter::Filter;
use crate::protocol::patch::{Op, Operation, OperationPath};
use crate::protocol::policy::Policy;

/// The table.
pub(super) const DEFECTS: &[Defect] = &[
    Defect {
        id: "patch-remove-filter-removes-all",
        title: "`remove` with a filter removes every value",
        seen: &["AzureAD/SCIMReferenceCode#10", "simpleidserver/SimpleIdServer#164"],
        breaks: &["RFC7644-3.5.2.2-04", "RFC7644-3.5.2.2-06", "Q-G02"],
        about: "The filter in the path is dropped and the whole attribute goes. Taking one person out of a group empties \
                the group.",
        profile: "rfc",
        install: |seams| {
            seams.on_patch(|_, request| {
                for operation in request.operations.iter_mut().filter(|operation| operation.op == Op::Remove)
                {
                    if let Some(path) = operation.path.as_mut().filter(|path| path.parsed.sub.is_none()) {
                        path.parsed.filter = None;
                    }
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "patch-remove-filter-ignored",
        title: "`remove` with a filter is answered 200 and does nothing",
        seen: &["goauthentik/authentik#24173", "goauthentik/authentik#25686"],
        breaks: &["RFC7644-3.5.2.2-04", "RFC7644-3.5.2.2-06", "Q-G02"],
        about: "The operation is accepted and skipped. Somebody who left the team keeps the access that the group gives.",
        profile: "rfc",
        install: |seams| {
            seams.on_patch(|_, request| {
                request
                    .operations
                    .retain(|operation| operation.op != Op::Remove || filter(operation).is_none());
                Ok(())
            });
        },
    },
    Defect {
        id: "patch-remove-and-filter-ignored",
        title: "`remove` with two conditions in its filter is answered 200 and does nothing",
        seen: &["wso2/product-is#7040"],
        breaks: &["RFC7644-3.5.2.2-06", "RFC7644-3.5.2-11"],
        about: "Only filters with a single comparison are understood, the others are skipped without an error. The value \
                stays where it is.",
        profile: "rfc",
        install: |seams| {
            seams.on_patch(|_, request| {
                let is_joined =
                    |operation: &Operation| matches!(filter(operation), Some(Filter::And(_) | Filter::Or(_)));
                request.operations.retain(|operation| operation.op != Op::Remove || !is_joined(operation));
                Ok(())
            });
        },
    },
    Defect {
        id: "patch-remove-shifts",
        title: "two filtered removals in one PATCH: the second hits the wrong value",
        seen: &["FusionAuth/fusionauth-issues#2834"],
        breaks: &["RFC7644-3.5.2.2-04", "RFC7644-3.5.2-21", "Q-G11"],
        about: "All positions are looked up first, and each removal moves what comes behind it. Removing two members at \
                once removes one of them and somebody else.",
        profile: "rfc",
        install: |seams| {
            seams.on_patched(|writing, request, resource| {
                let removals: Vec<&Operation> = request
                    .operations
                    .iter()
                    .filter(|operation| operation.op == Op::Remove && filter(operation).is_some())
                    .collect();
                let places: Vec<(&str, Vec<usize>)> =
                    removals.iter().filter_map(|operation| picked(writing, operation)).collect();
                let Some((name, _)) = places.first().filter(|_| places.len() > 1) else { return Ok(()) };
                let mut list = elements(writing.old(name)).to_vec();
                for place in places.iter().flat_map(|(_, places)| places) {
                    if *place < list.len() {
                        list.remove(*place);
                    } else {
                        list.pop();
                    }
                }
                match list.is_empty() {
                    true => drop(resource.shift_remove(*name)),
                    false => drop(resource.insert((*name).to_owned(), list.into())),
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "patch-remove-without-match-removes-last",
        title: "`remove` whose filter matches nothing removes the last value",
        seen: &["AzureAD/SCIMReferenceCode#87"],
        breaks: &["RFC7644-3.5.2.2-04", "RFC7644-3.5.2.2-12", "RFC7644-3.12-25"],
        about: "The position of what was not found is -1, and -1 counts from the end. Removing somebody who is no member \
                removes somebody who is.",
        profile: "rfc",
        install: |seams| {
            seams.on_patch(|writing, request| {
                for operation in request.operations.iter_mut().filter(|operation| operation.op == Op::Remove)
                {
                    let Some((name, places)) = picked(writing, operation) else { continue };
                    let last = elements(writing.old(name)).last().filter(|_| places.is_empty());
                    let Some(Value::String(value)) = last.map(key_of) else { continue };
                    let text = format!("{name}[value eq {}]", Value::from(value.as_str()));
                    if let Ok(parsed) = crate::protocol::path::parse(&text, &Policy::STRICT) {
                        operation.path = Some(OperationPath { text, parsed });
                    }
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "patch-remove-takes-first-only",
        title: "`remove` of a multi-valued attribute removes its first value only",
        seen: &[],
        breaks: &["RFC7644-3.5.2.2-03"],
        about: "An attribute that is to be cleared keeps all but one of its values. Emptying a group leaves nearly \
                everybody in it.",
        profile: "rfc",
        install: |seams| {
            seams.on_patched(|writing, request, resource| {
                let removals = request.operations.iter().filter(|operation| operation.op == Op::Remove);
                for name in removals.filter_map(whole).filter(|name| is_list(writing, name)) {
                    if let [_, rest @ ..] = elements(writing.old(name))
                        && !rest.is_empty()
                    {
                        resource.insert(name.to_owned(), rest.into());
                    }
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "patch-remove-part-removes-parent",
        title: "`remove` of a sub-attribute removes the whole attribute",
        seen: &[],
        breaks: &["RFC7644-3.5.2.2-07", "RFC7644-3.5.2.2-09"],
        about: "The part behind the dot is not looked at. Removing the middle name removes the name.",
        profile: "rfc",
        install: |seams| {
            seams.on_patch(|_, request| {
                for operation in request.operations.iter_mut().filter(|operation| operation.op == Op::Remove)
                {
                    if let Some(path) = &mut operation.path {
                        (path.parsed.attr.sub, path.parsed.sub) = (None, None);
                    }
                }
                Ok(())
            });
        },
    },
];
