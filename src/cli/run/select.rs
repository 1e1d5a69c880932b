//! Which transcripts a run is about: the scenarios that were read, each as its dialects, narrowed down by the options.

use crate::cli::exit::Stop;
use crate::cli::values::Shard;
use crate::diagnostic::nearest;
use crate::idp::Dialect;
use crate::replay::Case;

/// What the options select; an option that was not given selects everything.
#[derive(Debug, Clone, Default)]
pub(super) struct Selection {
    /// `--as`
    pub(super) dialects: Vec<Dialect>,
    /// `--tag`: any of them.
    pub(super) tags: Vec<String>,
    /// `--filter`: part of id or title, without regard to case.
    pub(super) filter: Option<String>,
    /// `--shard`
    pub(super) shard: Option<Shard>,
}

impl Selection {
    /// Whether everything is selected.
    pub(super) fn is_everything(&self) -> bool {
        self.dialects.is_empty() && self.tags.is_empty() && self.filter.is_none() && self.shard.is_none()
    }

    /// The cases that are selected, sorted by id.
    ///
    /// # Errors
    /// None is, or two scenarios have the same id.
    pub(super) fn of(&self, mut cases: Vec<Case>) -> Result<Vec<Case>, Stop> {
        cases.sort_by(|a, b| a.item.id.cmp(&b.item.id));
        let same = |pair: &&[Case]| matches!(pair, [a, b] if a.item.id == b.item.id);
        if let Some([a, b]) = cases.windows(2).find(same) {
            let files = [a, b].map(|case| case.scenario.source.path.as_str());
            return Err(Stop::usage(format!("two transcripts are called `{}`", a.item.id))
                .hint(format!("they come from {} and {}: rename one", files[0], files[1])));
        }
        let selected: Vec<Case> = cases.iter().filter(|case| self.takes(case)).cloned().collect();
        match selected.is_empty() {
            true => Err(self.nothing(&cases)),
            false => Ok(selected),
        }
    }

    fn takes(&self, case: &Case) -> bool {
        let filter = self.filter.as_ref().map(|filter| filter.to_lowercase());
        let text = |text: &str| filter.as_ref().is_none_or(|filter| text.to_lowercase().contains(filter));
        (self.dialects.is_empty() || case.dialect.is_some_and(|dialect| self.dialects.contains(&dialect)))
            && (self.tags.is_empty() || case.scenario.tags.iter().any(|tag| self.tags.contains(tag)))
            && (text(&case.item.id) || text(&case.item.title))
            && self.shard.is_none_or(|shard| shard.takes(&case.item.id))
    }

    /// Nothing is selected: why, and what is near.
    fn nothing(&self, cases: &[Case]) -> Stop {
        if cases.is_empty() {
            return Stop::nothing_selected("there is no scenario file (`.yaml` or `.yml`)")
                .hint("`scimulator run --help` says where scenarios are looked for");
        }
        let mut stop = Stop::nothing_selected(match cases.len() {
            1 => "the one transcript that there is is not selected".to_owned(),
            count => format!("none of the {count} transcripts is selected"),
        });
        let tags: Vec<&str> =
            cases.iter().flat_map(|case| case.scenario.tags.iter().map(String::as_str)).collect();
        for tag in self.tags.iter().filter(|tag| !tags.contains(&tag.as_str())) {
            stop = stop.hint(match nearest(tag, tags.iter().copied()) {
                Some(near) => format!("no scenario has the tag `{tag}`; did you mean `{near}`?"),
                None => format!("no scenario has the tag `{tag}`"),
            });
        }
        if let Some(filter) = &self.filter {
            let names = cases
                .iter()
                .flat_map(|case| case.item.id.split(['/', '@', '-']).chain([case.item.id.as_str()]));
            let near =
                nearest(filter, names).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            let alone = Self { filter: Some(filter.clone()), ..Self::default() };
            if !cases.iter().any(|case| alone.takes(case)) {
                stop = stop.hint(format!("no id or title contains `{filter}`{near}"));
            }
        }
        for dialect in &self.dialects {
            if !cases.iter().any(|case| case.dialect == Some(*dialect)) {
                stop = stop.hint(format!("no scenario is played as `{dialect}`"));
            }
        }
        stop.hint("`scimulator run --list` shows them all")
    }
}

/// The cases as lines: id, title, tags.
pub(super) fn list(cases: &[Case]) -> String {
    let width = cases.iter().map(|case| case.item.id.chars().count()).max().unwrap_or(0);
    let line = |case: &Case| {
        let tags = match case.scenario.tags.is_empty() {
            true => String::new(),
            false => format!("  [{}]", case.scenario.tags.join(", ")),
        };
        format!("{:<width$}  {}{tags}\n", case.item.id, case.item.title)
    };
    cases.iter().map(line).collect()
}
