//! Bugs of POST: what it takes, what it refuses, what it answers.

use serde_json::{Value, json};

use super::Defect;
use super::seams::Switch;
use super::tools::{crash, define, elements};
use crate::protocol::error::ScimError;
use crate::protocol::schema::{ENTERPRISE_USER, GROUP, USER, Uniqueness};

/// Stands for an empty userName on its way past the check.
const EMPTY: &str = "\u{fffd}";

/// The table.
pub(super) const DEFECTS: &[Defect] = &[
    Defect {
        id: "create-adopts-client-id",
        title: "POST takes the `id` that the client sends",
        seen: &["msaad00/agent-bom PR#3540"],
        breaks: &["RFC7643-3.1-10", "RFC7643-3.1-02", "Q-C03"],
        about: "The id in the body becomes the id of the resource. An id that exists already takes over the account \
                of somebody else.",
        profile: "rfc",
        install: |seams| {
            seams.on_id(|body, id| {
                if let Some(given) = body.get("id").and_then(Value::as_str) {
                    given.clone_into(id);
                }
            });
        },
    },
    Defect {
        id: "create-echoes-client-meta",
        title: "the answer to POST shows the `meta` that the client sent",
        seen: &[],
        breaks: &["RFC7643-3.1-22", "RFC7643-3.1-02", "Q-C03"],
        about: "The answer is made of what was sent and not of what was stored. The client keeps times and a location \
                that are its own invention.",
        profile: "rfc",
        install: |seams| {
            seams.on_resource(|asked, resource| {
                let sent = asked.json.get("meta").and_then(Value::as_object).filter(|_| asked.is_create());
                let stored = resource.get_mut("meta").and_then(Value::as_object_mut);
                if let (Some(sent), Some(stored)) = (sent, stored) {
                    stored.extend(sent.clone());
                }
            });
        },
    },
    Defect {
        id: "create-invents-external-id",
        title: "a resource without `externalId` gets one from the provider",
        seen: &[],
        breaks: &["RFC7643-3.1-16"],
        about: "The userName is copied into externalId where the client sends none. A client that looks its own \
                records up by externalId finds accounts that it never made.",
        profile: "rfc",
        install: |seams| {
            seams.on_written(|writing, resource| {
                if writing.method == "POST"
                    && !resource.contains_key("externalId")
                    && let Some(name) = resource.get("userName").cloned()
                {
                    resource.insert("externalId".to_owned(), name);
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "create-allows-duplicates",
        title: "two users may have the same userName",
        seen: &["Infisical/infisical PR#6471"],
        breaks: &["RFC7643-4.1.1-03", "RFC7644-3.3-10", "RFC7643-7-34", "Q-C15", "Q-C19"],
        about: "Uniqueness of userName is not enforced. A repeated POST after a timeout makes a second account, and the \
                next look-up finds two.",
        profile: "rfc",
        install: |seams| {
            seams
                .on_schemas(|schemas| define(schemas, USER, "userName", |a| a.uniqueness = Uniqueness::None));
        },
    },
    Defect {
        id: "create-allows-case-variants",
        title: "`ADA@x` may be created beside `ada@x`",
        seen: &["langfuse/langfuse#13528"],
        breaks: &["RFC7643-4.1.1-04"],
        about: "userNames count as different when only their letter case differs. One person ends up with two accounts, \
                because identity providers do not keep letter case stable.",
        profile: "rfc",
        install: |seams| seams.switch(Switch::ExactUniqueness),
    },
    Defect {
        id: "create-conflict-as-400",
        title: "a duplicate is answered 400 instead of 409",
        seen: &["imulab/go-scim#65", "FusionAuth/fusionauth-issues#1776", "wso2/product-is#25252"],
        breaks: &["RFC7644-3.3-10", "RFC7644-3.12-14", "Q-C15"],
        about: "The status does not tell a conflict from a broken request. Clients that link to the existing account on \
                409 report an error instead.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if asked.is_create() && answer.status == 409 {
                    answer.set_status(400);
                }
            });
        },
    },
    Defect {
        id: "create-conflict-without-keyword",
        title: "409 comes without `scimType: uniqueness`",
        seen: &["getsentry/sentry#117860", "ory/polis#4065", "ory/polis#4066", "ory/polis#4067"],
        breaks: &["RFC7644-3.3-10", "RFC7644-3.12-21", "Q-C17"],
        about: "The error says 409 and nothing else. A client cannot tell a taken name from a version conflict, and \
                does not look for the account that is in the way.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|_, answer| {
                if answer.scim_type() == Some("uniqueness")
                    && let Some(error) = answer.json.as_object_mut()
                {
                    error.shift_remove("scimType");
                }
            });
        },
    },
    Defect {
        id: "create-conflict-as-500",
        title: "a duplicate ends in an internal error",
        seen: &["Metatavu/keycloak-scim-server#109", "gravitee-io#8290"],
        breaks: &["RFC7644-3.3-10", "RFC7644-3.12-17", "Q-C15", "Q-E10"],
        about: "The unique index of the database answers before the application does. Clients take 500 for a passing \
                trouble and repeat the same POST for weeks.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if asked.is_create() && answer.status == 409 {
                    let said = "duplicate key value violates unique constraint \"users_user_name_key\"";
                    answer.refuse(&crash(said));
                }
            });
        },
    },
    Defect {
        id: "create-conflict-on-email",
        title: "two users may not share an e-mail address",
        seen: &["ory/polis#4065"],
        breaks: &["RFC7644-3.3-01", "RFC7643-8.7.1-02"],
        about: "The address is treated as the key of an account although the schema calls it not unique. People with a \
                shared mailbox, or with two accounts, cannot be provisioned.",
        profile: "rfc",
        install: |seams| {
            seams.on_schemas(|schemas| {
                define(schemas, USER, "emails.value", |a| a.uniqueness = Uniqueness::Server)
            });
        },
    },
    Defect {
        id: "create-takes-over-by-email",
        title: "POST with the e-mail address of an existing user writes over that account",
        seen: &["intuitem/ciso-assistant#4658", "eneo#443"],
        breaks: &["RFC7644-3.3-01", "RFC7643-3.1-09", "RFC7643-3.1-02"],
        about: "Accounts are matched by address and not by userName. Whoever can set an address in the directory takes the \
                account of somebody else over.",
        profile: "rfc",
        install: |seams| seams.switch(Switch::AdoptsByEmail),
    },
    Defect {
        id: "create-race",
        title: "two POSTs at the same time both create the same user",
        seen: &["gravitee-io#8290", "wso2/product-is#26148", "Infisical/infisical PR#6471"],
        breaks: &["RFC7643-4.1.1-03", "RFC7644-3.3-10", "Q-C19"],
        about: "Whether the name is free is asked before the resource is stored, and not again. A client that repeats a \
                slow POST gets two accounts.",
        profile: "rfc",
        install: |seams| seams.switch(Switch::EarlyUniqueness),
    },
    Defect {
        id: "create-without-location",
        title: "201 has no Location header",
        seen: &[],
        breaks: &["RFC7644-3.3-08", "RFC9110-10.2.2-01", "Q-C18"],
        about: "The URI of the new resource is missing in the header. Clients that follow it do not learn where the \
                account is.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if asked.is_create() {
                    answer.headers.remove("location");
                }
            });
        },
    },
    Defect {
        id: "create-answers-200",
        title: "a successful POST is answered 200",
        seen: &[],
        breaks: &["RFC7644-3.3-06", "Q-C18"],
        about: "The resource is created, but the status says something else. Strict clients count the create as failed \
                and send it again.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if asked.is_create() && answer.status == 201 {
                    answer.status = 200;
                }
            });
        },
    },
    Defect {
        id: "create-without-body",
        title: "201 comes without the new resource",
        seen: &[],
        breaks: &["RFC7644-3.3-07", "RFC7644-3.3-09", "Q-C18"],
        about: "The answer to POST is empty. Okta reads the id of the account from there and loses track of it.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if asked.is_create() && answer.status == 201 {
                    answer.empty(answer.status);
                }
            });
        },
    },
    Defect {
        id: "create-without-id",
        title: "the answer to POST has no `id`",
        seen: &["goauthentik/authentik#25837"],
        breaks: &["RFC7643-3.1-05", "RFC7643-3.1-14", "RFC7644-3.3-07", "Q-E07"],
        about: "The id is assigned after the answer was made. The client has nothing to address the account by, and some \
                stop for good.",
        profile: "rfc",
        install: |seams| {
            seams.on_resource(|asked, resource| {
                if asked.is_create() {
                    resource.shift_remove("id");
                }
            });
        },
    },
    Defect {
        id: "create-user-without-name",
        title: "a user without userName is created",
        seen: &[],
        breaks: &["RFC7643-4.1.1-01", "RFC7644-3.3-12", "RFC7643-7-15"],
        about: "A required attribute may be missing. Accounts appear that nobody can log in to and no look-up finds.",
        profile: "rfc",
        install: |seams| {
            seams.on_schemas(|schemas| define(schemas, USER, "userName", |a| a.required = false));
            // Only POST forgets to look.
            seams.on_body(|writing, body| match (writing.method, writing.is_group(), body.get("userName")) {
                ("PUT", false, None | Some(Value::Null)) => {
                    Err(ScimError::invalid_value("userName: is required"))
                }
                _ => Ok(()),
            });
        },
    },
    Defect {
        id: "create-empty-user-name",
        title: "a user with an empty userName is created",
        seen: &[],
        breaks: &["RFC7643-4.1.1-02", "RFC7643-4.1.1-01"],
        about: "An empty text counts as a value for a required attribute. A mapping that yields nothing makes a nameless \
                account, and the second one a conflict.",
        profile: "rfc",
        install: |seams| {
            seams.on_body(|_, body| {
                if body.get("userName").and_then(Value::as_str) == Some("") {
                    body.insert("userName".to_owned(), EMPTY.into());
                }
                Ok(())
            });
            seams.on_written(|_, resource| {
                if resource.get("userName").and_then(Value::as_str) == Some(EMPTY) {
                    resource.insert("userName".to_owned(), "".into());
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "create-takes-any-type",
        title: "numbers and booleans are taken for text",
        seen: &[],
        breaks: &["RFC7643-2.3.1-02", "RFC7644-3.3-12", "RFC7643-2-01"],
        about: "A value of the wrong JSON type is stored as text instead of being refused. What the client reads back is \
                not what it sent, so that it sends it again in every cycle.",
        profile: "rfc",
        install: |seams| {
            seams.on_body(|writing, body| {
                for (name, value) in body.iter_mut() {
                    let is_text =
                        writing.schema.attribute(name).is_some_and(|a| a.kind.keyword() == "string");
                    if is_text && (value.is_number() || value.is_boolean()) {
                        *value = value.to_string().into();
                    }
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "create-takes-any-boolean",
        title: "anything but `false` and 0 is taken for `active: true`",
        seen: &[],
        breaks: &["RFC7643-2.3.2-02", "RFC7644-3.3-12"],
        about: "A value that is no boolean is read by the rules of the programming language. The text `false` activates \
                the account that it was meant to block.",
        profile: "rfc",
        install: |seams| {
            seams.on_body(|_, body| {
                if let Some(active) = body.get_mut("active").filter(|value| !value.is_boolean()) {
                    *active = (*active != json!(0) && !active.is_null() && *active != json!("")).into();
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "create-requires-email",
        title: "a user without e-mail address is refused",
        seen: &["pond/scimitar CHANGELOG (#113)"],
        breaks: &["RFC7644-3.3-01", "RFC7643-8.7.1-02", "Q-C11"],
        about: "More is demanded than the published schema says. Accounts of services and of people without a mailbox \
                cannot be created.",
        profile: "rfc",
        install: |seams| {
            seams.on_body(|writing, body| {
                let is_user = writing.method == "POST" && !writing.is_group();
                match is_user && elements(body.get("emails")).is_empty() {
                    true => Err(ScimError::invalid_value("emails: is required")),
                    false => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "create-refuses-null",
        title: "null and [] in a POST body are refused",
        seen: &["pranems/SCIMServer"],
        breaks: &["RFC7644-3.3-05", "RFC7643-2.5-01", "Q-C04"],
        about: "An attribute without a value is a type error. Entra ID and JumpCloud send such members with every new \
                user, so that nobody is created.",
        profile: "rfc",
        install: |seams| {
            seams.on_body(|writing, body| {
                let is_unassigned = |value: &Value| value.is_null() || *value == json!([]);
                match body.iter().find(|(_, value)| writing.method == "POST" && is_unassigned(value)) {
                    Some((name, _)) => {
                        Err(ScimError::invalid_value(format!("`{name}` must not be null or empty")))
                    }
                    None => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "create-names-case-sensitive",
        title: "attributes in a body are only known in the letter case of the schema",
        seen: &["jelhub/scimgateway#89"],
        breaks: &["RFC7643-2.1-02", "Q-H13"],
        about: "`DisplayName` is an unknown attribute and is dropped without a word. The account is created without what \
                the client sent.",
        profile: "rfc",
        install: |seams| {
            seams.on_body(|writing, body| {
                body.retain(|name, _| writing.schema.attribute(name).is_none_or(|a| a.name == *name));
                Ok(())
            });
        },
    },
    Defect {
        id: "create-crashes-without-schemas",
        title: "a body without `schemas` ends in an internal error",
        seen: &["grokability/snipe-it#18864"],
        breaks: &["RFC7643-3-06", "RFC7644-3.3-11", "RFC7644-3.12-10"],
        about: "A missing member is read as if it were there. The client gets 500 and tries again, instead of a message \
                that says what is missing.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| match asked.is_create() && asked.json.get("schemas").is_none() {
                true => Err(crash("Undefined index: schemas")),
                false => Ok(()),
            });
        },
    },
    Defect {
        id: "create-takes-email-for-name",
        title: "the userName is replaced by the first e-mail address",
        seen: &["Infisical/infisical#5947"],
        breaks: &["RFC7643-7-22", "Q-C20"],
        about: "The account is created under another userName than was sent. The next look-up by userName finds nothing, \
                and the client creates the account again.",
        profile: "interop",
        install: |seams| {
            seams.on_written(|writing, resource| {
                let first =
                    elements(resource.get("emails")).first().and_then(|email| email.get("value")).cloned();
                if let (Some(address), "POST") = (first, writing.method) {
                    resource.insert("userName".to_owned(), address);
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "create-lower-cases-user-name",
        title: "the userName is returned in lower case",
        seen: &[],
        breaks: &["Q-C20"],
        about: "The provider stores another spelling than was sent. Entra ID compares what it reads back with what it \
                sent, and sends the same update in every cycle.",
        profile: "interop",
        install: |seams| {
            seams.on_written(|_, resource| {
                if let Some(Value::String(name)) = resource.get_mut("userName") {
                    *name = name.to_lowercase();
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "create-fails-on-unknown-manager",
        title: "a user whose manager does not exist yet is refused",
        seen: &["grokability/snipe-it#19005"],
        breaks: &["Q-C14"],
        about: "The manager must exist before the people who report to him. Identity providers send people in any order, \
                so that part of the company is never created.",
        profile: "interop",
        install: |seams| {
            seams.on_written(|writing, resource| {
                let manager = resource.get(ENTERPRISE_USER).and_then(|e| e.pointer("/manager/value"));
                match manager.and_then(Value::as_str) {
                    Some(id) if (writing.type_of)(id).is_none() => {
                        Err(ScimError::invalid_value(format!("there is no manager with the id `{id}`")))
                    }
                    _ => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "create-group-without-name",
        title: "a group without displayName is created",
        seen: &[],
        breaks: &["RFC7643-4.2-02", "RFC7643-7-15"],
        about: "A required attribute of groups may be missing. Nobody can tell what the group is for, and a client that \
                matches by name never finds it.",
        profile: "rfc",
        install: |seams| {
            seams.on_schemas(|schemas| define(schemas, GROUP, "displayName", |a| a.required = false));
        },
    },
];
