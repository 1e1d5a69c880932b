//! Bugs of cursors (RFC 9865).

use serde_json::{Map, Value};

use super::Defect;
use super::message::{Answer, Asked};
use super::seams::Switch;
use super::tools::crash;
use crate::protocol::error::ScimError;

/// What some cursors end with that must not be in a URL as it is.
const TAIL: &str = "+/=";

/// The page of a list that is read by cursor.
fn page<'a>(asked: &Asked, answer: &'a mut Answer) -> Option<&'a mut Map<String, Value>> {
    let is_page = asked.is_list() && asked.parameter("cursor").is_some() && answer.is_list();
    answer.json.as_object_mut().filter(|_| is_page)
}

/// The table.
pub(super) const DEFECTS: &[Defect] = &[
    Defect {
        id: "cursor-next-missing",
        title: "`nextCursor` is missing although there are more pages",
        seen: &[],
        breaks: &["RFC9865-2-09", "RFC9865-2-10", "RFC9865-2-11"],
        about: "The first page looks like the last one. An import by cursor ends after it and takes everybody else for \
                deleted.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if let Some(page) = page(asked, answer) {
                    page.shift_remove("nextCursor");
                }
            });
        },
    },
    Defect {
        id: "cursor-never-ends",
        title: "the last page has a `nextCursor` that leads to itself",
        seen: &[],
        breaks: &["RFC9865-2-10", "RFC9865-2-09"],
        about: "The end of the list is not told. Clients read the last page for ever.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                let own = asked.parameter("cursor").filter(|cursor| !cursor.is_empty());
                if let (Some(page), Some(own)) = (page(asked, answer), own)
                    && !page.contains_key("nextCursor")
                {
                    page.insert("nextCursor".to_owned(), own.into());
                }
            });
        },
    },
    Defect {
        id: "cursor-previous-on-first-page",
        title: "the first page has a `previousCursor`",
        seen: &[],
        breaks: &["RFC9865-2-13", "RFC9865-2-14"],
        about: "There is a page before the first one. Clients that walk backwards never arrive.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if let Some(page) = page(asked, answer)
                    && let Some(next) = page.get("nextCursor").cloned()
                {
                    page.entry("previousCursor").or_insert(next);
                }
            });
        },
    },
    Defect {
        id: "cursor-not-url-safe",
        title: "cursors contain `+`, `/` and `=`",
        seen: &[],
        breaks: &["RFC9865-2-03", "RFC9865-2-15"],
        about: "Plain base64 goes into the URL. Clients that put it there as it is send another cursor than they got.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                if let Some(cursor) = asked.parameter("cursor").filter(|cursor| cursor.ends_with(TAIL)) {
                    asked.set_parameter("cursor", cursor.trim_end_matches(TAIL));
                }
                Ok(())
            });
            seams.on_answer(|asked, answer| {
                if let Some(page) = page(asked, answer) {
                    for name in ["nextCursor", "previousCursor"] {
                        if let Some(Value::String(cursor)) = page.get_mut(name) {
                            cursor.push_str(TAIL);
                        }
                    }
                }
            });
        },
    },
    Defect {
        id: "cursor-invalid-crashes",
        title: "a cursor that cannot be read ends in an internal error",
        seen: &[],
        breaks: &["RFC9865-2.1-02", "RFC9865-2.1-01", "RFC9865-5.2-04"],
        about: "The cursor is decoded without care. Clients take their own mistake for a passing trouble and repeat it.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|_, answer| {
                if answer.scim_type() == Some("invalidCursor") {
                    answer.refuse(&crash("Illegal base64 character 21"));
                }
            });
        },
    },
    Defect {
        id: "cursor-invalid-starts-over",
        title: "a cursor that cannot be read means the first page",
        seen: &[],
        breaks: &["RFC9865-2.1-02", "RFC9865-5.2-04", "RFC9865-2-17"],
        about: "A broken cursor is no error. An import begins anew in its middle and never ends.",
        profile: "rfc",
        install: |seams| seams.switch(Switch::AnyCursor),
    },
    Defect {
        id: "cursor-of-other-query",
        title: "a cursor may be used with another filter or `count`",
        seen: &[],
        breaks: &["RFC9865-2-16", "RFC9865-2-17", "RFC9865-2.1-04"],
        about: "A cursor is a position in whatever is asked for. A client that changes the query on the way misses people \
                without an error.",
        profile: "rfc",
        install: |seams| seams.switch(Switch::ForeignCursor),
    },
    Defect {
        id: "cursor-total-is-page-size",
        title: "`totalResults` of a page by cursor is the number of its resources",
        seen: &[],
        breaks: &["RFC9865-2-18", "RFC7644-3.4.2-06"],
        about: "The total changes from page to page. Clients that compare it with what they have read report a broken \
                import.",
        profile: "rfc",
        install: |seams| {
            seams.on_answer(|asked, answer| {
                if let Some(page) = page(asked, answer) {
                    let shown = page.get("itemsPerPage").cloned().unwrap_or_default();
                    page.insert("totalResults".to_owned(), shown);
                }
            });
        },
    },
    Defect {
        id: "cursor-ignores-sorting",
        title: "`sortBy` is ignored in paging by cursor",
        seen: &[],
        breaks: &["RFC9865-2.2-01", "RFC7644-3.4.2.3-02"],
        about: "The order depends on the way of paging. Clients that stop at a limit miss people.",
        profile: "rfc",
        install: |seams| {
            seams.on_query(|_, query| {
                if query.cursor.is_some() {
                    query.sort_by = None;
                }
                Ok(())
            });
        },
    },
    Defect {
        id: "cursor-empty-refused",
        title: "an empty `cursor` is refused",
        seen: &[],
        breaks: &["RFC9865-2-01", "RFC9865-2.4-01"],
        about: "The first page by cursor cannot be asked for. Clients that support cursors cannot begin.",
        profile: "rfc",
        install: |seams| {
            seams.on_request(|asked| {
                match asked.is_list() && asked.parameter("cursor").is_some_and(|c| c.is_empty()) {
                    true => Err(ScimError::invalid_value("`cursor` must not be empty")),
                    false => Ok(()),
                }
            });
        },
    },
    Defect {
        id: "cursor-announced-only",
        title: "ServiceProviderConfig announces cursors, and `cursor` is ignored",
        seen: &[],
        breaks: &["RFC9865-4-02", "RFC7643-5-20", "RFC9865-2-09", "RFC9865-2.4-01"],
        about: "The discovery document promises what the provider cannot do. A client that trusts it reads one page and \
                takes it for all.",
        profile: "rfc",
        install: |seams| seams.on_profile(|profile| profile.features.cursor_paging = false),
    },
];
