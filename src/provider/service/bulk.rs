//! Bulk requests (RFC 7644 §3.7).
//!
//! Operations run in the order of the request, except that what refers forward waits for what it refers to
//! ([`bulk::plan`]). Each has a transaction of its own, so that a failed one leaves the others alone. Operations that refer to
//! each other in a circle get their ids beforehand and stand or fall together, in one transaction.

use std::collections::HashMap;

use super::defective;
use super::membership::Expected;
use super::write::Session;
use super::{Caller, Reply, Service, Terms};
use crate::protocol::bulk::{self, BulkRequest, Group, Method, Operation, OperationResult, Refused};
use crate::protocol::error::ScimError;
use crate::provider::defects::seams::Switch;
use crate::provider::store::{self, Kind};

/// bulkIds and the ids of what was created under them.
type Ids = HashMap<String, String>;

impl Service {
    /// Carries out a BulkRequest.
    ///
    /// # Errors
    /// Only for the request as a whole: 400, 413, and 501 where the profile has no bulk. Whatever happens to single
    /// operations stands in the BulkResponse.
    pub fn bulk(&self, caller: &Caller, body: serde_json::Value) -> Result<Reply, ScimError> {
        if !self.profile.features.bulk {
            return Err(ScimError::status(501, "bulk requests are not supported"));
        }
        let request = BulkRequest::parse(body, self.profile.limits.bulk_operations, &self.profile.policy)?;
        let plan = match self.is(Switch::BulkInOrder) {
            true => defective::in_order(&request),
            false => bulk::plan(&request.operations),
        };
        let mut operations: Vec<Option<_>> = request.operations.iter().cloned().map(Some).collect();
        let mut results: Vec<Option<OperationResult>> = vec![None; operations.len()];
        let mut ids = Ids::new();
        let mut errors = 0;
        for group in plan {
            let members =
                group.operations.iter().filter_map(|&at| Some((at, operations.get_mut(at)?.take()?)));
            for (at, result) in self.run_group(caller, &group, members.collect(), &mut ids) {
                errors += u64::from(result.is_error());
                results[at] = Some(result);
            }
            if request.stops_after(errors) {
                break;
            }
        }
        let response = bulk::response(results.into_iter().flatten().collect());
        Ok(Reply { status: 200, body: Some(response.to_string().into_bytes()), ..Reply::default() })
    }

    fn run_group(
        &self,
        caller: &Caller,
        group: &Group,
        members: Vec<(usize, Result<Operation, Refused>)>,
        ids: &mut Ids,
    ) -> Vec<(usize, OperationResult)> {
        let mut refused = Vec::new();
        let mut ready = Vec::new();
        for (at, member) in members {
            match member {
                Ok(operation) => ready.push((at, operation)),
                Err(why) => {
                    let path = why.path.as_deref().map(|path| path.trim_start_matches('/'));
                    let location = path.map(|path| format!("{}/{path}", caller.base));
                    refused.push((at, OperationResult::refused(&why, location)));
                }
            }
        }
        let mut results = if group.circular {
            self.run_circle(caller, ready, ids)
        } else {
            let alone = |(at, operation)| {
                let result = self.run_alone(caller, operation, ids);
                (at, result)
            };
            ready.into_iter().map(alone).collect()
        };
        results.extend(refused);
        results
    }

    fn run_alone(&self, caller: &Caller, mut operation: Operation, ids: &mut Ids) -> OperationResult {
        let id = self.world.new_id();
        let resolved = if self.is(Switch::BulkIdsLiteral) { Ok(()) } else { operation.resolve(ids) };
        let outcome =
            resolved.and_then(|()| self.in_session(caller, |session| self.run_in(session, &operation, &id)));
        match outcome {
            Ok(result) => {
                if let Some(bulk_id) = operation.bulk_id.filter(|_| operation.method == Method::Post) {
                    ids.insert(bulk_id, id);
                }
                result
            }
            Err(error) => OperationResult::failed(&operation, self.addressed(caller, &operation), &error),
        }
    }

    /// Operations that refer to each other: their ids are chosen first, and one failure takes all of them back.
    fn run_circle(
        &self,
        caller: &Caller,
        mut operations: Vec<(usize, Operation)>,
        ids: &mut Ids,
    ) -> Vec<(usize, OperationResult)> {
        let mut chosen = ids.clone();
        let mut expected = Expected::new();
        for (_, operation) in &operations {
            if let (Method::Post, Some(bulk_id)) = (operation.method, &operation.bulk_id) {
                let id = self.world.new_id();
                if let Some(kind) = self.kind_at(&operation.endpoint) {
                    expected.insert(id.clone(), kind);
                }
                chosen.insert(bulk_id.clone(), id);
            }
        }
        let mut failed = None;
        let outcome = store::write(&*self.store, caller.tenant, |transaction| {
            let mut session = Session { transaction, caller, expected: &expected };
            let mut results = Vec::new();
            for (at, operation) in &mut operations {
                let id = operation.bulk_id.as_ref().and_then(|bulk_id| chosen.get(bulk_id)).cloned();
                let id = id.unwrap_or_else(|| self.world.new_id());
                let outcome =
                    operation.resolve(&chosen).and_then(|()| self.run_in(&mut session, operation, &id));
                match outcome {
                    Ok(result) => results.push((*at, result)),
                    Err(error) => {
                        failed = Some(*at);
                        return Err(error);
                    }
                }
            }
            Ok(results)
        });
        match outcome {
            Ok(results) => {
                *ids = chosen;
                results
            }
            Err(error) => {
                let others = ScimError::status(
                    409,
                    "an operation that this one refers to in a circle failed, so none was done",
                );
                let result = |(at, operation): (usize, Operation)| {
                    let error = if failed == Some(at) { &error } else { &others };
                    (at, OperationResult::failed(&operation, self.addressed(caller, &operation), error))
                };
                operations.into_iter().map(result).collect()
            }
        }
    }

    /// One operation, as its stand-alone equivalent. `id` is for what a POST creates.
    fn run_in(
        &self,
        session: &mut Session<'_>,
        operation: &Operation,
        id: &str,
    ) -> Result<OperationResult, ScimError> {
        let kind = self.kind_of(operation)?;
        let terms = Terms {
            method: operation.method.name(),
            if_match: operation.version.clone(),
            ..Terms::default()
        };
        let target = operation.id.as_deref().unwrap_or_default();
        let data = operation.data.clone().unwrap_or_default();
        let (status, written) = match operation.method {
            Method::Post => {
                let resource = self.created(kind, data)?;
                (201, self.create_in(session, kind, id, resource)?)
            }
            Method::Put => (200, self.replace_in(session, kind, target, data, &terms)?),
            Method::Patch => {
                let request = self.patch_request(&data)?;
                (200, self.patch_in(session, kind, target, &request, &terms)?)
            }
            Method::Delete => {
                self.delete_in(session, kind, target, &terms)?;
                let location = self.addressed(session.caller, operation).unwrap_or_default();
                return Ok(OperationResult::done(operation, 204, location, None, None));
            }
        };
        let location = self.location(&written.record, &session.caller.base);
        let version = self.version(&written.record, &written.groups);
        Ok(OperationResult::done(operation, status, location, version, None))
    }

    fn kind_of(&self, operation: &Operation) -> Result<Kind, ScimError> {
        self.kind_at(&operation.endpoint)
            .ok_or_else(|| ScimError::status(404, format!("there is no endpoint `/{}`", operation.endpoint)))
    }

    /// The address of what an operation is about; a failed POST is about nothing.
    fn addressed(&self, caller: &Caller, operation: &Operation) -> Option<String> {
        let id = operation.id.as_ref()?;
        Some(format!("{}/{}/{id}", caller.base, operation.endpoint))
    }
}
