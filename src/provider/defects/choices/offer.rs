//! What is offered, and what the provider says of itself.

use serde_json::Value;

use super::super::tools::define;
use super::{Choice, against_advice, being, reshape};
use crate::protocol::error::ScimError;
use crate::protocol::policy::{Policy, Unknown};
use crate::protocol::schema::{GROUP, Returned, USER, Uniqueness};

pub(super) const CHOICES: &[Choice] = &[
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
    against_advice(
        &["patch.offered"],
        being("no-patch", "PATCH is not offered", "RFC 7644 §3.5.2: optional", |config| {
            config.profile.features.patch = false;
        }),
    ),
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
    against_advice(
        &["discovery.without-credentials"],
        being(
            "closed-discovery",
            "discovery needs credentials",
            "RFC 7643 §5: a SHOULD only for ServiceProviderConfig",
            |config| {
                config.profile.access.public_discovery = false;
            },
        ),
    ),
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
    against_advice(
        &["discovery.standard-endpoints"],
        being(
            "other-endpoints",
            "users are at /People, groups at /Teams",
            "RFC 7643 §6: the type names its endpoint; RFC 7644 §3.2 has /Users and /Groups",
            |config| {
                reshape(config, |_, types| {
                    for resource_type in types.iter_mut() {
                        let endpoint = if resource_type.name == "User" { "/People" } else { "/Teams" };
                        resource_type.endpoint = endpoint.to_owned();
                    }
                });
            },
        ),
    ),
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
    being(
        "conflict-for-any-email",
        "two users may not have one address, and the schema says so",
        "RFC 7643 §2.2: uniqueness",
        |config| {
            reshape(config, |schemas, _| {
                define(schemas, USER, "emails.value", |value| value.uniqueness = Uniqueness::Server);
            });
        },
    ),
    being("no-search", "searches by POST are not offered", "RFC 7644 §3.12: 501", |config| {
        config.profile.features.search = false;
    }),
    being("no-user-groups", "users do not show their groups", "RFC 7643 §8.7 is no minimum", |config| {
        reshape(config, |schemas, _| {
            for schema in schemas.iter_mut().filter(|schema| schema.id == USER) {
                schema.attributes.retain(|attribute| attribute.name != "groups");
            }
        });
    }),
    Choice {
        id: "no-nested-groups",
        title: "only users may be members, and the schema says so",
        because: "RFC 7643 §4.2: a group may contain groups where the provider supports it",
        warned_by: &[],
        prepare: |config| {
            reshape(config, |schemas, _| {
                define(schemas, GROUP, "members.type", |kind| {
                    kind.canonical_values = vec!["User".to_owned()]
                });
                define(schemas, GROUP, "members.$ref", |link| link.reference_types = vec!["User".to_owned()]);
            });
        },
        install: |seams| {
            seams.on_written(|writing, resource| {
                let members = resource.get("members").and_then(Value::as_array).into_iter().flatten();
                let ids = members.filter_map(|member| member.get("value").and_then(Value::as_str));
                if writing.is_group() && ids.into_iter().any(|id| (writing.type_of)(id) == Some("Group")) {
                    return Err(ScimError::invalid_value("only users may be members"));
                }
                Ok(())
            });
        },
    },
];
