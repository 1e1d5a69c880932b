//! Queries: filter, sort, page and project (RFC 7644 §3.4.2, §3.4.3; RFC 9865).
//!
//! A query takes the cheapest way that answers it: a page straight from the store when there is nothing to filter and to
//! sort, the candidates of an index when the filter demands equality with an indexed attribute, and otherwise every resource of the
//! type.

use std::borrow::Cow;
use std::sync::Arc;

use super::record::Computed;
use super::{Caller, Reply, Service};
use crate::protocol::attr::{AttrPath, Bound, Container};
use crate::protocol::cursor::{CursorPage, CursorState, Position, page_by_offset, page_by_serial};
use crate::protocol::error::{ScimError, ScimType};
use crate::protocol::filter::{self, Compiled, Filter, Literal, Op};
use crate::protocol::projection::Projection;
use crate::protocol::query::{LIST_TAIL, ListHead, Query, SortKey, Sorter, sort_by_key};
use crate::protocol::schema::{Returned, TypeSchema};
use crate::protocol::value::prepare_exact;
use crate::provider::defects::seams::Switch;
use crate::provider::store::{self, IndexId, Kind, Record, View};

/// A query over more resources than this may take long.
const CHEAP_RESOURCES: usize = 500;
/// So may one that looks at more stored text than this, in bytes, once for each comparison of its filter.
const CHEAP_BYTES: usize = 1024 * 1024;
/// And one that shows the groups of more resources than this.
const CHEAP_MEMBERS: usize = 20;

/// One page of results, and what is said about it.
struct Page {
    records: Vec<Arc<Record>>,
    head: ListHead,
}

/// A look-up that narrows the candidates of a filter.
struct LookUp {
    way: Way,
    value: Arc<str>,
    /// Whether the look-up is all that the filter says, so that every candidate matches.
    exact: bool,
}

/// By what resources are looked up.
#[derive(Clone, Copy)]
enum Way {
    /// Their `id`.
    Id,
    /// An indexed attribute.
    Index(IndexId),
}

impl LookUp {
    fn candidates(&self, view: &dyn View, kind: Kind) -> Vec<Arc<Record>> {
        match self.way {
            Way::Id => view.get(&self.value).into_iter().filter(|record| record.kind == kind).collect(),
            Way::Index(index) => view.find(kind, index, &self.value),
        }
    }
}

/// A query that the provider is willing to answer, with the way to its candidates.
pub struct Prepared {
    query: Query,
    scope: Vec<Scope>,
}

/// One resource type that a query covers.
struct Scope {
    kind: Kind,
    look_up: Option<LookUp>,
    projection: Projection,
}

impl Prepared {
    fn spans_types(&self) -> bool {
        self.scope.len() > 1
    }
}

impl Service {
    /// Prepares a query over one resource type, or over all of them. `by_get` says that the query stood in the URI.
    ///
    /// # Errors
    /// 400 with the keyword that says which part of the query is wrong; 403 for sensitive data in the URI.
    pub fn prepare(&self, kind: Option<Kind>, mut query: Query, by_get: bool) -> Result<Prepared, ScimError> {
        let kinds: Vec<Kind> = kind.map_or_else(|| self.kinds().collect(), |kind| vec![kind]);
        self.before_query(&kinds, &mut query)?;
        if let Some(filter) = &query.filter {
            self.check_filter(&kinds, filter, by_get)?;
        }
        let scope = |kind: Kind| {
            Ok(Scope {
                kind,
                look_up: self.narrows().then(|| self.look_up(kind, query.filter.as_ref()?)).flatten(),
                projection: Projection::new(&query.attributes, &query.excluded, self.schema(kind))?,
            })
        };
        let scope = kinds.into_iter().map(scope).collect::<Result<_, ScimError>>()?;
        Ok(Prepared { query, scope })
    }

    /// Whether a query looks at so much that it may take long.
    pub fn is_costly(&self, caller: &Caller, prepared: &Prepared) -> bool {
        // What is unique is found at once, and there is one of it: how an identity provider looks a user up.
        let finds_one = |scope: &Scope| match &scope.look_up {
            Some(LookUp { way: Way::Index(index), exact: true, .. }) => {
                self.plan(scope.kind).is_unique(*index)
            }
            _ => false,
        };
        if prepared.scope.iter().all(finds_one) {
            return false;
        }
        let query = &prepared.query;
        let limits = &self.profile.limits;
        let is_page = query.filter.is_none() && query.sort_by.is_none() && query.cursor.is_none();
        let page = query.page(limits.default_page_size, limits.max_results);
        store::read(&*self.store, caller.tenant, |view| {
            let (mut count, mut bytes, mut with_groups) = (0, 0, 0);
            for scope in &prepared.scope {
                let kind = scope.kind;
                let seen = match &scope.look_up {
                    Some(look_up) => look_up.candidates(view, kind),
                    None if is_page => view.page(kind, page.start_index - 1, page.count),
                    None => view.page(kind, 0, CHEAP_RESOURCES + 1),
                };
                count += seen.len();
                bytes += seen.iter().map(|record| record.body.len()).sum::<usize>();
                if self.kind(kind).shows_groups {
                    with_groups += seen.len();
                }
            }
            let terms = 1 + query.filter.as_ref().map_or(0, |filter| filter.paths().len());
            count > CHEAP_RESOURCES
                || bytes.saturating_mul(terms) > CHEAP_BYTES
                || (with_groups > CHEAP_MEMBERS && self.memberships(view).any())
        })
    }

    /// Answers a query.
    ///
    /// # Errors
    /// 400 for a filter that does not fit the schema, an order that there is not, or a cursor that does not belong to the query.
    pub fn list(&self, caller: &Caller, prepared: &Prepared) -> Result<Reply, ScimError> {
        let page = self.page(caller, prepared)?;
        let size: usize = page.records.iter().map(|record| record.body.len() + 320).sum();
        let mut body = Vec::with_capacity(size + 256);
        page.head.write(&mut body);
        store::read(&*self.store, caller.tenant, |view| {
            let memberships = self.memberships(view);
            for (index, record) in page.records.iter().enumerate() {
                if index > 0 {
                    body.push(b',');
                }
                let Some(scope) = prepared.scope.iter().find(|scope| scope.kind == record.kind) else {
                    continue;
                };
                let projection = &scope.projection;
                // The version in `meta` depends on the groups too.
                let shown = projection.needs("groups") || projection.needs("meta");
                let groups = if shown { memberships.of(record) } else { Vec::new() };
                self.write_representation(&mut body, record, &groups, &caller.base, projection, None);
            }
        });
        body.extend_from_slice(LIST_TAIL);
        Ok(Reply { status: 200, body: Some(body), ..Reply::default() })
    }

    fn check_filter(&self, kinds: &[Kind], filter: &Filter, by_get: bool) -> Result<(), ScimError> {
        if !self.profile.features.filter {
            return Err(ScimError::status(501, "filters are not supported"));
        }
        let is_secret = |path: &AttrPath, kind: &Kind| {
            matches!(filter::bind(self.schema(*kind), path, &self.profile.policy), Ok(Bound::Attribute { attribute, sub, .. })
                if sub.unwrap_or(attribute).returned == Returned::Never || attribute.returned == Returned::Never)
        };
        let paths = match filter {
            Filter::Compare { path, .. } => Cow::Borrowed(std::slice::from_ref(path)),
            filter => Cow::Owned(filter.paths()),
        };
        let secret = paths.iter().find(|path| kinds.iter().any(|kind| is_secret(path, kind)));
        match secret {
            None => Ok(()),
            // RFC 7644 §7.5.2: confidential values do not belong into a URI.
            Some(path) if by_get => Err(ScimError::new(
                ScimType::Sensitive,
                format!("a filter on `{path}` would put confidential data into the URI"),
            )),
            Some(path) => {
                Err(ScimError::invalid_filter(format!("`{path}` is not kept in a form that can be compared")))
            }
        }
    }

    fn page(&self, caller: &Caller, prepared: &Prepared) -> Result<Page, ScimError> {
        let query = &prepared.query;
        let features = &self.profile.features;
        let limits = &self.profile.limits;
        let sorted = query.sort_by.is_some() && features.sort;
        let by_cursor = features.cursor_paging
            && (query.cursor.is_some() || (!features.index_paging && query.start_index.is_none()));
        if by_cursor {
            return self.page_at_cursor(caller, prepared, sorted);
        }
        let page = query.page(limits.default_page_size, limits.max_results);
        let (total, records) = if query.filter.is_none() && !sorted {
            self.stored_page(caller, &prepared.scope, page.start_index - 1, page.count)
        } else {
            let matches = self.matches(caller, prepared)?;
            let total = matches.len();
            let range = page.range(total);
            (total, matches.into_iter().skip(range.start).take(range.len()).collect())
        };
        Ok(Page { records, head: ListHead::of_page(page, total) })
    }

    /// A page of everything, in order of creation, type by type.
    fn stored_page(
        &self,
        caller: &Caller,
        scope: &[Scope],
        offset: usize,
        count: usize,
    ) -> (usize, Vec<Arc<Record>>) {
        store::read(&*self.store, caller.tenant, |view| {
            let (mut total, mut offset, mut records) = (0, offset, Vec::new());
            for &Scope { kind, .. } in scope {
                let here = view.count(kind);
                total += here;
                if records.len() < count && offset < here {
                    records.extend(view.page(kind, offset, count - records.len()));
                }
                offset = offset.saturating_sub(here);
            }
            (total, records)
        })
    }

    /// RFC 9865. An unsorted walk over one type goes by serial number, so that it neither repeats nor misses a resource
    /// while others come and go.
    fn page_at_cursor(&self, caller: &Caller, prepared: &Prepared, sorted: bool) -> Result<Page, ScimError> {
        let query = &prepared.query;
        let now = u64::try_from(self.world.now().as_second()).unwrap_or_default();
        let tenant = caller.tenant.0.to_string();
        let names = prepared.scope.iter().map(|scope| self.schema(scope.kind).resource_type.name.as_str());
        let scope: Vec<&str> = std::iter::once(tenant.as_str()).chain(names).collect();
        let fingerprint = query.fingerprint(&scope);
        let (position, page_size) = match query.cursor.as_deref().filter(|text| !text.is_empty()) {
            None => (None, query.count),
            Some(text) => match self.cursors.decode(text, now) {
                Err(_) if self.is(Switch::AnyCursor) => (None, query.count),
                state => {
                    let state = state?;
                    self.bound(state.check(fingerprint, query.count))?;
                    (Some(state.position), query.count.or(state.count))
                }
            },
        };
        let limits = &self.profile.limits;
        let sized = Query { count: page_size, ..Query::default() };
        let count = sized.page(limits.default_page_size, limits.max_results).count;

        let cursor = |position: Position| {
            self.cursors.encode(&CursorState { fingerprint, position, count: page_size, issued: now })
        };
        if let ([Scope { kind, .. }], None, false) = (&prepared.scope[..], &query.filter, sorted)
            && let None | Some(Position::After(_)) = position
        {
            return Ok(self.stored_page_after(caller, *kind, position, count, cursor));
        }
        let matches = self.matches(caller, prepared)?;
        let CursorPage { range, next, previous } = if sorted || prepared.spans_types() {
            page_by_offset(position, count, matches.len())?
        } else {
            page_by_serial(position, count, &matches, |record| record.serial)?
        };
        let total = matches.len();
        let records: Vec<_> = matches.into_iter().skip(range.start).take(range.len()).collect();
        let head = ListHead {
            total,
            items: records.len(),
            next_cursor: next.map(cursor),
            previous_cursor: previous.map(cursor),
            start_index: None,
        };
        Ok(Page { records, head })
    }

    /// The page of everything that begins behind a position, without a look at what lies outside of it.
    fn stored_page_after(
        &self,
        caller: &Caller,
        kind: Kind,
        position: Option<Position>,
        count: usize,
        cursor: impl Fn(Position) -> String,
    ) -> Page {
        let after = match position {
            Some(Position::After(serial)) => serial,
            _ => 0,
        };
        let (total, first, mut records) = store::read(&*self.store, caller.tenant, |view| {
            (view.count(kind), view.page(kind, 0, 1), view.after(kind, after, count.saturating_add(1)))
        });
        let has_more = records.len() > count;
        records.truncate(count);
        let next = records.last().filter(|_| has_more).map(|last| Position::After(last.serial));
        let is_later =
            |record: &&Arc<Record>| first.first().is_some_and(|first| first.serial < record.serial);
        let previous = records.first().filter(is_later).map(|record| Position::Before(record.serial));
        let head = ListHead {
            total,
            items: records.len(),
            next_cursor: next.map(&cursor),
            previous_cursor: previous.map(&cursor),
            start_index: None,
        };
        Page { records, head }
    }

    /// Every resource that the filter selects, in the order that the query asks for.
    fn matches(&self, caller: &Caller, prepared: &Prepared) -> Result<Vec<Arc<Record>>, ScimError> {
        let query = &prepared.query;
        let policy = &self.profile.policy;
        let sort_by = query.sort_by.as_ref().filter(|_| self.profile.features.sort);
        let mut keyed = Vec::new();
        for scope in &prepared.scope {
            let kind = scope.kind;
            let schema = self.schema(kind);
            let compiled = match &query.filter {
                None => None,
                // The look-up says all that the filter says: how an identity provider looks a user up.
                Some(_) if scope.look_up.as_ref().is_some_and(|look_up| look_up.exact) => None,
                Some(filter) if prepared.spans_types() => {
                    Some(Compiled::for_any_type(filter, schema, policy)?)
                }
                Some(filter) => Some(Compiled::new(filter, schema, policy)?),
            };
            let sorter = match sort_by {
                None => None,
                Some(path) => Sorter::new(path, schema)?,
            };
            let candidates = store::read(&*self.store, caller.tenant, |view| match &scope.look_up {
                Some(look_up) => look_up.candidates(view, kind),
                None => view.page(kind, 0, usize::MAX),
            });
            if compiled.is_none() && sorter.is_none() {
                keyed.extend(candidates.into_iter().map(|record| (SortKey::MISSING, record)));
                continue;
            }
            let computed = self.computed(kind, query);
            for record in candidates {
                let groups = if computed.groups {
                    store::read(&*self.store, caller.tenant, |view| self.memberships(view).of(&record))
                } else {
                    Vec::new()
                };
                let resource = self.resource(&record, &caller.base, computed, &groups);
                if let Some(filter) = &compiled
                    && !self.admitted(query, &resource, filter.matches(&resource))
                {
                    continue;
                }
                let key = sorter.as_ref().map_or(SortKey::MISSING, |sorter| sorter.key(&resource));
                keyed.push((key, record));
            }
        }
        if sort_by.is_some() {
            // What compares equal stays in order of creation.
            sort_by_key(&mut keyed, query.descending, |(key, _)| key.clone());
        }
        Ok(keyed.into_iter().map(|(_, record)| record).collect())
    }

    /// What filter and order need beyond the stored attributes.
    fn computed(&self, kind: Kind, query: &Query) -> Computed {
        let paths = query.filter.as_ref().map(Filter::paths).unwrap_or_default();
        let named =
            |name: &str| paths.iter().chain(&query.sort_by).any(|path| path.name.eq_ignore_ascii_case(name));
        // The version of a member of groups depends on those.
        let versioned = paths.iter().chain(&query.sort_by).any(|path| {
            let sub = path.sub.as_deref();
            path.name.eq_ignore_ascii_case("meta")
                && sub.is_some_and(|sub| sub.eq_ignore_ascii_case("version"))
        });
        let groups = self.kind(kind).shows_groups && (named("groups") || versioned);
        Computed { meta: named("meta"), groups }
    }

    /// The look-up that answers a filter, or narrows it most easily.
    fn look_up(&self, kind: Kind, filter: &Filter) -> Option<LookUp> {
        if let Filter::Compare { path, op: Op::Eq, value } = filter {
            return self.look_up_equal(kind, path, value, true);
        }
        filter
            .equalities()
            .into_iter()
            .find_map(|(path, value)| self.look_up_equal(kind, &path, value, false))
    }

    fn look_up_equal(&self, kind: Kind, path: &AttrPath, value: &Literal, exact: bool) -> Option<LookUp> {
        let (schema, plan) = (self.schema(kind), self.plan(kind));
        let Literal::String(text) = value else { return None };
        if is_id(schema, path) {
            return Some(LookUp { way: Way::Id, value: prepare_exact(text).into(), exact });
        }
        let index = plan.answering(schema, path)?;
        Some(LookUp { way: Way::Index(index), value: plan.folded(index, text), exact })
    }
}

/// Whether a path names the `id` of resources.
fn is_id(schema: &TypeSchema, path: &AttrPath) -> bool {
    matches!(schema.bind(path), Ok(Bound::Attribute { container: Container::Core, attribute, sub: None })
        if attribute.name == "id")
}
