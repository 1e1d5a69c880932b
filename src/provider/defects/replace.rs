//! Bugs of PUT.

use serde_json::{Value, json};

use super::Defect;
use super::seams::Switch;
use super::tools::{crash, define, succeeded};
use crate::protocol::error::ScimError;
use crate::protocol::schema::USER;

/// The table.
pub(super) const DEFECTS: &[Defect] = &[
    Defect {
        id: "put-merges",
        title: "PUT keeps what the body leaves out",
        seen: &["OpenTranscribe#582"],
        breaks: &["RFC7644-3.5.1-05", "RFC7644-3.5.1-19"],
        about: "The body is merged into the resource instead of replacing it. What was removed in the directory stays in \
                the application for ever.",
        profile: "rfc",
        install: |seams| {
            seams.on_body(|writing, body| {
                for (name, value) in writing.current.into_iter().flatten().filter(|_| writing.method == "PUT")
                {
                    if !body.keys().any(|given| given.eq_ignore_ascii_case(name)) {
                        body.insert(name.clone(), value.clone());
                    }
                }
                if let Some(old) = writing.old("schemas").filter(|_| writing.method == "PUT") {
                    body.insert("schemas".to_owned(), old.clone());
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "put-merges-name",
        title: "PUT keeps the parts of `name` that the body leaves out",
        seen: &["Metatavu/keycloak-scim-server#105", "Metatavu/keycloak-scim-server#106"],
        breaks: &["RFC7644-3.5.1-03", "RFC7644-3.5.1-05"],
        about: "A complex attribute is merged where the rest is replaced. A middle name that was dropped in the directory \
                never goes away.",
        profile: "rfc",
        install: |seams| {
            seams.on_body(|writing, body| {
                let old = writing.old("name").and_then(Value::as_object).filter(|_| writing.method == "PUT");
                if let (Some(old), Some(Value::Object(new))) = (old, body.get_mut("name")) {
                    for (part, value) in old {
                        new.entry(part.clone()).or_insert_with(|| value.clone());
                    }
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "put-refuses-read-only",
        title: "PUT refuses a body with `id`, `meta` or `groups`",
        seen: &["pingidentity/scim2#93", "SAP/scimono#176"],
        breaks: &["RFC7644-3.5.1-02", "RFC7644-3.5.1-11", "RFC7644-3.1-07", "Q-U19", "Q-G12"],
        about: "readOnly attributes are an error instead of being ignored. Okta sends back what it has read, so that no \
                update of it succeeds.",
        profile: "rfc",
        install: |seams| {
            seams.on_body(|writing, body| {
                let sent = ["id", "meta", "groups"].into_iter().find(|name| body.contains_key(*name));
                match sent.filter(|_| writing.method == "PUT") {
                    Some(name) => Err(ScimError::mutability(format!("`{name}` is readOnly"))),
                    None => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "put-changes-id",
        title: "PUT stores a new resource with another id",
        seen: &[],
        breaks: &["RFC7644-3.5.1-14", "RFC7643-3.1-08", "RFC7643-3.1-13"],
        about: "An update deletes the resource and creates another one. The id that the client keeps leads nowhere after \
                the first change of a user.",
        profile: "rfc",
        install: |seams| seams.switch(Switch::PutChangesId),
    },
    Defect {
        id: "put-changes-created",
        title: "PUT sets `meta.created` to the time of the update",
        seen: &[],
        breaks: &["RFC7644-3.5.1-14", "RFC7643-3.1-25"],
        about: "The time of creation is that of the last update. Reports of new accounts show everybody who changed.",
        profile: "rfc",
        install: |seams| {
            seams.on_dates(|dates| {
                if dates.method == "PUT" {
                    dates.created = dates.modified;
                }
            });
        },
    },
    Defect {
        id: "put-without-required",
        title: "PUT without userName is accepted",
        seen: &[],
        breaks: &["RFC7644-3.5.1-12", "RFC7643-7-15"],
        about: "A required attribute may be left out of an update, and the account is left without one. Nobody can log in \
                to it any more.",
        profile: "rfc",
        install: |seams| {
            seams.on_schemas(|schemas| define(schemas, USER, "userName", |a| a.required = false));
            // Only PUT forgets to look.
            seams.on_body(|writing, body| match (writing.method, writing.is_group(), body.get("userName")) {
                ("POST", false, None | Some(Value::Null)) => {
                    Err(ScimError::invalid_value("userName: is required"))
                }
                _ => Ok(()),
            });
        },
    },
    Defect {
        id: "put-without-active-deactivates",
        title: "PUT without `active` deactivates the user",
        seen: &["docs.delinea.com"],
        breaks: &["Q-U22"],
        about: "A missing value is read as false. OneLogin leaves `active` out of its updates, so that each of them locks \
                somebody out.",
        profile: "interop",
        install: |seams| {
            seams.on_body(|writing, body| {
                if writing.method == "PUT" && !writing.is_group() {
                    body.entry("active").or_insert(Value::Bool(false));
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "put-creates",
        title: "PUT on an unknown id creates a resource",
        seen: &[],
        breaks: &["RFC7644-3.5.1-01", "RFC7644-3.2-05", "RFC7643-3.1-10", "Q-E09"],
        about: "The client chooses the id of a new resource. An update of somebody who was deleted brings the account \
                back.",
        profile: "rfc",
        install: |seams| seams.switch(Switch::PutCreates),
    },
    Defect {
        id: "put-conflict-as-500",
        title: "PUT with a userName that is taken ends in an internal error",
        seen: &["django-scim2 0.22 changelog"],
        breaks: &["RFC7644-3.5.1-15", "RFC7644-3.12-17"],
        about: "The database refuses what the application did not check. The client repeats a change that can never \
                succeed.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if asked.method == "PUT" && answer.status == 409 {
                    answer.refuse(&crash("IntegrityError: UNIQUE constraint failed: users.user_name"));
                }
            });
        },
    },
    Defect {
        id: "put-allows-duplicates",
        title: "PUT may give a user the userName of another one",
        seen: &[],
        breaks: &["RFC7644-3.5.1-15", "RFC7643-4.1.1-03"],
        about: "Uniqueness is checked on create only. After a rename two people share a name, and a look-up finds either \
                of them.",
        profile: "rfc",
        install: |seams| seams.switch(Switch::PutUnchecked),
    },
    Defect {
        id: "put-conflicts-with-itself",
        title: "PUT with the resource's own userName is a conflict",
        seen: &[],
        breaks: &["RFC7644-3.5.1-16", "RFC7644-3.5.1-18"],
        about: "The check for duplicates finds the resource itself. Every update that is no rename fails with 409.",
        profile: "rfc",
        install: |seams| {
            seams.on_body(|writing, body| {
                let own = writing.old("userName").filter(|_| writing.method == "PUT");
                match own.is_some() && own == body.get("userName") {
                    true => Err(ScimError::uniqueness("this userName is taken")),
                    false => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "put-ignores-members",
        title: "PUT of a group leaves its members alone",
        seen: &["bitwarden/server#2919", "ory/polis#3136"],
        breaks: &["RFC7644-3.5.1-03", "RFC7643-4.2-04", "Q-G12"],
        about: "The name is updated and the list of members is not. Clients that only know PUT never get anybody into a \
                group, or out of it.",
        profile: "rfc",
        install: |seams| {
            seams.on_body(|writing, body| {
                if writing.method == "PUT" && writing.is_group() {
                    body.shift_remove("members");
                    if let Some(members) = writing.old("members") {
                        body.insert("members".to_owned(), members.clone());
                    }
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "put-not-implemented",
        title: "PUT is answered 501",
        seen: &[
            "vouch-sh/vouch#1411",
            "coder/coder#15828",
            "kortix-ai/suna#4244",
            "goauthentik/authentik#11249",
        ],
        breaks: &["RFC7644-3.5-01", "RFC7644-3.2-06", "RFC7644-3.2-07", "Q-U20"],
        about: "Only PATCH changes anything. Okta's wizard apps, JumpCloud, OneLogin and authentik update by PUT and by \
                nothing else.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| match asked.method == "PUT" {
                true => Err(ScimError::status(501, "PUT is not implemented")),
                false => Ok(()),
            });
        },
    },
    Defect {
        id: "put-refuses-null",
        title: "null and [] in a PUT body are refused",
        seen: &["pranems/SCIMServer"],
        breaks: &["RFC7644-3.5.1-07", "RFC7643-2.5-02", "Q-U21"],
        about: "Clearing an attribute is a type error. JumpCloud sends such members with every update, so that none \
                succeeds.",
        profile: "rfc",
        install: |seams| {
            seams.on_body(|writing, body| {
                let is_unassigned = |value: &Value| value.is_null() || *value == json!([]);
                match body.iter().find(|(_, value)| writing.method == "PUT" && is_unassigned(value)) {
                    Some((name, _)) => {
                        Err(ScimError::invalid_value(format!("`{name}` must not be null or empty")))
                    }
                    None => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "put-ignores-null",
        title: "null and [] in a PUT body leave the attribute as it is",
        seen: &[],
        breaks: &["RFC7644-3.5.1-07", "RFC7643-2.5-02", "Q-U21"],
        about: "What the client clears stays. A title or a phone number that was taken back is shown for ever.",
        profile: "rfc",
        install: |seams| {
            seams.on_body(|writing, body| {
                for (name, value) in body.iter_mut().filter(|_| writing.method == "PUT") {
                    if let Some(old) = writing.old(name).filter(|_| value.is_null() || *value == json!([])) {
                        *value = old.clone();
                    }
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "put-without-body",
        title: "200 to PUT comes without the resource",
        seen: &[],
        breaks: &["RFC7644-3.5.1-13", "RFC9110-9.3.4-01"],
        about: "The answer to an update is empty. The client cannot see what was stored and keeps a stale copy.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if succeeded(asked, answer, "PUT") {
                    answer.empty(answer.status);
                }
            });
        },
    },
    Defect {
        id: "put-keeps-last-modified",
        title: "PUT does not advance `meta.lastModified`",
        seen: &["wso2/product-is#22244"],
        breaks: &["RFC7644-3.5.1-14", "RFC7643-3.1-27"],
        about: "A changed resource looks unchanged. Incremental imports that go by lastModified never see the update.",
        profile: "rfc",
        install: |seams| {
            seams.on_dates(|dates| {
                if dates.method == "PUT" {
                    dates.modified = dates.before;
                }
            });
        },
    },
];
