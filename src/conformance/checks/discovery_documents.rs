//! Reading discovery documents: what the checks of all three have in common.

use serde_json::{Map, Value};

use crate::conformance::trial::{Answer, Trial, shortened};
use crate::conformance::verdict::{Stop, Verdict};
use crate::protocol::message::{LIST_RESPONSE, declares, member};

/// A member for a message.
pub(super) fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| shortened(&value.to_string()))
}

/// Whether a member is there with a value; null stands for none (RFC 7643 §2.5).
pub(super) fn assigned<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    member(object, name).filter(|value| !value.is_null())
}

/// The elements of a discovery list, for checks of what they hold. A bare array, which is a finding of its own, will do.
pub(super) fn elements<'a>(answer: &'a Answer, check: &str) -> Result<Vec<&'a Map<String, Value>>, Stop> {
    let list = match &answer.json {
        Some(Value::Array(list)) => Some(list),
        Some(Value::Object(object)) => member(object, "Resources").and_then(Value::as_array),
        _ => None,
    };
    match (answer.status, list) {
        (200, Some(list)) => Ok(list.iter().filter_map(Value::as_object).collect()),
        _ => Err(Stop::Blocked(format!(
            "{} answers {} and no list (check `{check}`)",
            answer.asked, answer.status
        ))),
    }
}

/// Judges that a discovery document is a complete ListResponse.
pub(super) fn expect_complete_list(
    t: &Trial,
    answer: &Answer,
    form: &[&'static str],
    complete: &[&'static str],
) -> Verdict {
    answer.expect_status(&[200])?;
    if let Some(Value::Array(_)) = &answer.json {
        return Err(answer
            .flaw(format!("{} answers with a bare array", answer.asked))
            .expected(format!("an object with schemas [\"{LIST_RESPONSE}\"] and Resources"))
            .got("an array")
            .breaks(form)
            .into());
    }
    let object = answer.object()?;
    if !declares(object, LIST_RESPONSE) {
        t.note(
            answer
                .flaw(format!("{} answers with something that is no ListResponse", answer.asked))
                .expected(format!("schemas [\"{LIST_RESPONSE}\"]"))
                .got(format!("schemas {}", shown(member(object, "schemas"))))
                .breaks(form),
        );
    }
    let Some(list) = member(object, "Resources").and_then(Value::as_array) else {
        return Err(answer
            .flaw(format!("{} answers without an array of `Resources`", answer.asked))
            .expected("an array")
            .got(format!("Resources {}", shown(member(object, "Resources"))))
            .breaks(form)
            .into());
    };
    if let Some(odd) = list.iter().find(|element| !element.is_object()) {
        let flaw = answer.flaw("an element of `Resources` is no object").expected("an object");
        t.note(flaw.got(shown(Some(odd))).breaks(form));
    }
    let total = member(object, "totalResults");
    match total.and_then(Value::as_u64) {
        None => t.note(
            answer
                .flaw("`totalResults` is no whole number")
                .expected(list.len().to_string())
                .got(shown(total))
                .breaks(form),
        ),
        Some(total) if total != list.len() as u64 => t.note(
            answer
                .flaw("the list does not hold everything that it counts; it is not to be paged")
                .expected(format!("{total} resources, as totalResults says"))
                .got(format!("{} resources", list.len()))
                .breaks(complete),
        ),
        Some(_) => {}
    }
    if list.is_empty() {
        let flaw = answer.flaw(format!("{} lists nothing", answer.asked)).expected("at least one element");
        t.note(flaw.got("an empty list").breaks(complete));
    }
    Ok(())
}
