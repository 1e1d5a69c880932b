//! Bugs of lists: paging and the ListResponse.

use serde_json::{Value, json};

use super::Defect;
use super::message::{Answer, Asked};
use crate::protocol::error::ScimError;

/// The response to a request for a list of resources, where it succeeded.
fn list<'a>(asked: &Asked, answer: &'a mut Answer) -> Option<&'a mut serde_json::Map<String, Value>> {
    let is_list = asked.is_list() && answer.is_list();
    answer.json.as_object_mut().filter(|_| is_list)
}

/// A number in a ListResponse.
fn number(list: &serde_json::Map<String, Value>, name: &str) -> i64 {
    list.get(name).and_then(Value::as_i64).unwrap_or_default()
}

/// Begins later or earlier than was asked for, and says that it did not.
fn shift(asked: &mut Asked, by: i64) {
    if let Some(start) = asked.number("startIndex").filter(|start| asked.is_list() && *start > 1) {
        asked.set_parameter("startIndex", &(start + by).to_string());
    }
}

/// Says of a page that it begins where it was asked to.
fn say_start(asked: &Asked, answer: &mut Answer) {
    let start = asked.number("startIndex").unwrap_or(1).max(1);
    if let Some(list) = list(asked, answer).filter(|list| list.contains_key("startIndex")) {
        list.insert("startIndex".to_owned(), start.into());
    }
}

/// The parameters of RFC 7644 and RFC 9865.
const PARAMETERS: &[&str] =
    &["filter", "sortBy", "sortOrder", "startIndex", "count", "attributes", "excludedAttributes", "cursor"];

/// The table.
pub(super) const DEFECTS: &[Defect] = &[
    Defect {
        id: "list-total-is-page-size",
        title: "`totalResults` is the number of resources on the page",
        seen: &["wso2/product-is#7320", "wso2/product-is#12813", "wso2/product-is#13823"],
        breaks: &["RFC7644-3.4.2-06", "RFC7644-3.4.2.4-13", "Q-P02"],
        about: "Every page looks like the last one. An import ends after the first hundred people and takes the others for \
                deleted.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if let Some(list) = list(asked, answer) {
                    let shown = number(list, "itemsPerPage");
                    list.insert("totalResults".to_owned(), shown.into());
                }
            });
        },
    },
    Defect {
        id: "list-items-per-page-echoed",
        title: "`itemsPerPage` is what was asked for, not what is there",
        seen: &["15five/django-scim2#208", "elimity-com/scim#154", "scimmyjs/scimmy#101"],
        breaks: &["RFC7644-3.4.2.4-11", "Q-P03"],
        about: "A page of two says that it holds a hundred. Okta counts on, skips what it believes to have seen, and \
                misses people.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                let count = asked.number("count").unwrap_or(100).max(0);
                if let Some(list) = list(asked, answer) {
                    list.insert("itemsPerPage".to_owned(), count.into());
                }
            });
        },
    },
    Defect {
        id: "list-start-index-ignored",
        title: "`startIndex` is ignored",
        seen: &["scimmyjs/scimmy#21"],
        breaks: &["RFC7644-3.4.2.4-02", "RFC7644-3.4.2.4-14", "Q-P01"],
        about: "Every page is the first one. An import repeats the same people until it gives up.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                if asked.is_list() {
                    asked.drop_parameter("startIndex");
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "list-start-index-from-zero",
        title: "`startIndex` counts from 0",
        seen: &["simpleidserver/SimpleIdServer#185"],
        breaks: &["RFC7644-3.4.2.4-02", "RFC7644-3.4.2.4-14", "Q-P01"],
        about: "`startIndex=1` skips the first resource. One person is missing in every import.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                if let Some(start) = asked.number("startIndex").filter(|_| asked.is_list()) {
                    asked.set_parameter("startIndex", &(start + 1).to_string());
                }
                Ok(())
            });
            seams.on_answer(say_start);
        },
    },
    Defect {
        id: "list-start-index-zero-refused",
        title: "`startIndex` below 1 is refused",
        seen: &["simpleidserver/SimpleIdServer#185"],
        breaks: &["RFC7644-3.4.2.4-03", "Q-P05"],
        about: "0 and negative numbers are an error instead of 1. Clients that count from 0 cannot read the list.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                match asked.is_list() && asked.number("startIndex").is_some_and(|start| start < 1) {
                    true => Err(ScimError::invalid_value("startIndex must be at least 1")),
                    false => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "list-start-index-misreported",
        title: "`startIndex` of every page is 1",
        seen: &[],
        breaks: &["RFC7644-3.4.2.4-04", "RFC7644-3.4.2-09"],
        about: "The page does not say where it begins. Clients that go on from what they read ask for the second page for \
                ever.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if let Some(list) = list(asked, answer) {
                    list.insert("startIndex".to_owned(), 1.into());
                }
            });
        },
    },
    Defect {
        id: "list-negative-count-refused",
        title: "a negative `count` is refused",
        seen: &[],
        breaks: &["RFC7644-3.4.2.4-06"],
        about: "A negative number is an error instead of 0. Clients that ask for the total that way get none.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                match asked.is_list() && asked.number("count").is_some_and(|count| count < 0) {
                    true => Err(ScimError::invalid_value("count must not be negative")),
                    false => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "list-count-zero-shows-all",
        title: "`count=0` returns a full page",
        seen: &["wso2/product-is#5106", "wso2/product-is#9303", "iam#1204"],
        breaks: &["RFC7644-3.4.2.4-07", "RFC7644-3.4.2.4-08", "Q-P04"],
        about: "0 means `no limit`. A client that only wants to know how many people there are gets all of them.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                if asked.is_list() && asked.number("count") == Some(0) {
                    asked.drop_parameter("count");
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "list-count-ignored",
        title: "`count` is ignored",
        seen: &[],
        breaks: &["RFC7644-3.4.2.4-08", "Q-T04", "Q-L10"],
        about: "A page is larger than was asked for. Clients that reserve room for what they ask for fail, or throw the \
                rest away.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                if asked.is_list() {
                    asked.drop_parameter("count");
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "list-pages-overlap",
        title: "each page begins with the last resource of the one before",
        seen: &["Infisical/infisical PR#6552"],
        breaks: &["RFC7644-3.4.2.4-14", "Q-P01"],
        about: "Somebody is on two pages, and the last one is on none. Imports count people twice and miss others.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                shift(asked, -1);
                Ok(())
            });
            seams.on_answer(say_start);
        },
    },
    Defect {
        id: "list-pages-leave-gaps",
        title: "between two pages a resource is missing",
        seen: &["Infisical/infisical PR#6552"],
        breaks: &["RFC7644-3.4.2.4-14", "Q-P01"],
        about: "Whoever stands at the border of two pages is never seen. The client takes that person for deleted.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                shift(asked, 1);
                Ok(())
            });
            seams.on_answer(say_start);
        },
    },
    Defect {
        id: "list-pages-of-ten",
        title: "a page never has more than 10 resources",
        seen: &[],
        breaks: &["Q-P06"],
        about: "The provider caps pages far below what was asked for. Okta goes on by a hundred whatever came, and sees one \
                person in ten.",
        profile: "interop",
        install: |seams| {
            seams.on_profile(|profile| {
                (profile.limits.max_results, profile.limits.default_page_size) = (10, 10);
            });
        },
    },
    Defect {
        id: "list-numbers-as-text",
        title: "`totalResults`, `itemsPerPage` and `startIndex` are texts",
        seen: &[],
        breaks: &["RFC7644-3.4.2.4-12", "Q-P03"],
        about: "The numbers of a list are quoted. Clients that read strictly fail, the others compare them as text.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                for value in list(asked, answer).into_iter().flat_map(|list| list.values_mut()) {
                    if value.is_number() {
                        *value = value.to_string().into();
                    }
                }
            });
        },
    },
    Defect {
        id: "list-no-match-as-404",
        title: "a query without a match is answered 404",
        seen: &["grokability/snipe-it#11913", "MicrosoftDocs/azure-docs#94189"],
        breaks: &["RFC7644-3.4.2-11", "Q-T01", "Q-L11", "Q-L14"],
        about: "Nobody found is an error. Entra ID takes it for a broken endpoint and puts the application into \
                quarantine.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if asked.is_list() && answer.json.get("totalResults") == Some(&json!(0)) {
                    answer.refuse(&ScimError::status(404, "no resource was found"));
                }
            });
        },
    },
    Defect {
        id: "list-past-end-as-404",
        title: "a page behind the last one is answered 404",
        seen: &[],
        breaks: &["RFC7644-3.4.2.4-15"],
        about: "The end of a list is an error. Clients that read until nothing comes report a failed import.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                let is_beyond = list(asked, answer)
                    .is_some_and(|list| number(list, "startIndex") > number(list, "totalResults").max(1));
                if is_beyond {
                    answer.refuse(&ScimError::status(404, "there is no such page"));
                }
            });
        },
    },
    Defect {
        id: "list-without-schemas",
        title: "a ListResponse has no `schemas`",
        seen: &[],
        breaks: &["RFC7644-3.4.2-04", "RFC7643-3-01", "RFC7644-8.2-01"],
        about: "The message does not say what it is. Clients that tell messages by their URN cannot read the list.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if let Some(list) = list(asked, answer) {
                    list.shift_remove("schemas");
                }
            });
        },
    },
    Defect {
        id: "list-without-total",
        title: "a ListResponse has no `totalResults`",
        seen: &[],
        breaks: &["RFC7644-3.4.2-05", "Q-T04", "Q-P02"],
        about: "Nothing says how many results there are. Clients read it as 0 and take everybody for not found.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if let Some(list) = list(asked, answer) {
                    list.shift_remove("totalResults");
                }
            });
        },
    },
    Defect {
        id: "list-resources-in-lower-case",
        title: "the results of a list are called `resources`",
        seen: &[],
        breaks: &["RFC7644-3.4.2-07"],
        about: "The member is spelled another way than in the RFC. Clients find a total and no results.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if let Some(list) = list(asked, answer)
                    && let Some(resources) = list.shift_remove("Resources")
                {
                    list.insert("resources".to_owned(), resources);
                }
            });
        },
    },
    Defect {
        id: "list-as-array",
        title: "a list is a bare JSON array",
        seen: &["pond/scimitar#117"],
        breaks: &["RFC7644-3.4.2-04", "RFC7644-3.4.2-05", "RFC7644-3.1-02"],
        about: "The frame of the ListResponse is missing. No client finds a total or a single resource.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if let Some(resources) = list(asked, answer).and_then(|list| list.shift_remove("Resources")) {
                    answer.json = resources;
                }
            });
        },
    },
    Defect {
        id: "list-items-without-schemas",
        title: "resources in a list have no `schemas`",
        seen: &[],
        breaks: &["RFC7644-3.4.2-08", "RFC7643-2.1-01", "RFC7643-3-01"],
        about: "Only a resource that is read by itself says what it is. Clients cannot tell users from groups in a list.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if asked.is_list() {
                    for resource in answer.resources_mut() {
                        resource.shift_remove("schemas");
                    }
                }
            });
        },
    },
    Defect {
        id: "list-refuses-unknown-parameters",
        title: "an unknown query parameter is refused",
        seen: &[],
        breaks: &["RFC7644-3.4.2-03", "Q-H11"],
        about: "A parameter that nobody knows is an error. Entra ID puts a flag of its own into the base URL, and every \
                request fails.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                let names = asked.query.split('&').filter_map(|piece| piece.split('=').next());
                let mut unknown = names.filter(|name| {
                    !name.is_empty() && !PARAMETERS.iter().any(|known| known.eq_ignore_ascii_case(name))
                });
                match unknown.next().filter(|_| !asked.is_discovery()) {
                    Some(name) => Err(ScimError::status(400, format!("the parameter `{name}` is not known"))),
                    None => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "list-users-include-groups",
        title: "`/Users` returns groups as well",
        seen: &[],
        breaks: &["RFC7644-3.4.2-12", "RFC7644-3.4.2-01"],
        about: "The list of one type holds the other one too. Imports create people that are called like teams.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                if asked.is_list() && asked.method == "GET" && asked.endpoint() == "Users" {
                    asked.path = "/".to_owned();
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "list-root-shows-users-only",
        title: "a query at the base URL returns users only",
        seen: &[],
        breaks: &["RFC7644-3.4.2.1-02", "RFC7644-3.4.2.1-01"],
        about: "Other resource types are missing from a query over everything. Backups that are made that way hold no \
                groups.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                if asked.is_list() && asked.endpoint().is_empty() {
                    asked.path = "/Users".to_owned();
                }
                Ok(())
            });
        },
    },
];
