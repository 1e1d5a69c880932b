//! One transcript to be made.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::event::Item;
use crate::idp::Dialect;
use crate::scenario::Scenario;

/// One transcript to be made: a scenario, played as one dialect.
#[derive(Debug, Clone)]
pub struct Case {
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// The dialect; none for plain RFC traffic.
    pub dialect: Option<Dialect>,
    /// How it stands in events and reports.
    pub item: Arc<Item>,
    /// The folder of all snapshots.
    pub snapshots: PathBuf,
}

impl Case {
    /// One case for each dialect of a scenario.
    pub fn all_of(scenario: Scenario, snapshots: &Path) -> Vec<Self> {
        let scenario = Arc::new(scenario);
        let dialects: Vec<Option<Dialect>> = match scenario.dialects.is_empty() {
            true => vec![None],
            false => scenario.dialects.iter().copied().map(Some).collect(),
        };
        let case = |dialect: Option<Dialect>| Self {
            item: Arc::new(Item {
                id: match dialect {
                    None => scenario.id.clone(),
                    Some(dialect) => format!("{}@{dialect}", scenario.id),
                },
                title: scenario.title.clone(),
                topic: scenario.folder().to_owned(),
                level: None,
                requirements: Vec::new(),
                breaks: Vec::new(),
                file: Some(scenario.source.path.clone()),
            }),
            scenario: Arc::clone(&scenario),
            dialect,
            snapshots: snapshots.to_owned(),
        };
        dialects.into_iter().map(case).collect()
    }
}
