//! Bugs of the discovery endpoints: what the provider says of itself.

use serde_json::{Map, Value, json};

use super::Defect;
use super::message::{Answer, Asked};
use crate::protocol::error::ScimError;
use crate::protocol::schema::{ENTERPRISE_USER, USER};

/// The document of ServiceProviderConfig.
fn config<'a>(asked: &Asked, answer: &'a mut Answer) -> Option<&'a mut Map<String, Value>> {
    let is_config = asked.endpoint() == "ServiceProviderConfig" && answer.status == 200;
    answer.json.as_object_mut().filter(|_| is_config)
}

/// Every document at a discovery endpoint that holds several, listed or by itself.
fn documents<'a>(asked: &Asked, answer: &'a mut Answer, endpoint: &str) -> Vec<&'a mut Map<String, Value>> {
    if asked.endpoint() != endpoint || answer.status != 200 {
        return Vec::new();
    }
    match answer.is_list() {
        true => {
            let list = answer.json.get_mut("Resources").and_then(Value::as_array_mut);
            list.into_iter().flatten().filter_map(Value::as_object_mut).collect()
        }
        false => answer.json.as_object_mut().into_iter().collect(),
    }
}

/// Changes the definition of an attribute of User as it is published.
fn publish(asked: &Asked, answer: &mut Answer, name: &str, change: fn(&mut Value)) {
    for schema in documents(asked, answer, "Schemas").into_iter().filter(|schema| schema["id"] == USER) {
        let attributes = schema.get_mut("attributes").and_then(Value::as_array_mut);
        attributes.into_iter().flatten().filter(|attribute| attribute["name"] == name).for_each(change);
    }
}

/// The table.
pub(super) const DEFECTS: &[Defect] = &[
    Defect {
        id: "config-missing",
        title: "/ServiceProviderConfig is answered 404",
        seen: &["Infisical/infisical#6861"],
        breaks: &["RFC7644-4-01", "RFC7643-5-01", "Q-T09"],
        about: "The provider does not say what it can do. Clients that ask first, such as Rippling and authentik, stop \
                there.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if asked.endpoint() == "ServiceProviderConfig" {
                    answer.refuse(&ScimError::status(404, "not found"));
                }
            });
        },
    },
    Defect {
        id: "config-without-schemas",
        title: "ServiceProviderConfig has no `schemas`",
        seen: &[],
        breaks: &["RFC7643-5-01", "RFC7643-3-01", "RFC7644-4-01", "Q-T09"],
        about: "The document does not say what it is. Clients that read strictly refuse it and with it the application.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if let Some(config) = config(asked, answer) {
                    config.shift_remove("schemas");
                }
            });
        },
    },
    Defect {
        id: "config-as-list",
        title: "ServiceProviderConfig comes in a ListResponse",
        seen: &[],
        breaks: &["RFC7644-4-01", "RFC7643-5-01"],
        about: "The single document is wrapped like those of the other discovery endpoints. Clients find no feature in it \
                and believe that there is none.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if config(asked, answer).is_some() {
                    answer.json = crate::protocol::message::complete_list(vec![answer.json.take()]);
                }
            });
        },
    },
    Defect {
        id: "config-flags-as-text",
        title: "`supported` is a text instead of a boolean",
        seen: &[],
        breaks: &["RFC7643-5-05", "RFC7643-5-06", "RFC7643-5-09", "RFC7643-2.3.2-01"],
        about: "Flags come quoted. A client that tests the value takes \"false\" for true.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                for value in config(asked, answer).into_iter().flat_map(|config| config.values_mut()) {
                    if let Some(flag) = value.get_mut("supported") {
                        *flag = flag.to_string().into();
                    }
                }
            });
        },
    },
    Defect {
        id: "config-limits-as-text",
        title: "the limits of bulk requests are texts",
        seen: &[],
        breaks: &["RFC7643-5-07", "RFC7643-5-08", "RFC7644-3.7.4-02"],
        about: "Numbers come quoted. Clients that read strictly fail with the whole document.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                let bulk = config(asked, answer).and_then(|config| config.get_mut("bulk")?.as_object_mut());
                for value in
                    bulk.into_iter().flat_map(|bulk| bulk.values_mut()).filter(|value| value.is_number())
                {
                    *value = value.to_string().into();
                }
            });
        },
    },
    Defect {
        id: "config-without-authentication",
        title: "ServiceProviderConfig has no `authenticationSchemes`",
        seen: &[],
        breaks: &["RFC7643-5-14"],
        about: "Nothing says how to log in. Whoever sets the connection up has to find out by trying.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if let Some(config) = config(asked, answer) {
                    config.shift_remove("authenticationSchemes");
                }
            });
        },
    },
    Defect {
        id: "config-authentication-type-unknown",
        title: "the type of an authentication scheme is `Bearer`",
        seen: &["wso2/charon#93"],
        breaks: &["RFC7643-5-16"],
        about: "The value is none of those that the RFC defines. Clients that choose the way to log in by it find none.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                let schemes =
                    config(asked, answer).and_then(|config| config.get_mut("authenticationSchemes"));
                for scheme in schemes.and_then(Value::as_array_mut).into_iter().flatten() {
                    scheme["type"] = "Bearer".into();
                }
            });
        },
    },
    Defect {
        id: "config-page-size-exceeded",
        title: "`filter.maxResults` and `maxPageSize` say 2, and pages are larger",
        seen: &[],
        breaks: &["RFC7644-3.4.2.4-16", "RFC9865-4-06", "RFC7643-5-20", "RFC7643-5-10"],
        about: "A limit is announced and not kept. Clients that reserve room for it fail with the first larger page.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if let Some(config) = config(asked, answer) {
                    config["filter"]["maxResults"] = 2.into();
                    config["pagination"]["maxPageSize"] = 2.into();
                    config["pagination"]["defaultPageSize"] = 2.into();
                }
            });
        },
    },
    Defect {
        id: "config-without-pagination",
        title: "ServiceProviderConfig has no `pagination`, although cursors work",
        seen: &[],
        breaks: &["RFC9865-4-01"],
        about: "Nothing says that there are cursors. Clients page by index, which misses people while others come and go.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if let Some(config) = config(asked, answer) {
                    config.shift_remove("pagination");
                }
            });
        },
    },
    Defect {
        id: "config-denies-patch",
        title: "ServiceProviderConfig denies PATCH, which works",
        seen: &["Yuzu#2027"],
        breaks: &["RFC7643-5-20", "RFC7644-3.5-03", "Q-T09"],
        about: "A feature that is there is not announced. Clients fall back to PUT, which overwrites what others have \
                changed.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if let Some(config) = config(asked, answer) {
                    config["patch"]["supported"] = false.into();
                }
            });
        },
    },
    Defect {
        id: "schemas-as-array",
        title: "/Schemas is a bare JSON array",
        seen: &["pond/scimitar#117"],
        breaks: &["RFC7644-4-03", "RFC7644-4-09", "Q-T10"],
        about: "The frame of the ListResponse is missing. The discovery of Entra ID finds no schema and no attribute to \
                map.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if asked.endpoint() == "Schemas" && answer.is_list() {
                    answer.json = answer.json["Resources"].take();
                }
            });
        },
    },
    Defect {
        id: "schemas-without-enterprise",
        title: "/Schemas does not list the enterprise extension, which works",
        seen: &["pranems/SCIMServer"],
        breaks: &["RFC7643-7-01", "RFC7643-6-12", "RFC7644-4-03"],
        about: "Attributes exist that no schema describes. Whoever maps attributes by discovery never sees department and \
                manager.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if asked.endpoint() == "Schemas"
                    && let Some(Value::Array(schemas)) = answer.json.get_mut("Resources")
                {
                    schemas.retain(|schema| schema["id"] != ENTERPRISE_USER);
                    let count = schemas.len();
                    answer.json["totalResults"] = count.into();
                    answer.json["itemsPerPage"] = count.into();
                }
            });
        },
    },
    Defect {
        id: "schemas-by-id-missing",
        title: "/Schemas/{urn} is answered 404",
        seen: &[],
        breaks: &["RFC7644-4-04"],
        about: "Schemas can be listed and not read one by one. Clients that follow `schema` of a resource type end in \
                nothing.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if asked.endpoint() == "Schemas" && answer.status == 200 && !answer.is_list() {
                    answer.refuse(&ScimError::status(404, "not found"));
                }
            });
        },
    },
    Defect {
        id: "schemas-unknown-as-200",
        title: "an unknown schema is answered 200 with nothing in it",
        seen: &[],
        breaks: &["RFC7644-4-05"],
        about: "A schema that does not exist looks like one without attributes. Mistakes in a URN stay unnoticed.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if asked.endpoint() == "Schemas" && answer.status == 404 {
                    answer.status = 200;
                    answer.json = json!({});
                }
            });
        },
    },
    Defect {
        id: "schemas-mutability-unknown",
        title: "/Schemas calls the mutability of attributes `READ_WRITE`",
        seen: &[],
        breaks: &["RFC7643-7-20", "RFC7643-7-08"],
        about: "The keywords are those of the source code and not of the RFC. Clients that read them strictly refuse every \
                schema.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                for schema in documents(asked, answer, "Schemas") {
                    for attribute in
                        schema.get_mut("attributes").and_then(Value::as_array_mut).into_iter().flatten()
                    {
                        if attribute["mutability"] == "readWrite" {
                            attribute["mutability"] = "READ_WRITE".into();
                        }
                    }
                }
            });
        },
    },
    Defect {
        id: "schemas-user-name-optional",
        title: "/Schemas calls userName not required, which it is",
        seen: &["pranems/SCIMServer"],
        breaks: &["RFC7643-8.7.1-02", "RFC7643-7-15", "RFC7643-7-14"],
        about: "The published schema and the behaviour drift apart. A mapping that was made by discovery leaves the name \
                out, and every create fails.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                publish(asked, answer, "userName", |a| a["required"] = false.into())
            });
        },
    },
    Defect {
        id: "schemas-password-readable",
        title: "/Schemas says that the password is returned",
        seen: &[],
        breaks: &["RFC7643-8.7.1-02", "RFC7643-7-26"],
        about: "A security-relevant characteristic is published wrongly. Clients that go by it show and log the \
                attribute.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                publish(asked, answer, "password", |a| {
                    a["returned"] = "default".into();
                    a["mutability"] = "readWrite".into();
                });
            });
        },
    },
    Defect {
        id: "schemas-emails-singular",
        title: "/Schemas says that `emails` is not multi-valued",
        seen: &[],
        breaks: &["RFC7643-7-13", "RFC7643-8.7.1-02"],
        about: "The published shape is not the one of the data. Clients that map by it send an object and are refused.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                publish(asked, answer, "emails", |a| a["multiValued"] = false.into())
            });
        },
    },
    Defect {
        id: "schemas-without-sub-attributes",
        title: "/Schemas does not list the sub-attributes of `name`",
        seen: &[],
        breaks: &["RFC7643-7-11", "RFC7643-8.7.1-02"],
        about: "A complex attribute has no parts. Given name and family name cannot be mapped by discovery.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                publish(asked, answer, "name", |a| {
                    if let Some(attribute) = a.as_object_mut() {
                        attribute.shift_remove("subAttributes");
                    }
                });
            });
        },
    },
    Defect {
        id: "resource-types-as-object",
        title: "/ResourceTypes is a single resource type instead of a list",
        seen: &["wso2/product-is#3372"],
        breaks: &["RFC7644-4-06", "RFC7644-4-09"],
        about: "Only the first resource type is shown, and without a frame. Clients that go by discovery find no groups.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if asked.endpoint() == "ResourceTypes" && answer.is_list() {
                    answer.json = answer.json["Resources"][0].take();
                }
            });
        },
    },
    Defect {
        id: "resource-types-without-endpoint",
        title: "resource types have no `endpoint`",
        seen: &["wso2/product-is#3372"],
        breaks: &["RFC7643-6-08", "RFC7644-3.2-03"],
        about: "Nothing says where users are. Clients that go by discovery have to guess.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                for document in documents(asked, answer, "ResourceTypes") {
                    document.shift_remove("endpoint");
                }
            });
        },
    },
    Defect {
        id: "resource-types-wrong-endpoint",
        title: "resource types name an endpoint that does not exist",
        seen: &[],
        breaks: &["RFC7644-4-12", "RFC7643-6-08"],
        about: "`/User` is announced and `/Users` is served. Clients that go by discovery get 404 for everything.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                for document in documents(asked, answer, "ResourceTypes") {
                    if let Some(Value::String(endpoint)) = document.get_mut("endpoint") {
                        *endpoint = endpoint.trim_end_matches('s').to_owned();
                    }
                }
            });
        },
    },
    Defect {
        id: "resource-types-schema-by-name",
        title: "`schema` of a resource type is a name instead of a URI",
        seen: &[],
        breaks: &["RFC7643-6-09", "RFC7643-6-10"],
        about: "The reference leads nowhere. Clients cannot find out which attributes a resource has.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                for document in documents(asked, answer, "ResourceTypes") {
                    let name = document.get("name").cloned().unwrap_or_default();
                    document.insert("schema".to_owned(), name);
                }
            });
        },
    },
    Defect {
        id: "resource-types-by-name-missing",
        title: "/ResourceTypes/User is answered 404",
        seen: &[],
        breaks: &["RFC7644-4-07"],
        about: "Resource types can be listed and not read one by one. Clients that follow `meta.location` end in nothing.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if asked.endpoint() == "ResourceTypes" && answer.status == 200 && !answer.is_list() {
                    answer.refuse(&ScimError::status(404, "not found"));
                }
            });
        },
    },
    Defect {
        id: "discovery-filter-ignored",
        title: "a filter on a discovery endpoint is ignored",
        seen: &["keycloak/keycloak#51685", "getsentry/sentry#119884"],
        breaks: &["RFC7644-4-11"],
        about: "The answer looks like the result of the filter and is everything. A client that looks for one schema takes \
                the first one for it.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                if asked.is_discovery() {
                    asked.drop_parameter("filter");
                }
                Ok(())
            });
        },
    },
];
