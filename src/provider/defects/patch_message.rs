//! Bugs of the PatchOp message: its structure, its paths, what it may touch, its outcome.

use serde_json::{Value, json};

use super::Defect;
use super::message::Asked;
use super::patch::whole;
use super::seams::Switch;
use super::tools::{crash, define, succeeded};
use crate::protocol::attr::Bound;
use crate::protocol::error::ScimError;
use crate::protocol::message::PATCH_OP;
use crate::protocol::patch::{Op, Operation};
use crate::protocol::path;
use crate::protocol::policy::Policy;
use crate::protocol::schema::{ENTERPRISE_USER, GROUP, Mutability, TypeSchema, USER};

/// The operations of a PATCH, and nothing for other requests.
fn operations(asked: &mut Asked) -> Option<&mut Vec<Value>> {
    if asked.method == "PATCH" { asked.operations_mut() } else { None }
}

/// An operation that does nothing, so that a request keeps one.
fn nothing() -> Value {
    json!({ "op": "add", "value": {} })
}

/// Keeps the operations that fit.
fn retain(asked: &mut Asked, fits: fn(&Value) -> bool) {
    if let Some(operations) = operations(asked) {
        let had_some = !operations.is_empty();
        operations.retain(fits);
        if had_some && operations.is_empty() {
            operations.push(nothing());
        }
    }
}

/// What the path of an operation names, in that resource type.
fn bound<'s>(schema: &'s TypeSchema, operation: &Operation) -> Option<Bound<'s>> {
    schema.bind(&operation.path.as_ref()?.parsed.attr).ok()
}

/// The table.
pub(super) const DEFECTS: &[Defect] = &[
    Defect {
        id: "patch-needs-path",
        title: "an operation without a path is refused",
        seen: &["Metatavu/keycloak-scim-server#113"],
        breaks: &["RFC7644-3.5.2-07", "RFC7644-3.5.2.3-01", "RFC7644-3.5.2.1-03", "Q-U03"],
        about: "Only operations with a path are understood. Okta deactivates people without one, so that nobody who leaves \
                is locked out.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                let lacks_path = |operation: &Value| operation.get("path").is_none();
                match asked.method == "PATCH" && asked.operations().iter().any(lacks_path) {
                    true => Err(ScimError::invalid_path("`path` is required")),
                    false => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "patch-not-atomic",
        title: "operations before a failing one stay applied",
        seen: &["Captain-P-Goldfish/SCIM-SDK#200", "zulip#39869", "apache/directory-scimple#51"],
        breaks: &["RFC7644-3.5.2-23", "RFC7644-3.5.2-24", "Q-U16"],
        about: "Each operation is stored by itself. The client gets an error, takes the resource for unchanged, and is \
                wrong.",
        profile: "rfc",
        install: |seams| seams.switch(Switch::PatchByOperation),
    },
    Defect {
        id: "patch-skips-unknown-op",
        title: "an operation with an unknown `op` is skipped",
        seen: &["pydantic/logfire PR#2356", "langwatch/langwatch#7130"],
        breaks: &["RFC7644-3.5.2-06", "RFC7644-3.5.2-02"],
        about: "`move` is answered 200 and does nothing. Mistakes of clients stay unnoticed until somebody misses the \
                change.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                retain(asked, |operation| {
                    let op = operation.get("op").and_then(Value::as_str);
                    op.is_none_or(|op| {
                        ["add", "remove", "replace"].iter().any(|known| op.eq_ignore_ascii_case(known))
                    })
                });
                Ok(())
            });
        },
    },
    Defect {
        id: "patch-crashes-on-no-operations",
        title: "an empty `Operations` ends in an internal error",
        seen: &["scimmyjs/scimmy#59", "scimmyjs/scimmy#90", "AzureAD/SCIMReferenceCode#112"],
        breaks: &["RFC7644-3.5.2-04", "RFC7644-3.12-10", "Q-U17"],
        about: "The first operation is looked at without asking whether there is one. The validator of Entra ID sends \
                exactly that.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| match asked.method == "PATCH" && asked.operations().is_empty() {
                true => Err(crash("Index was out of range. Parameter name: index")),
                false => Ok(()),
            });
        },
    },
    Defect {
        id: "patch-removes-required",
        title: "`remove` of a required attribute is accepted",
        seen: &[],
        breaks: &["RFC7644-3.5.2.2-10", "RFC7644-3.5.2-12", "RFC7644-3.12-22"],
        about: "A user can lose the userName. The account is still there, and no look-up by name finds it.",
        profile: "rfc",
        install: |seams| {
            seams.on_schemas(|schemas| define(schemas, USER, "userName", |a| a.required = false));
            // Only PATCH forgets to look.
            seams.on_body(|writing, body| {
                let name = body.get("userName").filter(|name| !name.is_null());
                match !writing.is_group() && name.is_none() {
                    true => Err(ScimError::invalid_value("userName: is required")),
                    false => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "patch-ignores-read-only",
        title: "an operation on a readOnly attribute is answered 200 and does nothing",
        seen: &["SAP/scimono#176"],
        breaks: &["RFC7644-3.5.2-13", "RFC7644-3.5.2.2-11", "RFC7644-3.12-22"],
        about: "The client tries to change an id or the groups of a user and is told that it went well. The mistake comes \
                to light when the change is missed.",
        profile: "rfc",
        install: |seams| {
            seams.on_patch(|writing, request| {
                request.operations.retain(|operation| {
                    let bound = bound(writing.schema, operation);
                    let attribute = match &bound {
                        Some(Bound::Attribute { attribute, sub, .. }) => Some((*attribute, *sub)),
                        _ => None,
                    };
                    !attribute.is_some_and(|(attribute, sub)| {
                        let all = [Some(attribute), sub];
                        all.into_iter().flatten().any(|a| a.mutability == Mutability::ReadOnly)
                    })
                });
                Ok(())
            });
        },
    },
    Defect {
        id: "patch-changes-immutable",
        title: "an immutable sub-attribute can be changed",
        seen: &["keycloak/keycloak#51580"],
        breaks: &["RFC7644-3.5.2-14", "RFC7643-4.2-05", "RFC7643-7-24"],
        about: "The value of a member may be exchanged in place. A reference that others have noted points at somebody \
                else from then on.",
        profile: "rfc",
        install: |seams| {
            seams.on_schemas(|schemas| {
                for sub in ["members.value", "members.$ref", "members.type"] {
                    define(schemas, GROUP, sub, |a| a.mutability = Mutability::ReadWrite);
                }
            });
        },
    },
    Defect {
        id: "patch-allows-duplicates",
        title: "PATCH may give a user the userName of another one",
        seen: &["simpleidserver/SimpleIdServer#928"],
        breaks: &["RFC7644-3.5.2-30", "RFC7643-4.1.1-03", "Q-U26"],
        about: "Uniqueness is not checked on a rename. Afterwards two people share a name, and a look-up finds either of \
                them.",
        profile: "rfc",
        install: |seams| seams.switch(Switch::PatchUnchecked),
    },
    Defect {
        id: "patch-refuses-no-change",
        title: "a PATCH that changes nothing is refused",
        seen: &["better-auth/better-auth#8650"],
        breaks: &["RFC7644-3.5.2.1-14", "RFC7644-3.5.2.2-13", "Q-U24"],
        about: "Sending the value that is there already is an error. Entra ID repeats values in every cycle and puts the \
                application into quarantine.",
        profile: "rfc",
        install: |seams| {
            seams.on_patched(|writing, _, resource| match writing.current == Some(&*resource) {
                true => Err(ScimError::invalid_value("No valid fields to update")),
                false => Ok(()),
            });
        },
    },
    Defect {
        id: "patch-keeps-last-modified",
        title: "PATCH does not advance `meta.lastModified`",
        seen: &["wso2/product-is#22244"],
        breaks: &["RFC7644-3.5.2-29", "RFC7643-3.1-27"],
        about: "A changed resource looks unchanged. Incremental imports that go by lastModified never see the update.",
        profile: "rfc",
        install: |seams| {
            seams.on_dates(|dates| {
                if dates.method == "PATCH" {
                    dates.modified = dates.before;
                }
            });
        },
    },
    Defect {
        id: "patch-touches-unchanged",
        title: "a PATCH that changes nothing advances `meta.lastModified`",
        seen: &["simpleidserver/SimpleIdServer#359"],
        breaks: &["RFC7644-3.5.2.1-15"],
        about: "Every repeated request makes the resource look changed. Incremental imports fetch everybody in every \
                cycle.",
        profile: "rfc",
        install: |seams| seams.switch(Switch::PatchTouches),
    },
    Defect {
        id: "patch-needs-no-value",
        title: "`add` and `replace` without a value clear the attribute",
        seen: &[],
        breaks: &["RFC7644-3.5.2.1-01", "RFC7644-3.5.2.3-14"],
        about: "A missing value is read as null. A client that leaves it out by mistake deletes data and gets 200.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                for operation in operations(asked).into_iter().flatten().filter_map(Value::as_object_mut) {
                    if operation.contains_key("path") && operation.get("op").is_some_and(|op| op != "remove")
                    {
                        operation.entry("value").or_insert(Value::Null);
                    }
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "patch-misplaces-urn-path",
        title: "a path with a schema URI is stored under the part behind the last dot",
        seen: &[
            "pingidentity/scim2#104",
            "imulab/go-scim#72",
            "imulab/go-scim#75",
            "Captain-P-Goldfish/SCIM-SDK#193",
        ],
        breaks: &["RFC7644-3.5.2-17", "RFC7644-3.5.2-20", "RFC7644-3.10-03", "Q-U06"],
        about: "The dot in `2.0` is taken for the one before a sub-attribute. The department is stored where nobody looks \
                for it.",
        profile: "rfc",
        install: |seams| {
            seams.on_patched(|writing, request, resource| {
                for operation in request.operations.iter().filter(|operation| operation.op != Op::Remove) {
                    let text = operation.path.as_ref().map(|path| path.text.as_str()).unwrap_or_default();
                    if !text.starts_with(ENTERPRISE_USER) {
                        continue;
                    }
                    resource.shift_remove(ENTERPRISE_USER);
                    if let Some(old) = writing.old(ENTERPRISE_USER) {
                        resource.insert(ENTERPRISE_USER.to_owned(), old.clone());
                    }
                    if let (Some((parent, key)), Some(value)) = (text.split_once('.'), &operation.value) {
                        let inner: Value = std::iter::once((key.to_owned(), value.clone())).collect();
                        resource.insert(parent.to_owned(), inner);
                    }
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "patch-without-body",
        title: "200 to PATCH comes without the resource",
        seen: &[],
        breaks: &["RFC7644-3.5.2-26", "RFC7644-3.5.2-27"],
        about: "The answer says that a body follows and has none. Clients fail when they read it.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if succeeded(asked, answer, "PATCH") {
                    answer.json = Value::Null;
                }
            });
        },
    },
    Defect {
        id: "patch-remove-needs-no-path",
        title: "`remove` without a path is answered 200 and does nothing",
        seen: &[],
        breaks: &["RFC7644-3.5.2-08", "RFC7644-3.5.2.2-01", "RFC7644-3.12-25"],
        about: "An operation that says nothing about its target is accepted. The client does not learn that its request is \
                broken.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                retain(asked, |operation| {
                    operation.get("op").is_none_or(|op| op != "remove") || operation.get("path").is_some()
                });
                Ok(())
            });
        },
    },
    Defect {
        id: "patch-drops-broken-path",
        title: "an operation with a path that cannot be read is treated as one without",
        seen: &["elimity-com/scim#91"],
        breaks: &["RFC7644-3.5.2-09", "RFC7644-3.12-24"],
        about: "`emails[broken` means the whole resource. What was meant for one value is written over all of them.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                for operation in operations(asked).into_iter().flatten().filter_map(Value::as_object_mut) {
                    let path = operation.get("path").and_then(Value::as_str);
                    let is_broken = path.is_some_and(|path| path::parse(path, &Policy::INTEROP).is_err());
                    if is_broken && operation.get("value").is_some_and(Value::is_object) {
                        operation.shift_remove("path");
                    }
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "patch-paths-case-sensitive",
        title: "paths are only known in the letter case of the schema",
        seen: &["jelhub/scimgateway#89"],
        breaks: &["RFC7644-3.5.2-17", "RFC7644-3.10-05", "Q-H13"],
        about: "`UserName` is an unknown attribute. A mapping that was typed by hand breaks every update.",
        profile: "rfc",
        install: |seams| {
            seams.on_patch(|writing, request| {
                let named = request.operations.iter().filter_map(whole);
                let mut unknown = named.filter(|name| {
                    writing.schema.attribute(name).is_some_and(|attribute| attribute.name != *name)
                });
                match unknown.next() {
                    Some(name) => Err(ScimError::invalid_path(format!("`{name}` is not an attribute"))),
                    None => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "patch-needs-no-schemas",
        title: "a PATCH body without the PatchOp URN is accepted",
        seen: &[],
        breaks: &["RFC7644-3.5.2-03"],
        about: "Any JSON with an `Operations` member will do. Clients that forget the URN work here and nowhere else.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                if asked.method == "PATCH" && asked.json.is_object() {
                    asked.json["schemas"] = json!([PATCH_OP]);
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "patch-answers-with-old-state",
        title: "PATCH answers with the resource as it was before",
        seen: &["open-webui#30074", "ssoready/ssoready#155"],
        breaks: &["RFC7644-3.5.2-26", "RFC7644-3.1-06"],
        about: "The change is stored, but the answer is made from what was read first. The client takes the change for \
                lost and repeats it.",
        profile: "rfc",
        install: |seams| seams.switch(Switch::StaleReply),
    },
    Defect {
        id: "patch-refuses-filters",
        title: "a path with a filter is refused",
        seen: &["elimity-com/scim#91"],
        breaks: &["RFC7644-3.5.2-11", "RFC7644-3.5.2-09", "Q-G02", "Q-U28"],
        about: "Single values cannot be addressed. Okta takes people out of groups that way, and none of them ever leaves.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                let has_filter = |operation: &Value| {
                    operation.get("path").and_then(Value::as_str).is_some_and(|path| path.contains('['))
                };
                match asked.method == "PATCH" && asked.operations().iter().any(has_filter) {
                    true => Err(ScimError::invalid_path("filters in paths are not supported")),
                    false => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "patch-takes-any-boolean",
        title: "`replace` of `active` takes any value for true",
        seen: &[],
        breaks: &["RFC7644-3.5.2.3-13", "RFC7643-2.3.2-02"],
        about: "A value of the wrong type is read by the rules of the programming language. `\"no\"` activates the account \
                that it was meant to block.",
        profile: "rfc",
        install: |seams| {
            seams.on_patch(|_, request| {
                for operation in &mut request.operations {
                    if whole(operation) == Some("active")
                        && let Some(value) = operation.value.as_mut().filter(|value| !value.is_boolean())
                    {
                        *value = true.into();
                    }
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "patch-not-implemented",
        title: "ServiceProviderConfig announces PATCH, and PATCH is answered 501",
        seen: &["Yuzu#2027"],
        breaks: &["RFC7643-5-20", "RFC7644-3.5-02", "Q-E08", "Q-T09"],
        about: "The discovery document promises what the provider cannot do. Clients that trust it fail with every \
                update, and Okta has no other way.",
        profile: "rfc",
        install: |seams| seams.on_profile(|profile| profile.features.patch = false),
    },
    Defect {
        id: "patch-missing-resource-as-500",
        title: "PATCH of an unknown id ends in an internal error",
        seen: &["keycloak/keycloak#49973"],
        breaks: &["RFC7644-3.5.2-28", "RFC7644-3.12-17", "Q-E09"],
        about: "The resource is used without asking whether it was found. Entra ID creates an account again after 404, and \
                repeats the same request for weeks after 500.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if asked.method == "PATCH" && answer.status == 404 {
                    answer.refuse(&crash("NullPointerException: Cannot invoke \"User.getId()\""));
                }
            });
        },
    },
];
