//! Bugs that show in the habits of identity providers: what they send beyond the letter of the RFCs.

use serde_json::{Value, json};

use super::Defect;
use super::patch::whole;
use super::seams::Writing;
use super::tools::{crash, elements, key_of};
use crate::protocol::Resource;
use crate::protocol::error::ScimError;
use crate::protocol::filter::{ElementFilter, Filter, Literal};
use crate::protocol::patch::{Op, Operation, OperationPath, PatchRequest};
use crate::protocol::path;
use crate::protocol::policy::{Policy, Unknown};
use crate::protocol::schema::ENTERPRISE_USER;

/// The members of the values without a path.
fn without_path(request: &PatchRequest) -> impl Iterator<Item = (&String, &Value)> {
    let operations = request.operations.iter().filter(|operation| operation.path.is_none());
    operations.filter_map(|operation| operation.value.as_ref()?.as_object()).flatten()
}

/// Stores a member of a path-less value under its own name, in place of what it names.
fn store_flat(writing: &Writing<'_>, resource: &mut Resource, key: &str, value: &Value, named: &str) {
    match writing.old(named) {
        Some(old) => drop(resource.insert(named.to_owned(), old.clone())),
        None => drop(resource.shift_remove(named)),
    }
    resource.insert(key.to_owned(), value.clone());
}

/// Whether a filter compares with a boolean.
fn has_boolean(filter: &Filter) -> bool {
    match filter {
        Filter::Compare { value: Literal::Bool(_), .. } => true,
        Filter::Compare { value: Literal::String(text), .. } => {
            ["true", "false"].iter().any(|word| text.eq_ignore_ascii_case(word))
        }
        Filter::And(all) | Filter::Or(all) => all.iter().any(has_boolean),
        _ => false,
    }
}

/// Whether the filter of an operation picks nothing of the stored resource.
fn misses(writing: &Writing<'_>, operation: &Operation) -> bool {
    let Some(path) = &operation.path else { return false };
    let (Some(attribute), Some(filter)) =
        (writing.schema.attribute(&path.parsed.attr.name), &path.parsed.filter)
    else {
        return false;
    };
    ElementFilter::new(filter, attribute, &Policy::INTEROP).is_ok_and(|filter| {
        !elements(writing.old(&attribute.name)).iter().any(|element| filter.matches(element))
    })
}

/// The table.
pub(super) const DEFECTS: &[Defect] = &[
    Defect {
        id: "interop-remove-members-removes-all",
        title: "`remove` of `members` with a list of values removes everybody",
        seen: &[
            "AzureAD/SCIMReferenceCode#10",
            "simpleidserver/SimpleIdServer#244",
            "apache/directory-scimple#447",
        ],
        breaks: &["Q-G01", "Q-G19", "RFC7644-3.5.2.2-14"],
        about: "The list is not looked at. Entra ID takes people out of groups that way, and one leaver empties the group.",
        profile: "interop",
        install: |seams| {
            seams.on_patch(|_, request| {
                for operation in request.operations.iter_mut().filter(|operation| operation.op == Op::Remove)
                {
                    if whole(operation) == Some("members") {
                        operation.value = None;
                    }
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "interop-remove-members-refused",
        title: "`remove` of `members` with a list of values is refused",
        seen: &["Captain-P-Goldfish/SCIM-SDK#149", "Captain-P-Goldfish/SCIM-SDK#167"],
        breaks: &["Q-G01", "Q-G19"],
        about: "The letter of the RFC knows no such list. Entra ID sends it all the same, and nobody ever leaves a group.",
        profile: "interop",
        install: |seams| seams.on_profile(|profile| profile.policy.remove_by_value = false),
    },
    Defect {
        id: "interop-op-in-capitals-refused",
        title: "`\"op\": \"Replace\"` is refused",
        seen: &["jelhub/scimgateway#89", "ory/polis#4070"],
        breaks: &["Q-U01"],
        about: "Operations are only known in lower case. Entra ID writes them with a capital, so that no change arrives.",
        profile: "interop",
        install: |seams| seams.on_profile(|profile| profile.policy.any_case_op = false),
    },
    Defect {
        id: "interop-text-booleans-refused",
        title: "`\"False\"` for `active` is refused",
        seen: &["scimmyjs/scimmy#51", "scimmyjs/scimmy#86"],
        breaks: &["Q-U02", "Q-C06", "Q-C07", "Q-D01"],
        about: "Booleans as text are a type error. Entra ID sends them, so that nobody who leaves is locked out.",
        profile: "interop",
        install: |seams| seams.on_profile(|profile| profile.policy.string_booleans = false),
    },
    Defect {
        id: "interop-text-booleans-stored",
        title: "`\"False\"` for `active` is stored as text",
        seen: &["OneUptime/oneuptime#3852", "ssoready/ssoready#155", "SVR run 26"],
        breaks: &["Q-U02", "Q-D01", "RFC7643-2.3.2-01"],
        about: "The text is kept as it came, and a text is not false. The account looks blocked to people and stays active \
                for the program.",
        profile: "interop",
        install: |seams| {
            seams.on_patched(|_, request, resource| {
                let by_path = request.operations.iter().filter(|o| whole(o) == Some("active"));
                let by_key =
                    without_path(request).filter(|(key, _)| *key == "active").map(|(_, value)| value);
                let values = by_path.filter_map(|operation| operation.value.as_ref()).chain(by_key);
                if let Some(text) = values.into_iter().find(|value| value.is_string()) {
                    resource.insert("active".to_owned(), text.clone());
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "interop-absent-value-refused",
        title: "`replace` of `emails[type eq \"work\"].value` is refused when there is no such address",
        seen: &["better-auth/better-auth#10682", "wireapp/wire-server#5419"],
        breaks: &["Q-U07"],
        about: "There is nothing to replace. Entra ID sends it for the first address too, so that no new user ever gets one.",
        profile: "interop",
        install: |seams| seams.on_profile(|profile| profile.policy.create_on_absent = false),
    },
    Defect {
        id: "interop-absent-value-without-type",
        title: "an address that is made for `emails[type eq \"work\"].value` has no type",
        seen: &["pingidentity/scim2#213", "thomaspoignant/scim-patch#176", "wso2/charon#309"],
        breaks: &["Q-U07", "RFC7644-3.5.2.1-16"],
        about: "The value is stored and the condition is lost. The next cycle finds no work address and adds another one, \
                for ever.",
        profile: "interop",
        install: |seams| {
            seams.on_patch(|writing, request| {
                for operation in request.operations.iter_mut().filter(|operation| operation.op != Op::Remove)
                {
                    if !misses(writing, operation) {
                        continue;
                    }
                    let (Some(path), Some(value)) = (operation.path.take(), operation.value.take()) else {
                        continue;
                    };
                    let element = match &path.parsed.sub {
                        Some(sub) => std::iter::once((sub.clone(), value)).collect(),
                        None => value,
                    };
                    let text = path.parsed.attr.to_string();
                    operation.op = Op::Add;
                    operation.value = Some(json!([element]));
                    operation.path =
                        path::parse(&text, &Policy::STRICT).ok().map(|parsed| OperationPath { text, parsed });
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "interop-dotted-keys-flat",
        title: "the key `name.givenName` without a path is stored as an attribute of that name",
        seen: &["pingidentity/scim2#224", "simpleidserver/SimpleIdServer#494", "pond/scimitar#123"],
        breaks: &["Q-U04", "RFC7643-2.1-03"],
        about: "The dot is part of the name. The given name never changes, and the resource grows an attribute that no \
                schema knows.",
        profile: "interop",
        install: |seams| {
            seams.on_patched(|writing, request, resource| {
                for (key, value) in without_path(request).filter(|(key, _)| !key.contains(':')) {
                    if let Some((named, _)) = key.split_once('.') {
                        store_flat(writing, resource, key, value, named);
                    }
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "interop-dotted-keys-dropped",
        title: "the key `name.givenName` without a path is answered 200 and does nothing",
        seen: &["Captain-P-Goldfish/SCIM-SDK#416"],
        breaks: &["Q-U04"],
        about: "The key is an unknown attribute and is ignored. Names of people who marry never change.",
        profile: "interop",
        install: |seams| seams.on_profile(|profile| profile.policy.dotted_keys = false),
    },
    Defect {
        id: "interop-urn-keys-flat",
        title: "the key `urn:…:User:department` without a path is stored as an attribute of that name",
        seen: &["pingidentity/scim2#104", "imulab/go-scim#72", "Captain-P-Goldfish/SCIM-SDK#193"],
        breaks: &["Q-U05"],
        about: "The URI is part of the name. The department never changes, and the resource grows an attribute that no \
                schema knows.",
        profile: "interop",
        install: |seams| {
            seams.on_patched(|writing, request, resource| {
                for (key, value) in without_path(request) {
                    if key.starts_with(ENTERPRISE_USER) && key.len() > ENTERPRISE_USER.len() {
                        store_flat(writing, resource, key, value, ENTERPRISE_USER);
                    }
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "interop-urn-keys-dropped",
        title: "the key `urn:…:User:department` without a path is answered 200 and does nothing",
        seen: &["fleetdm/fleet#41996"],
        breaks: &["Q-U05"],
        about: "The key is an unknown attribute and is ignored. Whatever the application decides by the department stays as \
                it was.",
        profile: "interop",
        install: |seams| seams.on_profile(|profile| profile.policy.urn_keys = false),
    },
    Defect {
        id: "interop-manager-as-text-refused",
        title: "a manager as plain text is refused",
        seen: &["Captain-P-Goldfish/SCIM-SDK#541", "imulab/go-scim#75"],
        breaks: &["Q-U10", "Q-C13", "Q-G17"],
        about: "Only an object is a manager. Entra ID sends the bare id, and with it fails everything else in the request.",
        profile: "interop",
        install: |seams| seams.on_profile(|profile| profile.policy.bare_values = false),
    },
    Defect {
        id: "interop-manager-without-urn-refused",
        title: "`manager` as a path without the URI of its extension does nothing",
        seen: &["apache/directory-scimple#1242"],
        breaks: &["Q-U11"],
        about: "The attribute is only known by its full name. Approvals go to the manager of last year.",
        profile: "interop",
        install: |seams| seams.on_profile(|profile| profile.policy.bare_extension_names = false),
    },
    Defect {
        id: "interop-manager-not-cleared",
        title: "an empty text for the manager does not take the manager away",
        seen: &["MicrosoftDocs/azure-docs#11784"],
        breaks: &["Q-U12"],
        about: "Entra ID clears a manager with an empty value. The people of a manager who left keep reporting to nobody.",
        profile: "interop",
        install: |seams| seams.on_profile(|profile| profile.policy.empty_string_clears = false),
    },
    Defect {
        id: "interop-unknown-attribute-fails-create",
        title: "an unknown attribute fails the whole POST",
        seen: &["Captain-P-Goldfish/SCIM-SDK#539", "Infisical/infisical PR#6552"],
        breaks: &["Q-C10", "Q-E03", "RFC7644-3.3-14"],
        about: "One attribute that nobody needs keeps a person out. OneLogin and Entra ID send some with every user.",
        profile: "interop",
        install: |seams| seams.on_profile(|profile| profile.policy.unknown_attributes = Unknown::Reject),
    },
    Defect {
        id: "interop-unknown-path-fails-patch",
        title: "a path to an unknown attribute fails the whole PATCH",
        seen: &["fleetdm/fleet#41996", "Captain-P-Goldfish/SCIM-SDK#539"],
        breaks: &["Q-U27", "Q-U31", "Q-E03"],
        about: "One attribute of a custom mapping keeps all other changes out. Somebody who must be locked out is not, \
                because of a shoe size.",
        profile: "interop",
        install: |seams| seams.on_profile(|profile| profile.policy.skip_unknown_paths = false),
    },
    Defect {
        id: "interop-foreign-schemas-refused",
        title: "a URI in `schemas` that nobody knows is refused",
        seen: &[],
        breaks: &["Q-G06", "Q-C02", "Q-C09"],
        about: "Entra ID lists a URI of its own with every group. No group is ever created.",
        profile: "interop",
        install: |seams| seams.on_profile(|profile| profile.policy.loose_schemas = false),
    },
    Defect {
        id: "interop-surplus-schema-refused",
        title: "the URI of an extension without data of it is refused",
        seen: &[],
        breaks: &["Q-C01"],
        about: "What `schemas` lists must be there. Entra ID and JumpCloud list the enterprise extension always.",
        profile: "interop",
        install: |seams| {
            seams.on_body(|_, body| {
                let is_listed = elements(body.get("schemas")).iter().any(|urn| urn == ENTERPRISE_USER);
                match is_listed && !body.contains_key(ENTERPRISE_USER) {
                    true => Err(ScimError::invalid_syntax("`schemas` lists an extension that is not there")),
                    false => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "interop-null-ref-refused",
        title: "`$ref: null` in a member is refused",
        seen: &[],
        breaks: &["Q-G03", "Q-G12", "RFC7643-2.5-01"],
        about: "A part without a value is a type error. Entra ID sends it with every member, so that all groups stay empty.",
        profile: "interop",
        install: |seams| {
            seams.on_request(|asked| {
                let members =
                    asked.operations().iter().flat_map(|operation| elements(operation.get("value")));
                match members.into_iter().any(|member| member.get("$ref").is_some_and(Value::is_null)) {
                    true => Err(ScimError::invalid_value("members.$ref: expected a URI, found null")),
                    false => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "interop-member-display-needed",
        title: "a member without `display` is answered 422",
        seen: &["Infisical/infisical PR#6552"],
        breaks: &["Q-G03", "Q-G09", "RFC7643-8.7.1-02"],
        about: "More is demanded of a member than an id. Most identity providers send nothing else.",
        profile: "interop",
        install: |seams| {
            seams.on_request(|asked| {
                let adds = asked.operations().iter().filter(|operation| operation["path"] == "members");
                let adds =
                    adds.filter(|operation| operation["op"] != "remove" && operation["op"] != "Remove");
                let mut members = adds.flat_map(|operation| elements(operation.get("value")));
                match members.any(|member| member.get("display").is_none()) {
                    true => Err(ScimError::status(422, "members.0.display: Field required")),
                    false => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "interop-member-display-name-refused",
        title: "an unknown part of a member is refused",
        seen: &[],
        breaks: &["Q-G18"],
        about: "`displayName` in a member is an error instead of being ignored. Microsoft's test suite sends it.",
        profile: "interop",
        install: |seams| {
            seams.on_request(|asked| {
                let values = asked.operations().iter().map(|operation| operation.get("value"));
                let mut members = values.chain([asked.json.get("members")]).flat_map(elements);
                match members.any(|member| member.get("displayName").is_some()) {
                    true => Err(ScimError::invalid_value("members: `displayName` is not allowed")),
                    false => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "interop-id-in-value-refused",
        title: "`id` in a value without a path is refused",
        seen: &[],
        breaks: &["Q-G08", "Q-U31", "Q-G20"],
        about: "A readOnly attribute fails the whole operation. Okta renames groups with the id in the value, and authentik \
                sends the whole resource.",
        profile: "interop",
        install: |seams| {
            seams.on_request(|asked| {
                match asked.operations().iter().any(|operation| operation.pointer("/value/id").is_some()) {
                    true => Err(ScimError::mutability("`id` is readOnly")),
                    false => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "interop-extra-members-refused",
        title: "an operation with members that nobody knows is refused",
        seen: &[],
        breaks: &["Q-U18"],
        about: "`name` beside `op` and `path` is an error instead of being ignored. Clients that note something for \
                themselves cannot change anything.",
        profile: "interop",
        install: |seams| {
            seams.on_request(|asked| {
                let mut names = asked.operations().iter().filter_map(Value::as_object).flat_map(|o| o.keys());
                let known = ["op", "path", "value"];
                match names.find(|name| asked.method == "PATCH" && !known.contains(&name.as_str())) {
                    Some(name) => Err(ScimError::invalid_syntax(format!("`{name}` is not allowed"))),
                    None => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "interop-bare-literal-crashes",
        title: "a filter value without quotes ends in an internal error",
        seen: &["AzureAD/SCIMReferenceCode#44"],
        breaks: &["Q-L03", "Q-L08", "RFC7644-3.12-17"],
        about: "The parser expects a quote and does not check. Microsoft's own documents show filters without quotes.",
        profile: "interop",
        install: |seams| {
            seams.on_profile(|profile| profile.policy.bare_filter_literals = false);
            seams.on_answer(|_, answer| {
                if answer.scim_type() == Some("invalidFilter") {
                    answer.refuse(&crash("IndexOutOfRangeException"));
                }
            });
        },
    },
    Defect {
        id: "interop-manager-filter-refused",
        title: "`manager eq \"…\"` is refused",
        seen: &[],
        breaks: &["Q-L05"],
        about: "A complex attribute cannot be compared without a part. Entra ID asks that way whether a manager is set \
                already, and never sets one.",
        profile: "interop",
        install: |seams| seams.on_profile(|profile| profile.policy.complex_means_value = false),
    },
    Defect {
        id: "interop-boolean-filter-stored",
        title: "the path `roles[primary eq \"True\"]` is stored as an attribute of that name",
        seen: &["pranems/SCIMServer"],
        breaks: &["Q-U14", "Q-L15", "RFC7643-2.1-03"],
        about: "A path that is not understood becomes a name. The role never changes, and the resource grows an attribute \
                that no schema knows.",
        profile: "interop",
        install: |seams| {
            seams.on_patched(|writing, request, resource| {
                for operation in &request.operations {
                    let Some(path) = &operation.path else { continue };
                    let Some(value) = &operation.value else { continue };
                    if path.parsed.filter.as_ref().is_some_and(has_boolean) {
                        store_flat(writing, resource, &path.text, value, &path.parsed.attr.name);
                    }
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "interop-group-names-repeat",
        title: "two groups may have the same displayName",
        seen: &[],
        breaks: &["Q-G16"],
        about: "Entra ID matches groups by name. With two of them it changes either one, or gives up.",
        profile: "interop",
        install: |seams| seams.on_profile(|profile| profile.rules.unique_group_names = false),
    },
    Defect {
        id: "interop-one-value-refused",
        title: "one value where a list is expected, or a list of one where a value is, is refused",
        seen: &["Captain-P-Goldfish/SCIM-SDK#541"],
        breaks: &["Q-C08", "Q-U15"],
        about: "OneLogin sends `emails` as an object, Entra ID wraps a text into an array. Neither creates or changes \
                anybody.",
        profile: "interop",
        install: |seams| seams.on_profile(|profile| profile.policy.loose_plurality = false),
    },
    Defect {
        id: "interop-redundant-add-refused",
        title: "`Add` of members fails when one of them is there already",
        seen: &["simpleidserver/SimpleIdServer#245", "wso2/product-is#8589"],
        breaks: &["Q-G04", "RFC7644-3.5.2.1-14"],
        about: "Entra ID repeats additions that it is not sure of. Everybody else in the same request is not added \
                either.",
        profile: "interop",
        install: |seams| {
            seams.on_patch(|writing, request| {
                let added =
                    request.operations.iter().filter(|o| o.op == Op::Add && whole(o) == Some("members"));
                let mut members = added.flat_map(|operation| elements(operation.value.as_ref()));
                let old = elements(writing.old("members"));
                match members.any(|member| old.iter().any(|old| key_of(old) == key_of(member))) {
                    true => Err(ScimError::status(500, "UNIQUE constraint failed: group_members.user_id")),
                    false => Ok(()),
                }
            });
        },
    },
];
