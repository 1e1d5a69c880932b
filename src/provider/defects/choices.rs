//! What a correct provider may do otherwise: for each point at which the RFCs leave room, the other allowed behaviour.
//!
//! A choice is no bug. A check that accuses a provider because of one is wrong, which `selftest` shows.

use http::HeaderValue;
use http::header::{CONTENT_TYPE, LOCATION};
use serde_json::{Value, json};

use super::message::{Answer, Asked};
use super::seams::{Seams, Writing};
use super::tools::{each_text, succeeded};
use crate::protocol::attr::AttrPath;
use crate::protocol::error::{ScimError, ScimType};
use crate::protocol::filter::{self, ElementFilter};
use crate::protocol::patch::Op;
use crate::protocol::path::PatchPath;
use crate::protocol::policy::{Policy, Unknown};
use crate::protocol::schema::{Attribute, Registry, ResourceType, Returned, Schema, USER, Uniqueness};
use crate::provider::ProviderConfig;

/// One allowed behaviour that the built-in provider does not have by itself.
#[derive(Debug)]
pub struct Choice {
    /// Stable name, in kebab-case.
    pub id: &'static str,
    /// What it does, in one line.
    pub title: &'static str,
    /// Why that is allowed.
    pub because: &'static str,
    /// Whether a SHOULD speaks against it, so that a warning is right.
    pub discouraged: bool,
    /// Changes what the provider is and says of itself.
    pub prepare: fn(&mut ProviderConfig),
    /// Changes what it does.
    pub install: fn(&mut Seams),
}

impl Choice {
    /// Every choice.
    pub fn all() -> impl Iterator<Item = &'static Choice> {
        CHOICES.iter()
    }

    /// The choice of that name.
    pub fn named(name: &str) -> Option<&'static Choice> {
        Choice::all().find(|choice| choice.id == name)
    }
}

/// A choice that only changes what the provider does.
const fn doing(
    id: &'static str,
    title: &'static str,
    because: &'static str,
    install: fn(&mut Seams),
) -> Choice {
    Choice { id, title, because, discouraged: false, prepare: |_| {}, install }
}

/// A choice that changes what the provider is, and says of itself.
const fn being(
    id: &'static str,
    title: &'static str,
    because: &'static str,
    prepare: fn(&mut ProviderConfig),
) -> Choice {
    Choice { id, title, because, discouraged: false, prepare, install: |_| {} }
}

/// The same against the advice of a SHOULD.
const fn against_advice(choice: Choice) -> Choice {
    Choice { discouraged: true, ..choice }
}

const CHOICES: &[Choice] = &[
    being("no-bulk", "bulk requests are not offered", "RFC 7644 §3.7: optional", |config| {
        config.profile.features.bulk = false;
    }),
    being("no-sort", "sorting is not offered", "RFC 7644 §3.4.2.3: optional", |config| {
        config.profile.features.sort = false;
    }),
    being("no-versions", "entity tags are not offered", "RFC 7644 §3.14: optional", |config| {
        config.profile.features.etag = false;
    }),
    being("no-filter", "filters are not offered", "RFC 7644 §3.4.2.2: optional", |config| {
        config.profile.features.filter = false;
    }),
    against_advice(being("no-patch", "PATCH is not offered", "RFC 7644 §3.5.2: optional", |config| {
        config.profile.features.patch = false;
    })),
    being("no-me", "/Me is not offered", "RFC 7644 §3.11: 501 is the answer then", |config| {
        config.profile.features.me = false;
    }),
    being("no-password-change", "passwords cannot be changed", "RFC 7643 §5: changePassword", |config| {
        config.profile.features.change_password = false;
    }),
    being("no-cursors", "paging by index only", "RFC 9865 is optional", |config| {
        config.profile.features.cursor_paging = false;
    }),
    being("cursors-only", "paging by cursor only", "RFC 9865 §2.3", |config| {
        config.profile.features.index_paging = false;
    }),
    being(
        "small-pages",
        "a page has three resources by default and five at most",
        "RFC 7644 §3.4.2.4",
        |config| {
            config.profile.limits.default_page_size = 3;
            config.profile.limits.max_results = 5;
        },
    ),
    against_advice(being(
        "closed-discovery",
        "discovery needs credentials",
        "RFC 7643 §5: a SHOULD only for ServiceProviderConfig",
        |config| {
            config.profile.access.public_discovery = false;
        },
    )),
    being(
        "unknown-attributes-refused",
        "unknown attributes are refused",
        "RFC 7644 §3.3 leaves it open",
        |config| {
            config.profile.policy.unknown_attributes = Unknown::Reject;
        },
    ),
    being("tolerant", "what identity providers send is taken too", "leniency is allowed", |config| {
        config.profile.policy = Policy::INTEROP;
    }),
    being(
        "unique-group-names",
        "two groups may not have one name",
        "RFC 7643 §2.2: a provider's own rule",
        |config| {
            config.profile.rules.unique_group_names = true;
        },
    ),
    being(
        "narrow-schemas",
        "users have a name, one kind of address and little else",
        "RFC 7643 §8.7 is no minimum",
        |config| {
            reshape(config, |schemas, types| {
                schemas.retain(|schema| !schema.id.contains("enterprise"));
                types.iter_mut().for_each(|resource_type| resource_type.extensions.clear());
                for schema in schemas.iter_mut().filter(|schema| schema.id == USER) {
                    let kept = ["userName", "name", "emails", "active"];
                    schema.attributes.retain(|attribute| kept.contains(&attribute.name.as_str()));
                    for attribute in
                        schema.attributes.iter_mut().filter(|attribute| attribute.name == "emails")
                    {
                        attribute.sub_attributes.retain(|sub| sub.name == "value");
                    }
                }
            });
        },
    ),
    being(
        "demanding-schemas",
        "users need a family name, an address and a department",
        "RFC 7643 §2.2, §6: required",
        |config| {
            reshape(config, |schemas, types| {
                for schema in schemas.iter_mut() {
                    for attribute in &mut schema.attributes {
                        if ["name", "emails", "department"].contains(&attribute.name.as_str()) {
                            attribute.required = true;
                        }
                        let subs = attribute.sub_attributes.iter_mut();
                        subs.filter(|sub| sub.name == "familyName").for_each(|sub| sub.required = true);
                    }
                }
                for resource_type in types.iter_mut() {
                    resource_type.extensions.iter_mut().for_each(|(_, required)| *required = true);
                }
            });
        },
    ),
    being("other-endpoints", "users are at /People, groups at /Teams", "RFC 7643 §6: endpoint", |config| {
        reshape(config, |_, types| {
            for resource_type in types.iter_mut() {
                let endpoint = if resource_type.name == "User" { "/People" } else { "/Teams" };
                resource_type.endpoint = endpoint.to_owned();
            }
        });
    }),
    being(
        "no-groups",
        "there are users only",
        "RFC 7643 §6: a provider has the types that it has",
        |config| {
            reshape(config, |_, types| types.retain(|resource_type| resource_type.name == "User"));
        },
    ),
    being(
        "returned-on-request",
        "nickName and title are returned on request",
        "RFC 7643 §7: returned",
        |config| {
            reshape(config, |schemas, _| {
                for attribute in schemas.iter_mut().flat_map(|schema| &mut schema.attributes) {
                    if ["nickName", "title"].contains(&attribute.name.as_str()) {
                        attribute.returned = Returned::Request;
                    }
                }
            });
        },
    ),
    being("case-exact-names", "displayName and title are case-exact", "RFC 7643 §2.2: caseExact", |config| {
        reshape(config, |schemas, _| {
            for attribute in schemas.iter_mut().flat_map(|schema| &mut schema.attributes) {
                if ["displayName", "title"].contains(&attribute.name.as_str()) {
                    attribute.case_exact = true;
                }
            }
        });
    }),
    doing("patch-204", "PATCH answers 204 without a body", "RFC 7644 §3.5.2", |seams| {
        seams.on_answer(|asked, answer| {
            if succeeded(asked, answer, "PATCH") && asked.parameter("attributes").is_none() {
                answer.empty(204);
            }
        });
    }),
    against_advice(doing(
        "create-without-body",
        "POST answers 201 with a Location and no body",
        "RFC 7644 §3.3: a body is a SHOULD",
        |seams| {
            seams.on_answer(|asked, answer| {
                if asked.is_create() && answer.status == 201 && asked.parameter("attributes").is_none() {
                    answer.empty(201);
                }
            });
        },
    )),
    doing("plain-json", "answers are application/json where that is accepted", "RFC 7644 §3.8", |seams| {
        seams.on_answer(|asked, answer| {
            let accepts =
                |value: &HeaderValue| value.to_str().is_ok_and(|text| text.contains("application/json"));
            if asked.headers.get_all("accept").iter().any(accepts)
                && answer.headers.contains_key(CONTENT_TYPE)
            {
                answer.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            }
        });
    }),
    doing("charset", "the media type has a charset", "RFC 7644 §3.8, RFC 9110 §8.3", |seams| {
        seams.on_answer(|_, answer| {
            if answer.headers.get(CONTENT_TYPE).is_some_and(|value| value == "application/scim+json") {
                answer
                    .headers
                    .insert(CONTENT_TYPE, HeaderValue::from_static("application/scim+json; charset=utf-8"));
            }
        });
    }),
    doing("nothing-found-is-null", "`Resources` is null where nothing was found", "RFC 7643 §2.5", |seams| {
        seams.on_answer(|asked, answer| {
            if asked.is_list()
                && answer.json.get("Resources").and_then(Value::as_array).is_some_and(Vec::is_empty)
            {
                answer.json["Resources"] = Value::Null;
            }
        });
    }),
    doing(
        "nothing-found-is-absent",
        "`Resources` is absent where nothing was found",
        "RFC 7644 §3.4.2",
        |seams| {
            seams.on_answer(|asked, answer| {
                let is_empty =
                    answer.json.get("Resources").and_then(Value::as_array).is_some_and(Vec::is_empty);
                if let Some(list) = answer.json.as_object_mut().filter(|_| asked.is_list() && is_empty) {
                    list.shift_remove("Resources");
                }
            });
        },
    ),
    doing(
        "unassigned-is-null",
        "attributes without a value are shown as null or []",
        "RFC 7643 §2.5",
        |seams| {
            seams.on_resource(|asked, resource| {
                if asked.parameter("attributes").is_none() && resource.contains_key("userName") {
                    for (name, value) in
                        [("nickName", Value::Null), ("title", Value::Null), ("photos", json!([]))]
                    {
                        resource.entry(name).or_insert(value);
                    }
                }
            });
        },
    ),
    doing(
        "bulk-status-object",
        "the status of a bulk operation is an object",
        "RFC 7644 §3.7.2, example",
        |seams| {
            seams.on_answer(|asked, answer| {
                if asked.endpoint() == "Bulk"
                    && let Some(operations) = answer.json.get_mut("Operations").and_then(Value::as_array_mut)
                {
                    for operation in operations {
                        operation["status"] = json!({ "code": operation["status"] });
                    }
                }
            });
        },
    ),
    doing("no-references", "references have no `$ref`", "RFC 7643 §2.4: a convention", |seams| {
        seams.on_resource(|_, resource| {
            for name in ["members", "groups"] {
                let elements = resource.get_mut(name).and_then(Value::as_array_mut);
                for element in elements.into_iter().flatten().filter_map(Value::as_object_mut) {
                    element.shift_remove("$ref");
                    element.shift_remove("type");
                }
            }
        });
    }),
    doing(
        "unmatched-remove-refused",
        "`remove` of an element that is not there is 400 noTarget",
        "RFC 7644 table 9",
        |seams| {
            seams.on_patch(|writing, request| {
                for operation in &request.operations {
                    let filtered =
                        operation.path.as_ref().map(|path| &path.parsed).filter(|path| path.filter.is_some());
                    let is_remove = operation.op == Op::Remove;
                    if is_remove && filtered.is_some_and(|path| !matches_any(writing, path)) {
                        return Err(ScimError::no_target("nothing matches"));
                    }
                }
                Ok(())
            });
        },
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
    doing("silent-412", "a stale version is answered 412 without details", "RFC 7644 §3.14", |seams| {
        seams.on_answer(|_, answer| {
            if answer.status == 412
                && let Some(error) = answer.json.as_object_mut()
            {
                error.shift_remove("detail");
            }
        });
    }),
    doing(
        "terse-errors",
        "errors have a keyword only where one is demanded, and no detail",
        "RFC 7644 §3.12: optional",
        |seams| {
            seams.on_answer(|_, answer| {
                if !answer.is_error() {
                    return;
                }
                let demanded = ["uniqueness", "noTarget", "mutability", "invalidFilter", "tooMany"];
                let keep = answer.scim_type().is_some_and(|keyword| demanded.contains(&keyword));
                if let Some(error) = answer.json.as_object_mut() {
                    error.shift_remove("detail");
                    if !keep {
                        error.shift_remove("scimType");
                    }
                }
            });
        },
    ),
    doing("talkative-errors", "errors have members of their own", "RFC 7644 §3.12", |seams| {
        seams.on_answer(|_, answer| {
            if let Some(error) = answer.json.as_object_mut().filter(|_| answer.status >= 400) {
                error.insert("traceId".to_owned(), json!("7c1"));
            }
        });
    }),
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
    doing("whole-seconds", "times have no fractions", "RFC 7643 §2.3.5", |seams| {
        seams.on_resource(|_, resource| {
            for name in ["created", "lastModified"] {
                if let Some(Value::String(time)) =
                    resource.get_mut("meta").and_then(|meta| meta.get_mut(name))
                    && let Some(dot) = time.find('.')
                {
                    time.truncate(dot);
                    time.push('Z');
                }
            }
        });
    }),
    doing(
        "location-everywhere",
        "every answer about a resource has Location and Content-Location",
        "RFC 7644 §3.1",
        |seams| {
            seams.on_answer(|_, answer| {
                let location = answer.json.pointer("/meta/location").and_then(Value::as_str);
                if let Some(value) = location.and_then(|text| HeaderValue::from_str(text).ok()) {
                    answer.headers.insert(LOCATION, value.clone());
                    answer.headers.insert("content-location", value);
                }
            });
        },
    ),
    against_advice(doing(
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
    )),
    doing(
        "conflict-for-any-email",
        "two users may not have one address",
        "RFC 7643 §2.2: a provider's own rule",
        |seams| {
            seams.on_schemas(|schemas| {
                let emails = schemas.iter_mut().filter(|schema| schema.id == USER);
                let emails = emails.flat_map(|schema| &mut schema.attributes).filter(|a| a.name == "emails");
                for value in
                    emails.flat_map(|a: &mut Attribute| &mut a.sub_attributes).filter(|s| s.name == "value")
                {
                    value.uniqueness = Uniqueness::Server;
                }
            });
        },
    ),
    doing(
        "trimmed-texts",
        "white space at both ends of a text is dropped",
        "RFC 7643 §2.3.1 leaves it open",
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
    against_advice(doing(
        "uniqueness-of-patch-as-400",
        "a PATCH into a conflict is 400 uniqueness",
        "RFC 7644 table 9",
        |seams| {
            seams.on_answer(|asked, answer: &mut Answer| {
                let is_conflict = answer.scim_type() == Some(ScimType::Uniqueness.keyword());
                if is_conflict && matches!(asked.method.as_str(), "PATCH" | "PUT") {
                    answer.set_status(400);
                }
            });
        },
    )),
];

/// Other schemas and resource types, published and used.
fn reshape(config: &mut ProviderConfig, change: fn(&mut Vec<Schema>, &mut Vec<ResourceType>)) {
    let mut schemas: Vec<Schema> =
        config.registry.schemas().iter().map(|schema| (**schema).clone()).collect();
    let mut types: Vec<ResourceType> =
        config.registry.types().iter().map(|schema| schema.resource_type.clone()).collect();
    change(&mut schemas, &mut types);
    if let Ok(registry) = Registry::new(schemas, types) {
        config.registry = registry;
    }
}

/// Whether any stored element satisfies the filter of a path.
fn matches_any(writing: &Writing<'_>, path: &PatchPath) -> bool {
    let (Some(filter), Ok(bound)) = (&path.filter, writing.schema.bind(&path.attr)) else { return false };
    let Some(attribute) = bound.leaf() else { return false };
    let Ok(compiled) = ElementFilter::new(filter, attribute, &Policy::STRICT) else { return false };
    let stored = writing.old(&attribute.name).and_then(Value::as_array);
    stored.into_iter().flatten().any(|element| compiled.matches(element))
}
