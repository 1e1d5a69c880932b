//! What a target answered, with the words to judge it.

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::conformance::verdict::{Flaw, Stop};
use crate::exchange::{Headers, reason};
use crate::protocol::error;
use crate::protocol::message::{ERROR, LIST_RESPONSE, declares, member};

/// Longest piece of a target's own text that is repeated in a message, in characters.
const LONGEST_QUOTE: usize = 160;

/// A response, read.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Method and target of the request: `PATCH /Users/1`.
    pub asked: String,
    /// Status code.
    pub status: u16,
    /// Header fields.
    pub headers: Headers,
    /// The body as it came.
    pub body: Bytes,
    /// The body as JSON, where it is.
    pub json: Option<Value>,
    /// Which exchange of the trial this is, for [`Flaw::at`].
    pub index: usize,
}

impl Answer {
    /// Something wrong with this answer; its exchange is the evidence.
    pub fn flaw(&self, what: impl Into<String>) -> Flaw {
        Flaw::new(what).at(self.index)
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The status with what the body says about it: `400 Bad Request (invalidValue: userName is required)`.
    pub fn said(&self) -> String {
        let status = format!("{} {}", self.status, reason(self.status));
        let keyword = self.text("scimType").filter(|_| !self.is_success());
        let detail = self.text("detail").filter(|_| !self.is_success()).map(shortened);
        let detail = detail.filter(|detail| !detail.is_empty());
        let said: Vec<String> = keyword.map(str::to_owned).into_iter().chain(detail).collect();
        match said.is_empty() {
            true => status.trim_end().to_owned(),
            false => format!("{} ({})", status.trim_end(), said.join(": ")),
        }
    }

    /// The member of the body that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        member(self.json.as_ref()?.as_object()?, name)?.as_str()
    }

    /// Fails unless the status is one of these.
    pub fn expect_status(&self, accepted: &[u16]) -> Result<&Self, Stop> {
        if accepted.contains(&self.status) {
            return Ok(self);
        }
        Err(self
            .flaw(format!("{} answers {}", self.asked, self.said()))
            .expected(statuses(accepted))
            .got(self.said())
            .into())
    }

    /// Fails unless the status is 2xx.
    pub fn expect_success(&self) -> Result<&Self, Stop> {
        if self.is_success() {
            return Ok(self);
        }
        Err(self
            .flaw(format!("{} answers {}", self.asked, self.said()))
            .expected("success (2xx)")
            .got(self.said())
            .into())
    }

    /// Fails unless the status is 4xx and one of these, and the body, where there is one, is a SCIM Error with the right
    /// keyword: `scim_type` must be there when it is given (RFC 7644 §3.12), and no other may be.
    pub fn expect_error(&self, accepted: &[u16], scim_type: Option<&str>) -> Result<&Self, Stop> {
        self.expect_status(accepted)?;
        let Some(wanted) = scim_type else { return Ok(self) };
        if self.is_other_text() {
            return Err(Stop::Blocked(format!(
                "{} answers {} with a body that is no JSON (check `errors.message`)",
                self.asked, self.status
            )));
        }
        match self.text("scimType") {
            Some(given) if given == wanted => Ok(self),
            given => Err(self
                .flaw(match given {
                    None => {
                        format!("{} answers {} without the scimType that says why", self.asked, self.status)
                    }
                    Some(_) => {
                        format!("{} answers {} with another scimType than fits", self.asked, self.status)
                    }
                })
                .expected(format!("scimType {wanted}"))
                .got(given.map_or_else(|| "no scimType".to_owned(), |given| format!("scimType {given}")))
                .into()),
        }
    }

    /// Whether there is a body, and no JSON in it.
    pub fn is_other_text(&self) -> bool {
        self.json.is_none() && !self.body.is_empty()
    }

    /// The body as a JSON object.
    pub fn object(&self) -> Result<&Map<String, Value>, Stop> {
        match &self.json {
            Some(Value::Object(object)) => Ok(object),
            other => {
                let got = match other {
                    None if self.body.is_empty() => "no body".to_owned(),
                    None => format!("`{}`", shortened(&String::from_utf8_lossy(&self.body))),
                    Some(json) => shortened(&json.to_string()),
                };
                let what = format!("the body of the answer to {} is no JSON object", self.asked);
                Err(self.flaw(what).expected("a JSON object").got(got).into())
            }
        }
    }

    /// The body as JSON object, as a value.
    pub fn resource(&self) -> Result<&Value, Stop> {
        self.object()?;
        self.json.as_ref().ok_or_else(|| self.flaw("there is no body").into())
    }

    /// The resources and the total of a ListResponse with status 200. `Resources` may be absent or null where nothing was
    /// found or asked for (notes b.3, 20).
    pub fn list(&self) -> Result<Listed<'_>, Stop> {
        self.expect_status(&[200])?;
        let object = self.object()?;
        if !declares(object, LIST_RESPONSE) {
            return Err(self
                .flaw(format!("{} answers with something that is no ListResponse", self.asked))
                .expected(format!("schemas with {LIST_RESPONSE}"))
                .got(format!("schemas {}", object.get("schemas").unwrap_or(&Value::Null)))
                .into());
        }
        let total = member(object, "totalResults").and_then(Value::as_u64);
        let resources = match member(object, "Resources") {
            None | Some(Value::Null) => &[][..],
            Some(Value::Array(resources)) => resources,
            Some(_) => {
                return Err(self
                    .flaw(format!("`Resources` in the answer to {} is no array", self.asked))
                    .into());
            }
        };
        Ok(Listed { total, resources, object })
    }

    /// Whether the body is a SCIM Error message.
    pub fn is_scim_error(&self) -> bool {
        self.json.as_ref().and_then(Value::as_object).is_some_and(|object| declares(object, ERROR))
    }
}

/// A ListResponse, read.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'a> {
    /// `totalResults`, where it is a number.
    pub total: Option<u64>,
    /// What is on the page.
    pub resources: &'a [Value],
    /// The whole message.
    pub object: &'a Map<String, Value>,
}

impl<'a> Listed<'a> {
    /// The ids on the page, in order.
    pub fn ids(&self) -> Vec<&'a str> {
        self.resources.iter().filter_map(|resource| resource.get("id")?.as_str()).collect()
    }

    /// A member of the message that is a whole number.
    pub fn number(&self, name: &str) -> Option<i64> {
        member(self.object, name)?.as_i64()
    }
}

/// `200`, `200 or 204`, `400, 404 or 409`.
pub fn statuses(accepted: &[u16]) -> String {
    let words: Vec<String> = accepted.iter().map(u16::to_string).collect();
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// A value for a message, or that there is none.
pub fn or_nothing(value: Option<impl std::fmt::Display>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| value.to_string())
}

/// Text of a target, cut to a length that can stand in a message.
pub fn shortened(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    error::shortened(text.trim(), LONGEST_QUOTE).into_owned()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::json;

    /// An answer as if it had come.
    pub(crate) fn answer(status: u16, json: Value) -> Answer {
        let body = Bytes::from(json.to_string());
        let asked = "GET /Users".to_owned();
        Answer { asked, status, headers: Headers::new(), body, json: Some(json), index: 0 }
    }

    fn flaw(stop: Stop) -> Flaw {
        match stop {
            Stop::Problem(flaw) => *flaw,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_wrong_status_is_told_with_what_the_target_said() {
        let refused = answer(400, json!({ "scimType": "invalidValue", "detail": "no\nname" }));
        let flaw = flaw(refused.expect_status(&[200, 204]).unwrap_err());
        assert_eq!(flaw.what, "GET /Users answers 400 Bad Request (invalidValue: no name)");
        assert_eq!(flaw.expected.as_deref(), Some("200 or 204"));
        assert_eq!(flaw.exchange, Some(0));
    }

    #[test]
    fn a_keyword_is_demanded_only_where_it_is_named() {
        let bare = answer(409, json!({ "schemas": [ERROR], "status": "409" }));
        assert!(bare.expect_error(&[409], None).is_ok());
        assert_eq!(
            flaw(bare.expect_error(&[409], Some("uniqueness")).unwrap_err()).got.as_deref(),
            Some("no scimType")
        );
    }

    #[test]
    fn another_keyword_and_a_page_are_not_told_as_a_missing_keyword() {
        let other = answer(
            400,
            json!({ "schemas": [ERROR], "status": "400", "scimType": "invalidValue", "detail": "" }),
        );
        let told = flaw(other.expect_error(&[400], Some("noTarget")).unwrap_err()).what;
        assert_eq!(told, "GET /Users answers 400 with another scimType than fits");
        assert_eq!(other.said(), "400 Bad Request (invalidValue)");
        let page = Answer { body: Bytes::from_static(b"<html>"), json: None, ..other };
        assert!(matches!(page.expect_error(&[400], Some("noTarget")), Err(Stop::Blocked(_))));
        assert!(page.expect_error(&[400], None).is_ok());
    }

    #[test]
    fn a_list_without_resources_is_a_list() {
        for resources in [json!(null), json!([])] {
            let list =
                answer(200, json!({ "schemas": [LIST_RESPONSE], "totalResults": 0, "Resources": resources }));
            assert_eq!(list.list().unwrap().resources.len(), 0);
        }
        assert!(answer(200, json!([])).list().is_err());
        assert!(answer(200, json!({ "totalResults": 0 })).list().is_err());
    }
}
