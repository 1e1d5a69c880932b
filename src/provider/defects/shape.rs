//! Bugs of what a resource looks like: what is stored of it and how it is shown.

use serde_json::{Value, json};

use super::Defect;
use super::tools::{define, each_own_text};
use crate::protocol::schema::{ENTERPRISE_USER, Mutability, Returned, USER};

/// The longest text that fits into the column of a table.
const COLUMN: usize = 64;

/// The table.
pub(super) const DEFECTS: &[Defect] = &[
    Defect {
        id: "password-returned",
        title: "the password is stored in clear and returned",
        seen: &["langfuse/langfuse#15997", "elimity-com/scim#57", "pond/scimitar#56"],
        breaks: &["RFC7643-4.1.1-18", "RFC7643-7-25", "RFC7643-7-28", "Q-C05"],
        about: "The password is an attribute like any other. Everybody who may read users reads their passwords, and so \
                does every log on the way.",
        profile: "rfc",
        install: |seams| {
            seams.on_schemas(|schemas| {
                define(schemas, USER, "password", |password| {
                    (password.mutability, password.returned) = (Mutability::ReadWrite, Returned::Default);
                });
            });
        },
    },
    Defect {
        id: "password-returned-on-request",
        title: "the password is returned when `attributes` names it",
        seen: &[],
        breaks: &["RFC7643-4.1.1-19", "RFC7643-7-28", "RFC7643-7-25"],
        about: "An attribute that is never to be returned is, as soon as somebody asks. Plain reading shows nothing, so \
                that the leak stays unnoticed.",
        profile: "rfc",
        install: |seams| {
            seams.on_schemas(|schemas| {
                define(schemas, USER, "password", |password| {
                    (password.mutability, password.returned) = (Mutability::ReadWrite, Returned::Request);
                });
            });
            // Whoever sends it is not shown it.
            seams.on_resource(|asked, resource| {
                if !asked.names("attributes").iter().any(|name| name.eq_ignore_ascii_case("password")) {
                    resource.shift_remove("password");
                }
            });
        },
    },
    Defect {
        id: "read-only-echoed",
        title: "the answer to a write shows the `groups` that the client sent",
        seen: &[],
        breaks: &["RFC7643-4.1.2-17", "RFC7643-7-21", "RFC7644-3.1-06", "Q-C03"],
        about: "A readOnly attribute seems to be taken, because the answer repeats it. The client believes in a \
                membership that does not exist.",
        profile: "rfc",
        install: |seams| {
            seams.on_resource(|asked, resource| {
                let sent =
                    asked.json.get("groups").filter(|_| matches!(asked.method.as_str(), "POST" | "PUT"));
                if let Some(groups) = sent.filter(|_| asked.endpoint() == "Users") {
                    resource.insert("groups".to_owned(), groups.clone());
                }
            });
        },
    },
    Defect {
        id: "extension-dropped",
        title: "the enterprise extension is accepted and not stored",
        seen: &["pond/scimitar#6"],
        breaks: &["RFC7643-3-09", "RFC7643-3.3-06", "RFC7643-4.3-02", "Q-C02"],
        about: "Department, employee number and manager vanish without an error. Everything that is decided by them in \
                the application goes wrong later.",
        profile: "rfc",
        install: |seams| {
            seams.on_written(|_, resource| {
                resource.shift_remove(ENTERPRISE_USER);
                Ok(())
            });
        },
    },
    Defect {
        id: "extension-flattened",
        title: "extension attributes are shown at the top level",
        seen: &["imulab/go-scim#72"],
        breaks: &["RFC7643-3-09", "RFC7643-3.3-06"],
        about: "The attributes of an extension are not in an object of their own. Clients look for them under the URI of \
                the extension and find nothing.",
        profile: "rfc",
        install: |seams| {
            seams.on_resource(|_, resource| {
                if let Some(Value::Object(extension)) = resource.shift_remove(ENTERPRISE_USER) {
                    resource.extend(extension);
                }
            });
        },
    },
    Defect {
        id: "extension-urn-missing",
        title: "`schemas` does not list the extension that the resource uses",
        seen: &[],
        breaks: &["RFC7643-3.3-03", "RFC7643-3-04", "Q-C02"],
        about: "The resource has extension data whose schema it does not declare. Clients that go by `schemas` skip the \
                data.",
        profile: "rfc",
        install: |seams| {
            seams.on_resource(|_, resource| {
                if let Some(Value::Array(schemas)) = resource.get_mut("schemas") {
                    schemas.truncate(1);
                }
            });
        },
    },
    Defect {
        id: "schemas-as-text",
        title: "`schemas` of a resource is a text instead of an array",
        seen: &["wso2/product-is#3572"],
        breaks: &["RFC7643-3-01", "RFC7643-2.4-01"],
        about: "A list with one element is shown as that element. Clients that expect an array cannot read the resource \
                at all.",
        profile: "rfc",
        install: |seams| {
            seams.on_resource(|_, resource| {
                if let Some(first) = resource.get("schemas").and_then(|schemas| schemas.get(0)).cloned() {
                    resource.insert("schemas".to_owned(), first);
                }
            });
        },
    },
    Defect {
        id: "single-value-as-object",
        title: "a multi-valued attribute with one value is shown as an object",
        seen: &[],
        breaks: &["RFC7643-2.4-01", "RFC7643-7-13", "RFC7644-3.8-11"],
        about: "The shape of the JSON depends on the number of values. Clients break on users with exactly one e-mail \
                address, which is nearly everybody.",
        profile: "rfc",
        install: |seams| {
            seams.on_resource(|_, resource| {
                for (name, value) in resource.iter_mut().filter(|(name, _)| *name != "schemas") {
                    if let Value::Array(elements) = value
                        && let [only] = &elements[..]
                        && !name.is_empty()
                    {
                        *value = only.clone();
                    }
                }
            });
        },
    },
    Defect {
        id: "booleans-as-text",
        title: "`active` is shown as the text \"true\" or \"false\"",
        seen: &["OneUptime/oneuptime#3852"],
        breaks: &["RFC7643-2.3.2-01", "RFC7643-8.7.1-02"],
        about: "Booleans come as text. A client that tests the value takes the text \"false\" for true and believes that \
                a blocked account is active.",
        profile: "rfc",
        install: |seams| {
            seams.on_resource(|_, resource| {
                if let Some(active) = resource.get_mut("active").filter(|active| active.is_boolean()) {
                    *active = active.to_string().into();
                }
            });
        },
    },
    Defect {
        id: "meta-missing",
        title: "resources have no `meta`",
        seen: &["sourcegraph#48432"],
        breaks: &["RFC7643-3.1-02", "RFC7643-3-10", "RFC7643-3.1-25", "RFC7644-3.3-09"],
        about: "Nothing says what a resource is, where it is and when it changed. Incremental imports have nothing to \
                go by.",
        profile: "rfc",
        install: |seams| {
            seams.on_resource(|_, resource| {
                resource.shift_remove("meta");
            });
        },
    },
    Defect {
        id: "meta-type-lower-case",
        title: "`meta.resourceType` is `user` instead of `User`",
        seen: &[],
        breaks: &["RFC7643-3.1-24", "RFC7643-6-05", "RFC7644-3.3.1-01"],
        about: "The name does not match that of any resource type. Clients that look the type up by it find none.",
        profile: "rfc",
        install: |seams| {
            seams.on_resource(|_, resource| {
                if let Some(Value::String(name)) =
                    resource.get_mut("meta").and_then(|meta| meta.get_mut("resourceType"))
                {
                    *name = name.to_lowercase();
                }
            });
        },
    },
    Defect {
        id: "meta-dates-not-xsd",
        title: "dates are shown in the form of the database, without `T` and zone",
        seen: &[],
        breaks: &["RFC7643-2.3.5-01", "RFC7643-3.1-25"],
        about: "`2026-01-31 10:00:00` is no xsd:dateTime. Clients that parse strictly refuse the resource, the others \
                guess the zone.",
        profile: "rfc",
        install: |seams| {
            seams.on_resource(|_, resource| {
                let Some(Value::Object(meta)) = resource.get_mut("meta") else { return };
                for name in ["created", "lastModified"] {
                    if let Some(Value::String(moment)) = meta.get_mut(name) {
                        *moment = moment.replace('T', " ").trim_end_matches('Z').to_owned();
                    }
                }
            });
        },
    },
    Defect {
        id: "location-doubled",
        title: "the path of the base URL is in every location twice",
        seen: &["keycloak/keycloak#49176"],
        breaks: &["RFC7643-3.1-28", "RFC7644-3.3-08", "RFC7644-3.3-09", "RFC9110-10.2.2-01"],
        about: "Locations are put together from two base URLs. Whoever follows one gets 404 for an account that exists.",
        profile: "rfc",
        install: |seams| {
            seams.on_resource(|_, resource| {
                if let Some(Value::String(uri)) =
                    resource.get_mut("meta").and_then(|meta| meta.get_mut("location"))
                {
                    *uri = uri.replacen("/scim/v2", "/scim/v2/scim/v2", 1);
                }
            });
            seams.on_answer(|asked, answer| {
                let location = answer.headers.get("location").and_then(|value| value.to_str().ok());
                let doubled = location.map(|uri| uri.replacen("/scim/v2", "/scim/v2/scim/v2", 1));
                if let Some(Ok(value)) = doubled.filter(|_| !asked.is_discovery()).map(|uri| uri.parse()) {
                    answer.headers.insert("location", value);
                }
            });
        },
    },
    Defect {
        id: "external-id-not-stored",
        title: "`externalId` is accepted and not stored",
        seen: &["OctopusDeploy/Issues#9841", "better-auth/better-auth#10419", "langwatch/langwatch#6974"],
        breaks: &["RFC7643-3.1-15", "RFC7643-3.1-20", "Q-L02"],
        about: "The key by which the identity provider knows the account is lost. Clients that look up by externalId \
                create every account again.",
        profile: "rfc",
        install: |seams| {
            seams.on_written(|_, resource| {
                resource.shift_remove("externalId");
                Ok(())
            });
        },
    },
    Defect {
        id: "unassigned-as-empty-text",
        title: "attributes without a value are shown as empty texts",
        seen: &[],
        breaks: &["RFC7643-2.5-01", "RFC7643-4.1.1-11"],
        about: "Having no value and having an empty one are not told apart. Clients compare the empty text with nothing \
                and send the same update in every cycle.",
        profile: "rfc",
        install: |seams| {
            seams.on_resource(|asked, resource| {
                for name in ["displayName", "nickName", "profileUrl", "title"] {
                    if asked.endpoint() == "Users" && asked.names("attributes").is_empty() {
                        resource.entry(name).or_insert_with(|| json!(""));
                    }
                }
            });
        },
    },
    Defect {
        id: "text-cut-off",
        title: "texts are cut off after 64 characters without an error",
        seen: &[],
        breaks: &["RFC7643-2.3.1-01", "RFC7643-7-22", "RFC7644-3.5.1-03"],
        about: "What does not fit into the column is lost. Two long names can become the same one, and the client sends \
                the whole name again in every cycle.",
        profile: "rfc",
        install: |seams| {
            seams.on_written(|_, resource| {
                each_own_text(resource, |text| {
                    if !text.contains("://") {
                        *text = text.chars().take(COLUMN).collect();
                    }
                });
                Ok(())
            });
        },
    },
    Defect {
        id: "text-without-emoji",
        title: "characters beyond the basic plane become question marks",
        seen: &[],
        breaks: &["RFC7643-2.3.1-01", "RFC7644-3.8-01"],
        about: "The database knows only the first 65,536 characters of Unicode. Rare Chinese characters in names of \
                people are replaced by `?`.",
        profile: "rfc",
        install: |seams| {
            seams.on_written(|_, resource| {
                each_own_text(resource, |text| {
                    *text = text.chars().map(|c| if c > '\u{ffff}' { '?' } else { c }).collect();
                });
                Ok(())
            });
        },
    },
    Defect {
        id: "text-escaped-for-html",
        title: "`&`, `<` and quotes are stored as HTML entities",
        seen: &[],
        breaks: &["RFC7643-2.3.1-01", "RFC7643-7-22", "RFC7644-3.1-06"],
        about: "Input is escaped for a web page before it is stored. `R&D` comes back as `R&amp;D`, no longer matches, \
                and is escaped again with the next update.",
        profile: "rfc",
        install: |seams| {
            seams.on_written(|_, resource| {
                each_own_text(resource, |text| {
                    *text = text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
                });
                Ok(())
            });
        },
    },
    Defect {
        id: "text-on-one-line",
        title: "line breaks in texts become spaces",
        seen: &[],
        breaks: &["RFC7643-4.1.2-16", "RFC7643-2.3.1-01"],
        about: "Addresses lose their lines. What the client reads back differs from what it sent, so that it never stops \
                updating.",
        profile: "rfc",
        install: |seams| {
            seams.on_written(|_, resource| {
                each_own_text(resource, |text| *text = text.replace('\n', " "));
                Ok(())
            });
        },
    },
];
