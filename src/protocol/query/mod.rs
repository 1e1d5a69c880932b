//! List queries: parameters, sorting, index paging and the ListResponse (RFC 7644 §3.4.2, §3.4.3).
//!
//! A [`Query`] is the same whether it came in the URL ([`Query::from_pairs`]) or in the body of a `POST …/.search`
//! ([`Query::from_body`]). What it means for one resource type is said by [`super::filter::Compiled`],
//! [`Sorter`] and [`super::projection::Projection`]; [`Page`] and [`super::cursor`] cut the result; [`ListHead`]
//! frames it.

mod page;
mod parameters;
mod sort;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::attr::AttrPath;
use super::error::{ScimError, ScimType};
use super::filter::{self, Filter};
use super::message::{SEARCH_REQUEST, declares, member};
use super::policy::Policy;

pub use page::{LIST_TAIL, ListHead, Page};
pub use parameters::{Pair, decode_pairs};
pub use sort::{SortKey, Sorter, sort_by_key};

/// How many names `attributes` or `excludedAttributes` may hold.
pub const MAX_NAMES: usize = 100;

/// The parameters of a query.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// Which resources.
    pub filter: Option<Filter>,
    /// By what they are sorted.
    pub sort_by: Option<AttrPath>,
    /// `sortOrder` is `descending`.
    pub descending: bool,
    /// 1-based index of the first result; at least 1.
    pub start_index: Option<u64>,
    /// Largest number of results on the page.
    pub count: Option<u64>,
    /// Selects cursor paging (RFC 9865 §2); empty for the first page. It wins over `start_index`.
    pub cursor: Option<String>,
    /// Attribute notations to return, as written.
    pub attributes: Vec<String>,
    /// Attribute notations to leave out, as written.
    pub excluded: Vec<String>,
}

impl Query {
    /// Reads the parameters of a URL, decoded as by [`decode_pairs`].
    ///
    /// Names are taken in any letter case, unknown ones are ignored (RFC 7644 §3.4.2). Of a repeated parameter the
    /// last one counts; lists are joined. An empty value counts as absent, except for `cursor` and `filter`.
    ///
    /// # Errors
    /// 400 `invalidFilter` for a filter that does not parse; `invalidCount` for a `count` beside a cursor that is no
    /// number; `invalidValue` for any other parameter that is not understood, or too many names.
    pub fn from_pairs<'a>(
        pairs: impl IntoIterator<Item = Pair<'a>>,
        policy: &Policy,
    ) -> Result<Query, ScimError> {
        let mut query = Query::default();
        let mut filter = None;
        let mut count = None;
        for (name, value) in pairs {
            let trimmed = value.trim();
            let is = |parameter: &str| name.eq_ignore_ascii_case(parameter);
            if is("filter") {
                filter = Some(value);
            } else if is("cursor") {
                query.cursor = Some(trimmed.to_owned());
            } else if is("attributes") {
                query.attributes.extend(parameters::names(&value));
            } else if is("excludedAttributes") {
                query.excluded.extend(parameters::names(&value));
            } else if trimmed.is_empty() {
                continue;
            } else if is("count") {
                count = Some(trimmed.to_owned());
            } else if is("startIndex") {
                query.start_index = Some(parameters::number("startIndex", trimmed)?.max(1));
            } else if is("sortBy") {
                query.sort_by = Some(parameters::path(trimmed)?);
            } else if is("sortOrder") {
                query.descending = parameters::is_descending(trimmed)?;
            }
        }
        query.count = count
            .map(|text| parameters::number("count", &text))
            .transpose()
            .map_err(|e| query.on_count(e))?;
        query.filter = filter.map(|text| filter::parse_with(&text, policy)).transpose()?;
        query.bounded()
    }

    /// Reads the body of a `POST …/.search` (RFC 7644 §3.4.3, RFC 9865 §3). Member names are taken in any letter
    /// case, unknown ones are ignored, null and empty lists count as absent.
    ///
    /// # Errors
    /// As [`Query::from_pairs`]; 400 `invalidSyntax` for a body that is no SearchRequest or a member of the wrong type.
    /// A missing `schemas` passes under [`Policy::loose_schemas`].
    pub fn from_body(body: &Value, policy: &Policy) -> Result<Query, ScimError> {
        let Value::Object(body) = body else {
            return Err(ScimError::invalid_syntax("the body of a search must be a JSON object"));
        };
        if !declares(body, SEARCH_REQUEST) && !policy.loose_schemas {
            return Err(ScimError::invalid_syntax(format!("`schemas` must name `{SEARCH_REQUEST}`")));
        }
        let mut query = Query {
            cursor: text(body, "cursor")?.map(|cursor| cursor.trim().to_owned()),
            attributes: parameters::list(body, "attributes", policy)?,
            excluded: parameters::list(body, "excludedAttributes", policy)?,
            start_index: whole(body, "startIndex")?.map(|index| index.max(1)),
            ..Query::default()
        };
        if let Some(path) = text(body, "sortBy")?.map(str::trim).filter(|path| !path.is_empty()) {
            query.sort_by = Some(parameters::path(path)?);
        }
        if let Some(order) = text(body, "sortOrder")?.map(str::trim).filter(|order| !order.is_empty()) {
            query.descending = parameters::is_descending(order)?;
        }
        query.count = whole(body, "count").map_err(|error| query.on_count(error))?;
        query.filter = text(body, "filter")?.map(|text| filter::parse_with(text, policy)).transpose()?;
        query.bounded()
    }

    /// What binds a cursor to its query: a digest of filter, order and `scope`, which names everything else that
    /// decides which resources are found: endpoint, tenant, actor. `count` is not part of it, because a changed
    /// one has an error of its own, nor are the attributes returned, which a client may change with no harm.
    pub fn fingerprint(&self, scope: &[&str]) -> u64 {
        let filter = self.filter.as_ref().map(Filter::to_string);
        let sort_by = self.sort_by.as_ref().map(AttrPath::to_string);
        let order = if self.descending { "descending" } else { "ascending" };
        let own = [filter.as_deref().unwrap_or_default(), sort_by.as_deref().unwrap_or_default(), order];
        let mut digest = Sha256::new();
        for part in own.iter().chain(scope) {
            // With the length before each part, no two lists of parts give the same text.
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        let digest: [u8; 32] = digest.finalize().into();
        u64::from_be_bytes(std::array::from_fn(|index| digest[index]))
    }

    /// Beside a cursor a bad count has its own keyword (RFC 9865 §2.1).
    fn on_count(&self, error: ScimError) -> ScimError {
        match self.cursor {
            Some(_) => ScimError::new(ScimType::InvalidCount, error.detail),
            None => error,
        }
    }

    fn bounded(self) -> Result<Query, ScimError> {
        for (name, list) in [("attributes", &self.attributes), ("excludedAttributes", &self.excluded)] {
            if list.len() > MAX_NAMES {
                let problem = format!("`{name}` holds {} names, which is more than {MAX_NAMES}", list.len());
                return Err(ScimError::invalid_value(problem));
            }
        }
        Ok(self)
    }
}

/// A member of a search that must be a string.
fn text<'b>(body: &'b Map<String, Value>, name: &str) -> Result<Option<&'b str>, ScimError> {
    match member(body, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(ScimError::invalid_syntax(format!("`{name}` must be a string"))),
    }
}

/// A member of a search that must be a whole number. What does not fit is cut off at 0 and [`u64::MAX`].
fn whole(body: &Map<String, Value>, name: &str) -> Result<Option<u64>, ScimError> {
    let number = match member(body, name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number,
        Some(_) => return Err(ScimError::invalid_syntax(format!("`{name}` must be a whole number"))),
    };
    if number.is_i64() || number.is_u64() {
        return Ok(Some(number.as_u64().unwrap_or(0)));
    }
    // Whole numbers beyond 64 bits read as floating point.
    match number.as_f64() {
        Some(huge) if huge >= u64::MAX as f64 => Ok(Some(u64::MAX)),
        Some(huge) if huge <= i64::MIN as f64 => Ok(Some(0)),
        _ => Err(ScimError::invalid_syntax(format!("`{name}` must be a whole number"))),
    }
}

#[cfg(test)]
mod tests;
