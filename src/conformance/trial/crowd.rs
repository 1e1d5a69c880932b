//! Users for being referred to: members of groups, managers. They are created once a run and stay until its end; nobody changes
//! anything of them but who refers to them.

use futures_util::future::join_all;

use super::{Created, Trial};
use crate::conformance::discovery::Role;
use crate::conformance::verdict::Stop;

/// How many there are.
pub const SIZE: usize = 10;

/// Creates the users, all at the same time.
pub(super) async fn make(t: &Trial) -> Result<Vec<Created>, Stop> {
    let kind = t.kind(Role::User)?;
    let survey = t.survey(&kind).await?;
    let bodies: Vec<_> = (0..SIZE).map(|_| survey.body(t, &kind)).collect();
    let created = join_all(bodies.iter().map(|body| t.create_from(&kind, body))).await;
    created.into_iter().collect()
}
