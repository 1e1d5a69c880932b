//! Bugs of authentication.

use http::HeaderValue;
use http::header::{AUTHORIZATION, LOCATION, WWW_AUTHENTICATE};

use super::Defect;
use super::seams::Switch;
use super::tools::crash;
use crate::protocol::error::ScimError;

/// The table.
pub(super) const DEFECTS: &[Defect] = &[
    Defect {
        id: "auth-not-needed",
        title: "requests without a token are answered",
        seen: &["msaad00/agent-bom PR#3540"],
        breaks: &["RFC7644-3.12-11", "RFC7644-2-03", "RFC7643-9.3-01", "Q-H15"],
        about: "The check is there and not switched on. Everybody who finds the URL can read, change and delete all \
                accounts.",
        profile: "rfc",
        install: |seams| seams.switch(Switch::NoToken),
    },
    Defect {
        id: "auth-any-token",
        title: "any token is accepted",
        seen: &["msaad00/agent-bom PR#3540"],
        breaks: &["RFC7644-2-03", "RFC7644-3.12-11", "RFC6750-3.1-02", "Q-T06"],
        about: "Whether there is a token is looked at, and not which one. A token that was taken back works for ever.",
        profile: "rfc",
        install: |seams| seams.switch(Switch::AnyToken),
    },
    Defect {
        id: "auth-without-challenge",
        title: "401 has no WWW-Authenticate header",
        seen: &[],
        breaks: &["RFC9110-11.6.1-01", "RFC6750-3-01", "RFC7644-2-05", "Q-H15"],
        about: "The answer does not say how to log in. HTTP libraries that wait for a challenge never send their token.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|_, answer| {
                answer.headers.remove(WWW_AUTHENTICATE);
            });
        },
    },
    Defect {
        id: "auth-error-is-no-scim",
        title: "the body of 401 is not a SCIM error",
        seen: &["grokability/snipe-it#14138", "vouch-sh/vouch#1412"],
        breaks: &["RFC7644-3.12-01", "RFC7644-3.12-02", "RFC7644-3.12-11", "Q-T06", "Q-E01"],
        about: "The layer that checks tokens answers in its own words. Okta cannot read them and reports a broken \
                connection instead of a wrong token.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|_, answer| {
                if answer.status == 401 {
                    answer.json = serde_json::json!({ "message": "Unauthenticated." });
                    answer.headers.insert("content-type", HeaderValue::from_static("application/json"));
                }
            });
        },
    },
    Defect {
        id: "auth-as-403",
        title: "a missing or wrong token is answered 403",
        seen: &[],
        breaks: &["RFC7644-3.12-11", "RFC6750-3.1-02", "Q-E06"],
        about: "The status says that the holder of the token may not, not that nobody knows the token. Clients do not fetch \
                a new one.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|_, answer| {
                if answer.status == 401 {
                    answer.set_status(403);
                }
            });
        },
    },
    Defect {
        id: "auth-as-500",
        title: "a wrong token ends in an internal error",
        seen: &["keycloak/keycloak#49847"],
        breaks: &["RFC7644-3.12-11", "RFC7644-3.12-17", "RFC6750-3.1-02", "Q-T06"],
        about: "The token is decoded without care. Clients take an expired token for a passing trouble and never fetch a new \
                one.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if answer.status == 401 && asked.headers.contains_key(AUTHORIZATION) {
                    answer.headers.remove(WWW_AUTHENTICATE);
                    answer.refuse(&crash(
                        "JWTDecodeException: The token was expected to have 3 parts, but got 1",
                    ));
                }
            });
        },
    },
    Defect {
        id: "auth-redirects-to-login",
        title: "a missing token is answered with a redirect to the login page",
        seen: &["MicrosoftDocs/azure-docs#94189"],
        breaks: &["RFC7644-3.12-11", "RFC7644-3.12-01", "Q-E02"],
        about: "The session layer of the web application takes over. Clients follow to a page in HTML and cannot read it.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|_, answer| {
                if answer.status == 401 {
                    answer.status = 302;
                    answer.headers.insert(LOCATION, HeaderValue::from_static("/login"));
                    answer.say("text/html; charset=utf-8", "<html><body>Redirecting to /login</body></html>");
                }
            });
        },
    },
    Defect {
        id: "auth-scheme-case-sensitive",
        title: "`bearer` in lower case is not accepted",
        seen: &[],
        breaks: &["RFC6750-2.1-03", "RFC9110-11.1-01"],
        about: "The scheme is compared letter by letter. Clients that write it in lower case, as they may, are locked out.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                let scheme = asked.headers.get(AUTHORIZATION).map(|value| value.as_bytes().to_vec());
                if scheme.is_some_and(|scheme| !scheme.starts_with(b"Bearer ")) {
                    asked.headers.remove(AUTHORIZATION);
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "auth-error-code-missing",
        title: "401 for a wrong token has no error code",
        seen: &[],
        breaks: &["RFC6750-3-05", "RFC6750-3.1-02"],
        about: "The challenge is the same with and without a token. Clients cannot tell an expired token from one that was \
                never sent.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|_, answer| {
                if answer.status == 401 {
                    answer
                        .headers
                        .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"scim\""));
                }
            });
        },
    },
    Defect {
        id: "auth-error-code-always",
        title: "401 for a missing token says that the token is wrong",
        seen: &[],
        breaks: &["RFC6750-3.1-04"],
        about: "The challenge speaks of a token that nobody sent. Clients throw a good one away.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|_, answer| {
                if answer.status == 401 {
                    let challenge = "Bearer realm=\"scim\", error=\"invalid_token\"";
                    answer.headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
                }
            });
        },
    },
    Defect {
        id: "auth-challenge-without-realm",
        title: "the challenge is the bare word `Bearer`",
        seen: &[],
        breaks: &["RFC6750-3-03"],
        about: "The scheme must be followed by a parameter. Libraries that parse the header refuse it.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|_, answer| {
                if answer.headers.contains_key(WWW_AUTHENTICATE) {
                    answer.headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                }
            });
        },
    },
    Defect {
        id: "auth-challenge-of-other-scheme",
        title: "the challenge is for Basic where only bearer tokens work",
        seen: &[],
        breaks: &["RFC6750-3-02", "RFC7644-2-05"],
        about: "The answer asks for a password that there is not. Whoever sets the connection up tries in vain.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|_, answer| {
                if answer.headers.contains_key(WWW_AUTHENTICATE) {
                    answer.headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"scim\""));
                }
            });
        },
    },
    Defect {
        id: "auth-writes-refused-as-401",
        title: "writes with a good token are answered 401",
        seen: &[],
        breaks: &["RFC7644-2-06", "RFC7644-3.12-12"],
        about: "The token is good for reading only, and the answer says that it is unknown. Clients stop all work instead of \
                the one request, because 401 means that nothing will do.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                match matches!(asked.method.as_str(), "POST" | "PUT" | "PATCH" | "DELETE") {
                    true => Err(ScimError::status(401, "insufficient scope")),
                    false => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "auth-discovery-closed",
        title: "discovery needs a token",
        seen: &["Infisical/infisical#6885"],
        breaks: &["RFC7643-5-15"],
        about: "Nobody can find out how to log in before logging in. Clients that read ServiceProviderConfig first stop \
                there.",
        profile: "rfc",
        install: |seams| seams.on_profile(|profile| profile.access.public_discovery = false),
    },
];
