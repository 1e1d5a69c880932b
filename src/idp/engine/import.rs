//! Import: the accounts and groups that a target has are read and held against the directory (Q-P01 to Q-P07).

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::Engine;
use super::wire::{Failure, Talk, Wire};
use crate::idp::dialect::Dice;
use crate::protocol::message::member;

/// The most pages that an import reads.
const MOST_PAGES: u32 = 10_000;

/// What an import found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Imported {
    /// Accounts.
    pub users: usize,
    /// Groups.
    pub groups: usize,
    /// userNames of accounts that belong to nobody who is linked.
    pub unlinked: Vec<String>,
}

impl Engine {
    /// Reads all accounts and groups, page by page, as the product imports them.
    ///
    /// # Errors
    /// The product does not import; a page cannot be read, repeats what another one had, or the total is wrong.
    pub async fn import<W: Wire>(&self, wire: &W) -> Result<Imported, Failure> {
        let habits = self.speech.habits();
        let Some(count) = habits.import else {
            return Err(Failure::object(format!("{} does not import accounts", habits.product)));
        };
        let mut talk = Talk::new(self.speech, wire, Dice::of(self.settings.seed, "import"));
        let users = pages(&mut talk, "/Users", count).await?;
        let groups =
            if self.groups().is_some() { pages(&mut talk, "/Groups", count).await? } else { Vec::new() };
        let linked: HashSet<&str> = self.state.people.values().map(|link| link.id.as_str()).collect();
        let unlinked =
            users.iter().filter(|(id, _)| !linked.contains(id.as_str())).map(|(_, name)| name.clone());
        Ok(Imported { users: users.len(), groups: groups.len(), unlinked: unlinked.collect() })
    }
}

/// All pages: ids and names.
async fn pages<W: Wire>(
    talk: &mut Talk<'_, W>,
    endpoint: &str,
    count: u32,
) -> Result<Vec<(String, String)>, Failure> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut start = 1;
    for _ in 0..MOST_PAGES {
        let (total, page) = talk.page(talk.speech.import_page(endpoint, start, count)).await?;
        for resource in &page {
            let (id, name) = names(resource);
            if !seen.insert(id.clone()) {
                return Err(Failure::object(format!(
                    "the import reads `{id}` of {endpoint} on two pages (Q-P01)"
                )));
            }
            found.push((id, name));
        }
        // The next page is assumed to begin one page size further on (Q-P06).
        start += count;
        if u64::from(start) > total {
            let read = found.len() as u64;
            return match read == total {
                true => Ok(found),
                false => Err(Failure::object(format!(
                    "the import reads {read} of {total} in {endpoint}: the total or the page size is not as said (Q-P02, Q-P06)"
                ))),
            };
        }
    }
    Err(Failure::object(format!("{endpoint} has no end")))
}

fn names(resource: &Map<String, Value>) -> (String, String) {
    let text = |name: &str| member(resource, name).and_then(Value::as_str).map(str::to_owned);
    let id = text("id").unwrap_or_default();
    let name = text("userName").or_else(|| text("displayName")).unwrap_or_default();
    (id, name)
}
