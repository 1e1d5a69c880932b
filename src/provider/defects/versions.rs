//! Bugs of versions: entity tags and conditions.

use http::HeaderValue;
use http::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use serde_json::Value;

use super::Defect;
use super::message::{Answer, Asked};

/// The version that every resource has where nobody counts.
const ALWAYS: &str = "W/\"1\"";

/// Sets the version in the header and in every resource.
fn set_version(answer: &mut Answer, change: fn(&str) -> String) {
    let changed = answer.headers.get(ETAG).and_then(|tag| tag.to_str().ok()).map(change);
    if let Some(Ok(tag)) = changed.map(HeaderValue::try_from) {
        answer.headers.insert(ETAG, tag);
    }
    for resource in answer.resources_mut() {
        if let Some(Value::String(version)) =
            resource.get_mut("meta").and_then(|meta| meta.get_mut("version"))
        {
            *version = change(version);
        }
    }
}

/// Whether it is about resources and not about the provider.
fn is_about_resources(asked: &Asked) -> bool {
    !asked.is_discovery()
}

/// The table.
pub(super) const DEFECTS: &[Defect] = &[
    Defect {
        id: "etag-announced-only",
        title: "ServiceProviderConfig announces versions, and there are none",
        seen: &["Captain-P-Goldfish/SCIM-SDK#746", "Yuzu#2027"],
        breaks: &["RFC7643-5-20", "RFC7644-3.14-02", "RFC7644-3.14-03", "RFC7644-3.14-07"],
        about: "Neither header nor `meta` holds a version, and conditions are ignored. Two clients overwrite each other \
                while both believe that they are protected.",
        profile: "rfc",
        install: |seams| seams.on_profile(|profile| profile.features.etag = false),
    },
    Defect {
        id: "etag-without-header",
        title: "the version is in `meta` and not in the header",
        seen: &[],
        breaks: &["RFC7644-3.14-02"],
        about: "There is no ETag header. Clients and caches that go by HTTP do not see that there are versions.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|_, answer| {
                answer.headers.remove(ETAG);
            });
        },
    },
    Defect {
        id: "etag-without-meta",
        title: "the version is in the header and not in `meta`",
        seen: &[],
        breaks: &["RFC7644-3.14-03"],
        about: "`meta.version` is missing. Lists say nothing about versions, so that each resource must be read again \
                before a change.",
        profile: "rfc",
        install: |seams| {
            seams.on_resource(|_, resource| {
                if let Some(Value::Object(meta)) = resource.get_mut("meta") {
                    meta.shift_remove("version");
                }
            });
        },
    },
    Defect {
        id: "etag-never-changes",
        title: "the version stays the same when the resource changes",
        seen: &["apache/directory-scimple#534"],
        breaks: &["RFC7644-3.14-04", "RFC9110-8.8.1-02", "RFC7644-3.14-07", "RFC7644-3.14-06"],
        about: "Every state has the same tag, so that each condition holds. Changes of others are overwritten, and caches \
                show the first state for ever.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                for header in [IF_MATCH, IF_NONE_MATCH] {
                    if asked.headers.get(&header).is_some_and(|value| value == ALWAYS) {
                        asked.headers.insert(header, HeaderValue::from_static("*"));
                    }
                }
                Ok(())
            });
            seams.on_answer(|asked, answer| {
                if is_about_resources(asked) {
                    set_version(answer, |_| ALWAYS.to_owned());
                }
            });
        },
    },
    Defect {
        id: "etag-if-match-ignored",
        title: "`If-Match` is ignored",
        seen: &["apache/directory-scimple#534", "thunderid#5110"],
        breaks: &[
            "RFC7644-3.14-07",
            "RFC7644-3.14-08",
            "RFC7644-3.14-09",
            "RFC9110-13.1.1-03",
            "RFC7644-3.12-15",
        ],
        about: "A change is done although the resource is not what the client saw. What somebody else has changed in \
                between is lost.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                asked.headers.remove(IF_MATCH);
                Ok(())
            });
        },
    },
    Defect {
        id: "etag-delete-unconditional",
        title: "DELETE ignores `If-Match`",
        seen: &[],
        breaks: &["RFC7644-3.14-09", "RFC9110-13.1.1-03"],
        about: "Only changes are protected. An account that was given to somebody else in between is deleted.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                if asked.method == "DELETE" {
                    asked.headers.remove(IF_MATCH);
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "etag-if-none-match-ignored",
        title: "`If-None-Match` is ignored",
        seen: &[],
        breaks: &["RFC7644-3.14-05", "RFC9110-13.1.2-02"],
        about: "What the client has already is sent again. Polling costs as much as reading everything.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                asked.headers.remove(IF_NONE_MATCH);
                Ok(())
            });
        },
    },
    Defect {
        id: "etag-fresh-refused",
        title: "`If-Match` with the current version is answered 412",
        seen: &["apache/directory-scimple#541", "thunderid#5110"],
        breaks: &["RFC7644-3.14-10"],
        about: "Weak tags are compared strongly, and then never match. No client can make a protected change.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                if asked.headers.get(IF_MATCH).is_some_and(|value| value.as_bytes().starts_with(b"W/")) {
                    asked.headers.insert(IF_MATCH, HeaderValue::from_static("\"never\""));
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "etag-star-refused",
        title: "`If-Match: *` is answered 412 for a resource that exists",
        seen: &[],
        breaks: &["RFC9110-13.1.1-04"],
        about: "The star is compared like a tag. Clients that only want to make sure that the resource is there cannot \
                change it.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                if asked.headers.get(IF_MATCH).is_some_and(|value| value == "*") {
                    asked.headers.insert(IF_MATCH, HeaderValue::from_static("\"*\""));
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "etag-first-of-list-only",
        title: "of several tags in `If-Match` only the first counts",
        seen: &[],
        breaks: &["RFC9110-13.1.1-05"],
        about: "The list is not split. Clients that know several states of a resource are refused.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                let value = asked.headers.get(IF_MATCH).and_then(|value| value.to_str().ok());
                let first = value.and_then(|value| value.split(',').next()).map(HeaderValue::from_str);
                if let Some(Ok(first)) = first {
                    asked.headers.insert(IF_MATCH, first);
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "etag-differs-from-meta",
        title: "the header and `meta.version` hold different versions",
        seen: &[],
        breaks: &["RFC7643-3.1-30"],
        about: "`meta.version` is a bare number. A client that sends it back as a condition is refused.",
        profile: "rfc",
        install: |seams| {
            seams.on_resource(|_, resource| {
                if let Some(Value::String(version)) =
                    resource.get_mut("meta").and_then(|meta| meta.get_mut("version"))
                {
                    *version = version.trim_start_matches("W/").trim_matches('"').to_owned();
                }
            });
        },
    },
    Defect {
        id: "etag-without-quotes",
        title: "the version has no quotes",
        seen: &[],
        breaks: &["RFC9110-8.8.3-01"],
        about: "`W/1` is no entity tag. Proxies drop it, and libraries refuse to read it.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if is_about_resources(asked) {
                    set_version(answer, |version| version.replace('"', ""));
                }
            });
        },
    },
    Defect {
        id: "etag-lower-case-w",
        title: "weak versions begin with `w/` instead of `W/`",
        seen: &[],
        breaks: &["RFC7643-3.1-31", "RFC9110-8.8.3-01"],
        about: "The mark of a weak tag is case-sensitive. Libraries refuse to read the header.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if is_about_resources(asked) {
                    set_version(answer, |version| version.replacen("W/", "w/", 1));
                }
            });
        },
    },
    Defect {
        id: "etag-stale-as-400",
        title: "a condition that does not hold is answered 400",
        seen: &[],
        breaks: &["RFC7644-3.14-07", "RFC7644-3.14-08", "RFC7644-3.12-15"],
        about: "The status does not tell a conflict from a broken request. Clients give up instead of reading the resource \
                again.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|_, answer| {
                if answer.status == 412 {
                    answer.set_status(400);
                }
            });
        },
    },
];
