//! Bugs of `attributes` and `excludedAttributes`.

use serde_json::Value;

use super::Defect;
use super::message::Asked;
use crate::protocol::error::ScimError;
use crate::protocol::schema::ENTERPRISE_USER;

/// Whether a parameter of the request lists that name.
fn lists(asked: &Asked, parameter: &str, name: &str) -> bool {
    asked.names(parameter).iter().any(|listed| listed.eq_ignore_ascii_case(name))
}

/// Exchanges the names that a parameter lists.
fn rename(asked: &mut Asked, parameter: &str, change: impl Fn(&str) -> Option<String>) {
    let names = asked.names(parameter);
    if !names.is_empty() && asked.endpoint() != "Bulk" {
        let changed: Vec<String> = names.iter().filter_map(|name| change(name)).collect();
        match changed.is_empty() {
            true => asked.drop_parameter(parameter),
            false => asked.set_parameter(parameter, &changed.join(",")),
        }
    }
}

/// The table.
pub(super) const DEFECTS: &[Defect] = &[
    Defect {
        id: "projection-attributes-ignored",
        title: "`attributes` is ignored",
        seen: &["simpleidserver/SimpleIdServer#490"],
        breaks: &["RFC7644-3.4.2.5-01", "RFC7644-3.4.2.5-03", "RFC7644-3.9-04"],
        about: "Everything is returned, whatever was asked for. Queries for one attribute of a large group fetch all of \
                its members.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                asked.drop_parameter("attributes");
                Ok(())
            });
        },
    },
    Defect {
        id: "projection-excluded-ignored",
        title: "`excludedAttributes` is ignored",
        seen: &["simpleidserver/SimpleIdServer#490"],
        breaks: &["RFC7644-3.4.2.5-02", "RFC7644-3.9-11", "Q-G22", "Q-L06"],
        about: "What the client does not want is sent all the same. Entra ID leaves members out when it reads large \
                groups, and times out.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                asked.drop_parameter("excludedAttributes");
                Ok(())
            });
        },
    },
    Defect {
        id: "projection-drops-id",
        title: "with `attributes` the `id` is missing unless it is named",
        seen: &["pranems/SCIMServer"],
        breaks: &["RFC7643-3.1-14", "RFC7643-7-27", "RFC7644-3.9-04", "Q-E07"],
        about: "An attribute that is always returned is not. The client cannot tell whose attributes it has got.",
        profile: "rfc",
        install: |seams| {
            seams.on_resource(|asked, resource| {
                if !asked.names("attributes").is_empty() && !lists(asked, "attributes", "id") {
                    resource.shift_remove("id");
                }
            });
        },
    },
    Defect {
        id: "projection-drops-schemas",
        title: "with `attributes` the `schemas` are missing",
        seen: &["pranems/SCIMServer"],
        breaks: &["RFC7644-3.9-13", "RFC7643-3-01"],
        about: "A trimmed resource does not say what it is. Clients that go by `schemas` cannot read it.",
        profile: "rfc",
        install: |seams| {
            seams.on_resource(|asked, resource| {
                if !asked.names("attributes").is_empty() {
                    resource.shift_remove("schemas");
                }
            });
        },
    },
    Defect {
        id: "projection-excludes-id",
        title: "`excludedAttributes=id` leaves the `id` out",
        seen: &[],
        breaks: &["RFC7644-3.4.2.5-05", "RFC7643-3.1-14", "RFC7644-3.9-10", "RFC7644-3.4.3-06"],
        about: "An attribute that is always returned can be excluded. Nobody can address the resource after that.",
        profile: "rfc",
        install: |seams| {
            seams.on_resource(|asked, resource| {
                if lists(asked, "excludedAttributes", "id") {
                    resource.shift_remove("id");
                }
            });
        },
    },
    Defect {
        id: "projection-excludes-extensions",
        title: "with `excludedAttributes` extensions are missing",
        seen: &["scimmyjs/scimmy#37"],
        breaks: &["RFC7644-3.9-11"],
        about: "Whoever excludes anything loses the extensions as well. Department and manager look as if they had been \
                cleared.",
        profile: "rfc",
        install: |seams| {
            seams.on_resource(|asked, resource| {
                if !asked.names("excludedAttributes").is_empty() {
                    resource.retain(|name, _| !name.contains(':'));
                }
            });
        },
    },
    Defect {
        id: "projection-whole-attribute",
        title: "`attributes=name.givenName` returns the whole `name`",
        seen: &[],
        breaks: &["RFC7644-3.9-04", "RFC7644-3.10-04", "RFC7644-3.4.2.5-04"],
        about: "The part behind the dot is not looked at. More personal data is sent than was asked for.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                rename(asked, "attributes", |name| match name.contains(':') {
                    true => Some(name.to_owned()),
                    false => name.split('.').next().map(str::to_owned),
                });
                Ok(())
            });
        },
    },
    Defect {
        id: "projection-sub-attribute-unknown",
        title: "`excludedAttributes=name.givenName` excludes nothing",
        seen: &[],
        breaks: &["RFC7644-3.9-12"],
        about: "Only whole attributes can be left out. Data that the client must not have is sent to it.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                rename(asked, "excludedAttributes", |name| {
                    let local = name.rsplit(':').next().unwrap_or_default();
                    (!local.contains('.')).then(|| name.to_owned())
                });
                Ok(())
            });
        },
    },
    Defect {
        id: "projection-urn-breaks-at-dot",
        title: "a name with a schema URI in `attributes` is cut at the dot of `2.0`",
        seen: &["pranems/SCIMServer"],
        breaks: &["RFC7644-3.9-07", "RFC7644-3.10-03"],
        about: "The full name of an extension attribute is not understood. What was asked for is missing in the answer.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                rename(asked, "attributes", |name| match name.starts_with(ENTERPRISE_USER) {
                    true => name.split('.').next().map(str::to_owned),
                    false => Some(name.to_owned()),
                });
                Ok(())
            });
        },
    },
    Defect {
        id: "projection-refuses-unknown",
        title: "an unknown name in `attributes` is refused",
        seen: &[],
        breaks: &["RFC7644-3.9-09", "Q-L09"],
        about: "A name that the provider does not know fails the whole query. Clients that ask every application for the \
                same list get nothing.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|schemas, query| {
                let is_known = |name: &String| {
                    let path = crate::protocol::attr::AttrPath::parse(name);
                    path.is_ok_and(|path| schemas.iter().any(|schema| schema.bind(&path).is_ok()))
                };
                match query.attributes.iter().chain(&query.excluded).find(|name| !is_known(name)) {
                    Some(name) => Err(ScimError::invalid_value(format!("`{name}` is not an attribute"))),
                    None => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "projection-first-name-only",
        title: "of the names in `attributes` only the first counts",
        seen: &[],
        breaks: &["RFC7644-3.9-06", "RFC7644-3.9-04"],
        about: "The list is not split at its commas, or only once. Clients take what is missing for empty.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                if let Some(first) = asked.names("attributes").into_iter().next() {
                    asked.set_parameter("attributes", &first);
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "projection-ignored-on-write",
        title: "`attributes` is ignored in POST, PUT and PATCH",
        seen: &["better-auth/better-auth#10422"],
        breaks: &["RFC7644-3.9-02", "RFC7644-3.5.2-27"],
        about: "Only queries look at the parameter. A change of a large group returns all of its members each time.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                if matches!(asked.method.as_str(), "POST" | "PUT" | "PATCH") && !asked.is_search() {
                    asked.drop_parameter("attributes");
                    asked.drop_parameter("excludedAttributes");
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "projection-drops-elements",
        title: "`attributes=emails.value` returns the first address only",
        seen: &[],
        breaks: &["RFC7644-3.9-08"],
        about: "A sub-attribute is read from one element and not from all. Members and addresses seem to have gone.",
        profile: "rfc",
        install: |seams| {
            seams.on_resource(|asked, resource| {
                for name in asked.names("attributes") {
                    let name = name.split_once('.').map(|(name, _)| name.to_owned()).unwrap_or_default();
                    if let Some(Value::Array(list)) = resource.get_mut(&name) {
                        list.truncate(1);
                    }
                }
            });
        },
    },
    Defect {
        id: "projection-names-case-sensitive",
        title: "names in `attributes` are only known in the letter case of the schema",
        seen: &[],
        breaks: &["RFC7644-3.10-05", "RFC7643-2.1-02", "Q-H13"],
        about: "`USERNAME` names nothing, and nothing is returned for it. Clients take the value for empty.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|schemas, query| {
                query.attributes.iter_mut().for_each(|name| {
                    let is_spelled = |name: &str| {
                        schemas.iter().any(|s| s.attribute(name).is_some_and(|a| a.name == name))
                    };
                    let plain = name.split('.').next().unwrap_or_default();
                    if !name.contains(':') && !is_spelled(plain) {
                        name.insert(0, '_');
                    }
                });
                Ok(())
            });
        },
    },
];
