//! Bugs of searching by POST.

use super::Defect;
use crate::protocol::error::ScimError;

/// The table.
pub(super) const DEFECTS: &[Defect] = &[
    Defect {
        id: "search-ignores-filter",
        title: "/.search ignores `filter`",
        seen: &[],
        breaks: &["RFC7644-3.4.3-02", "RFC7644-3.4.3-11", "RFC7644-3.4.2.2-02"],
        about: "The body of the search is read for paging only. Clients that search by POST for privacy take the first user \
                for the one that they asked for.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                if asked.is_search() {
                    asked.drop_parameter("filter");
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "search-ignores-paging",
        title: "/.search ignores `startIndex` and `count`",
        seen: &[],
        breaks: &["RFC7644-3.4.3-10"],
        about: "Every page is the first one. A search with many results never ends.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                if asked.is_search() {
                    asked.drop_parameter("startIndex");
                    asked.drop_parameter("count");
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "search-ignores-attributes",
        title: "/.search ignores `attributes` and `excludedAttributes`",
        seen: &[],
        breaks: &["RFC7644-3.4.3-04", "RFC7644-3.4.3-05"],
        about: "Everything is returned, whatever was asked for. More personal data is sent than the client wants.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                if asked.is_search() {
                    asked.drop_parameter("attributes");
                    asked.drop_parameter("excludedAttributes");
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "search-ignores-sorting",
        title: "/.search ignores `sortBy`",
        seen: &[],
        breaks: &["RFC7644-3.4.3-08"],
        about: "A search by POST has another order than the same query by GET. Clients that rely on the order miss people.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                if asked.is_search() {
                    asked.drop_parameter("sortBy");
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "search-root-shows-users-only",
        title: "/.search at the base URL returns users only",
        seen: &[],
        breaks: &["RFC7644-3.4.3-12", "RFC7644-3.4.2.1-02"],
        about: "Other resource types are missing from a search over everything. Groups cannot be found that way.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                if asked.is_search() && asked.endpoint() == ".search" {
                    asked.path = "/Users/.search".to_owned();
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "search-of-users-shows-groups",
        title: "/Users/.search returns groups as well",
        seen: &[],
        breaks: &["RFC7644-3.4.3-12", "RFC7644-3.4.2-12"],
        about: "The endpoint of a search makes no difference. Clients take teams for people.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                if asked.is_search() {
                    asked.path = "/.search".to_owned();
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "search-answers-201",
        title: "a search is answered 201",
        seen: &[],
        breaks: &["RFC7644-3.4.3-11", "RFC7644-3.4.3-01"],
        about: "POST always means that something was created. Clients look for an id in a list.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if asked.is_search() && answer.status == 200 {
                    answer.status = 201;
                }
            });
        },
    },
    Defect {
        id: "search-missing",
        title: "/.search is answered 404",
        seen: &[],
        breaks: &["RFC7644-3.4.3-01", "RFC7644-3.2-10"],
        about: "Queries only work by GET. Filters with personal data end up in every log on the way.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| match asked.is_search() {
                true => Err(ScimError::status(404, "there is no such endpoint")),
                false => Ok(()),
            });
        },
    },
];
