//! Import: the accounts and groups that a target has are read, and linked to people of the directory (Q-P01 to Q-P07).

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::state::{Link, Record};
use super::wire::{Failure, Talk, Wire};
use super::{Engine, Note, Watch, plan};
use crate::idp::dialect::Dice;
use crate::idp::directory::Directory;
use crate::idp::directory::scope::Scope;
use crate::protocol::message::member;
use crate::protocol::value::fold;

/// The most pages that an import reads.
const MOST_PAGES: u32 = 10_000;

/// What an import found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Imported {
    /// Accounts.
    pub users: usize,
    /// Groups.
    pub groups: usize,
    /// Accounts that were linked to people of the directory.
    pub linked: usize,
    /// userNames of accounts that belong to nobody in the directory.
    pub strangers: Vec<String>,
}

impl Engine {
    /// Reads all accounts and groups, page by page, as the product imports them, and links accounts to the people in scope
    /// who have the same userName. The next cycle brings those up to date.
    ///
    /// # Errors
    /// The product does not import; a page cannot be read or repeats what another one had; the total is wrong; the state
    /// cannot be written.
    pub async fn import<W: Wire>(
        &mut self,
        directory: &Directory,
        wire: &W,
        watch: &mut impl Watch,
    ) -> Result<Imported, Failure> {
        let habits = self.speech.habits();
        let Some(count) = habits.import else {
            return Err(Failure::object(format!("{} does not import accounts", habits.product)));
        };
        let mut talk = Talk::new(self.speech, wire, Dice::of(self.settings.seed, "import"));
        if let Some(request) = self.speech.opening() {
            drop(talk.ask(request).await);
        }
        let users = pages(&mut talk, "/Users", count).await?;
        let groups =
            if self.groups().is_some() { pages(&mut talk, "/Groups", count).await? } else { Vec::new() };
        let scope = Scope::new(directory, self.nesting());
        let mut people: HashMap<String, &str> = HashMap::new();
        for (person, standing) in scope.people() {
            let name = plan::profile(self, &scope, person, true)
                .text("userName")
                .map(|name| fold(name).into_owned());
            if let (Ok(()), Some(name)) = (standing, name) {
                people.insert(name, person.key.as_str());
            }
        }
        let known: HashSet<String> = self.state.people.values().map(|link| link.id.clone()).collect();
        let mut imported = Imported { users: users.len(), groups: groups.len(), ..Imported::default() };
        for account in users.into_iter().filter(|account| !known.contains(&account.id)) {
            match people.get(fold(&account.name).as_ref()) {
                Some(key) if !self.state.people.contains_key(*key) => {
                    let link = Link {
                        id: account.id,
                        // Nothing was sent yet, so that the next cycle sends everything.
                        sum: 0,
                        active: account.is_active,
                        settled: false,
                        left: None,
                        manager: None,
                        kept: Vec::new(),
                    };
                    let record = Record::Person((*key).to_owned(), Some(link));
                    watch.note(Note::Record(&record)).map_err(Failure::object)?;
                    self.state.apply(record);
                    imported.linked += 1;
                }
                _ => imported.strangers.push(account.name),
            }
        }
        Ok(imported)
    }
}

/// An account or group of the target.
struct Found {
    id: String,
    name: String,
    is_active: bool,
}

/// All pages.
async fn pages<W: Wire>(talk: &mut Talk<'_, W>, endpoint: &str, count: u32) -> Result<Vec<Found>, Failure> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut start = 1;
    for _ in 0..MOST_PAGES {
        let (total, page) = talk.page(talk.speech.import_page(endpoint, start, count)).await?;
        for resource in &page {
            let account = found_in(resource);
            if !seen.insert(account.id.clone()) {
                let id = account.id;
                return Err(Failure::object(format!(
                    "the import reads `{id}` of {endpoint} on two pages (Q-P01)"
                )));
            }
            found.push(account);
        }
        let read = u32::try_from(page.len()).unwrap_or(u32::MAX);
        start = talk.speech.next_page(start, count, read);
        if u64::from(start) > total || read == 0 {
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

fn found_in(resource: &Map<String, Value>) -> Found {
    let text = |name: &str| member(resource, name).and_then(Value::as_str).map(str::to_owned);
    Found {
        id: text("id").unwrap_or_default(),
        name: text("userName").or_else(|| text("displayName")).unwrap_or_default(),
        is_active: member(resource, "active") != Some(&Value::Bool(false)),
    }
}
