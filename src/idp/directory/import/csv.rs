//! A table with a person a row, as human resources export it.
//!
//! The first row names the columns: see [`COLUMNS`], or any path of an attribute (`name.middleName`, `addresses.locality`,
//! `urn:…:User:division`). Cells that are empty are no values.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use csv::{ReaderBuilder, StringRecord};
use serde_json::{Map, Value, json};

use super::super::keys::Keys;
use super::super::{Directory, ENTERPRISE, Group, Member, Person, PersonStatus};
use super::quotes::{Unclosed, unclosed};
use crate::diagnostic::{Diagnostic, SourceFile, nearest};
use crate::idp::mapping::USER;
use crate::protocol::attr::{AttrPath, Bound, Container};
use crate::protocol::schema::{Mutability, Returned, Type, TypeSchema};
use crate::yaml::decode::Mistakes;

/// A table may be this long, in bytes.
pub const MAX_BYTES: usize = 64 << 20;
/// So many mistakes are shown.
const SHOWN_MISTAKES: usize = 50;

/// Names of columns and what they stand for; letter case, spaces, `-` and `_` do not matter.
pub const COLUMNS: [(&str, Meaning); 27] = [
    ("userName", Meaning::Path("userName")),
    ("externalId", Meaning::Path("externalId")),
    ("givenName", Meaning::Path("name.givenName")),
    ("firstName", Meaning::Path("name.givenName")),
    ("familyName", Meaning::Path("name.familyName")),
    ("lastName", Meaning::Path("name.familyName")),
    ("middleName", Meaning::Path("name.middleName")),
    ("displayName", Meaning::Path("displayName")),
    ("nickName", Meaning::Path("nickName")),
    ("title", Meaning::Path("title")),
    ("userType", Meaning::Path("userType")),
    ("preferredLanguage", Meaning::Path("preferredLanguage")),
    ("locale", Meaning::Path("locale")),
    ("timezone", Meaning::Path("timezone")),
    ("email", Meaning::Path("emails.value")),
    ("phone", Meaning::Path("phoneNumbers.value")),
    ("mobile", Meaning::Element("phoneNumbers", "mobile")),
    ("department", Meaning::Enterprise("department")),
    ("division", Meaning::Enterprise("division")),
    ("costCenter", Meaning::Enterprise("costCenter")),
    ("organization", Meaning::Enterprise("organization")),
    ("employeeNumber", Meaning::Enterprise("employeeNumber")),
    ("employeeId", Meaning::Enterprise("employeeNumber")),
    ("manager", Meaning::Manager),
    ("status", Meaning::Status),
    ("active", Meaning::Active),
    ("groups", Meaning::Groups),
];

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The value of the attribute with this path; of one with several values the first, of type `work`.
    Path(&'static str),
    /// The `value` of an element of this type.
    Element(&'static str, &'static str),
    /// An attribute of the enterprise extension.
    Enterprise(&'static str),
    /// The `userName` of the manager.
    Manager,
    /// `active`, `suspended` or `deleted`.
    Status,
    /// `true` or `false`: active or suspended.
    Active,
    /// Names of groups, separated by `;`.
    Groups,
}

/// What a column is, once its name is understood.
#[derive(Debug, Clone, PartialEq)]
enum Column {
    Value(Place),
    Manager,
    Status,
    Active,
    Groups,
    Ignored,
}

/// Where the value of a cell goes in a User resource.
#[derive(Debug, Clone, PartialEq)]
struct Place {
    extension: Option<String>,
    attribute: String,
    /// The sub-attribute, where the attribute is complex.
    sub: Option<String>,
    /// The type of the element, where the attribute has several values.
    element: Option<&'static str>,
    is_boolean: bool,
}

/// Reads a table. The separator is the comma, semicolon or tab that the first row has most of.
///
/// # Errors
/// Every mistake of the table at its row, the first 50 of them. `ignore_unknown` leaves out columns that mean nothing here.
pub fn read(source: &Arc<SourceFile>, ignore_unknown: bool) -> Result<Directory, Vec<Diagnostic>> {
    if source.text.len() > MAX_BYTES {
        let title = format!(
            "`{}` has {} bytes, more than the {MAX_BYTES} of the longest table",
            source.path,
            source.text.len()
        );
        return Err(vec![Diagnostic::error(title)]);
    }
    let mut table = Table::new(source);
    let header = table.line(0).end;
    let hides_rows = table.text[..header - table.offset].to_lowercase();
    let hides_rows = SECRET.iter().any(|word| hides_rows.contains(word));
    let directory = match table.read(ignore_unknown) {
        Ok(()) => table.finish(),
        Err(mistakes) => Err(mistakes),
    };
    directory.map_err(|mistakes| match hides_rows {
        true => mistakes.into_iter().map(|mistake| without_row(mistake, header)).collect(),
        false => mistakes,
    })
}

/// A table with a column of such a name holds secrets, so that no row of it is shown.
const SECRET: [&str; 6] = ["passw", "kennwort", "pwd", "secret", "token", "credential"];

/// The mistake with its place, but without the row that it stands in.
fn without_row(mistake: Diagnostic, header: usize) -> Diagnostic {
    let is_in_row = mistake.labels.iter().any(|label| label.span.start > header);
    match (&mistake.source, mistake.line_column()) {
        (Some(source), Some((line, _))) if is_in_row => {
            let title = format!("{}, line {line}: {}", source.path, mistake.title);
            let note = "rows are not shown, because the table has a column of secrets".to_owned();
            Diagnostic { title, source: None, labels: Vec::new(), notes: vec![note], ..mistake }
        }
        _ => mistake,
    }
}

/// Somebody who is named in a cell, or somewhere.
struct Reference {
    person: usize,
    name: String,
    line: Range<usize>,
}

struct Table<'s> {
    mistakes: Mistakes,
    text: &'s str,
    /// Where the text begins behind a byte order mark.
    offset: usize,
    keys: Keys,
    people: Vec<Person>,
    /// Index and row of a person by the userName in lower case.
    by_name: HashMap<String, (usize, Range<usize>)>,
    managers: Vec<Reference>,
    groups: Vec<Group>,
    group_by_name: HashMap<String, usize>,
}

impl<'s> Table<'s> {
    fn new(source: &'s Arc<SourceFile>) -> Self {
        let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
        Self {
            mistakes: Mistakes::new(source),
            text,
            offset: source.text.len() - text.len(),
            keys: Keys::default(),
            people: Vec::new(),
            by_name: HashMap::new(),
            managers: Vec::new(),
            groups: Vec::new(),
            group_by_name: HashMap::new(),
        }
    }

    fn read(&mut self, ignore_unknown: bool) -> Result<(), Vec<Diagnostic>> {
        let separator = separator(self.text);
        if let Some(Unclosed { opened, text }) = unclosed(self.text, separator) {
            let quote = |at: usize| self.offset + at..self.offset + at + 1;
            let help =
                "close the cell with `\"`, and write a quote within it twice: `\"the \"\"old\"\" site\"`";
            match text {
                None => {
                    let title = "a quote is never closed, so that all that follows would be one cell";
                    self.mistakes.add_with_help(&quote(opened), title, "opened here", help);
                }
                Some(at) => {
                    let title = "text behind the quote that closes a cell";
                    self.mistakes.add_with_help(&quote(at - 1), title, "closed here", help);
                    if let Some(last) = self.mistakes.found.last_mut() {
                        *last = last.clone().with_context(quote(opened), "opened here");
                    }
                }
            }
            return self.mistakes_so_far();
        }
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(separator)
            .from_reader(self.text.as_bytes());
        let mut row = StringRecord::new();
        let mut columns: Option<Vec<Column>> = None;
        loop {
            match reader.read_record(&mut row) {
                Ok(false) => break,
                Ok(true) => {}
                Err(error) => {
                    let at = error.position().map_or(0, |position| position.byte() as usize);
                    let line = self.line(at);
                    self.mistakes.add(&line, format!("the table cannot be read: {error}"), "here");
                    return self.mistakes_so_far();
                }
            }
            let line = self.line(row.position().map_or(0, |position| position.byte() as usize));
            match &columns {
                None => {
                    let found = self.columns(&row, &line, ignore_unknown);
                    if !self.mistakes.found.is_empty() {
                        return self.mistakes_so_far();
                    }
                    columns = Some(found);
                }
                Some(columns) if self.mistakes.found.len() < SHOWN_MISTAKES => self.row(&row, columns, line),
                Some(_) => break,
            }
        }
        match columns {
            Some(_) => Ok(()),
            None => Err(vec![Diagnostic::error(format!("`{}` is empty", self.mistakes.source.path))]),
        }
    }

    fn mistakes_so_far(&mut self) -> Result<(), Vec<Diagnostic>> {
        Err(std::mem::take(&mut self.mistakes.found))
    }

    /// The line that holds or follows a byte of the text, without what ends it.
    fn line(&self, at: usize) -> Range<usize> {
        let bytes = self.text.as_bytes();
        let mut start = at.min(bytes.len());
        // A record begins behind the line end of the one before, of which the reader may leave a half.
        while bytes.get(start).is_some_and(|byte| matches!(byte, b'\r' | b'\n')) {
            start += 1;
        }
        let length = bytes[start..].iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        let end = length.map_or(bytes.len(), |length| start + length);
        self.offset + start..self.offset + end
    }

    /// What the columns are.
    fn columns(&mut self, names: &StringRecord, line: &Range<usize>, ignore_unknown: bool) -> Vec<Column> {
        let mut columns: Vec<Column> = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let name = name.trim();
            let column = match USER.as_ref().map(|schema| column(schema, name)) {
                Some(Ok(column)) => column,
                _ if ignore_unknown => Column::Ignored,
                Some(Err(wrong)) => {
                    let place = self.cell(line, name);
                    let title = match name {
                        "" => format!("column {} has no name", index + 1),
                        name => format!("column {}: {}", index + 1, wrong.problem(name)),
                    };
                    let mistake = self.mistakes.add(&place, title, "this column");
                    mistake.help.extend(wrong.help());
                    Column::Ignored
                }
                None => Column::Ignored,
            };
            if column != Column::Ignored && columns.contains(&column) {
                let place = self.cell(line, name);
                self.mistakes.add(&place, format!("two columns say the same as `{name}`"), "this column");
            }
            columns.push(column);
        }
        if let Some(last) = self.mistakes.found.last_mut() {
            last.help.push("columns that cannot be used are left out with `--ignore-unknown`".into());
        }
        let is_name =
            |column: &Column| matches!(column, Column::Value(place) if place.attribute == "userName");
        if self.mistakes.found.is_empty() && !columns.iter().any(is_name) {
            let help = "people are known by it; rename the column that holds it";
            self.mistakes.add_with_help(line, "the table has no column `userName`", "the first row", help);
        }
        columns
    }

    /// Where a text stands in a row; the whole row where it does not.
    fn cell(&self, line: &Range<usize>, text: &str) -> Range<usize> {
        let row = self.mistakes.source.text.get(line.clone()).unwrap_or_default();
        match row.find(text).filter(|_| !text.is_empty()) {
            Some(at) => line.start + at..line.start + at + text.len(),
            None => line.clone(),
        }
    }

    fn row(&mut self, row: &StringRecord, columns: &[Column], line: Range<usize>) {
        if row.iter().all(|cell| cell.trim().is_empty()) {
            return;
        }
        if row.len() > columns.len() {
            let title = format!("a row of {} cells below {} columns", row.len(), columns.len());
            let help = "put a cell that holds the separator into quotes";
            self.mistakes.add_with_help(&line, title, "this row", help);
            return;
        }
        let index = self.people.len();
        let (mut attributes, mut status) = (Map::new(), PersonStatus::Active);
        let (mut manager, mut groups) = (None, "");
        for (column, cell) in columns.iter().zip(row.iter()) {
            let cell = cell.trim();
            if cell.is_empty() {
                continue;
            }
            match column {
                Column::Ignored => {}
                Column::Manager => manager = Some(cell),
                Column::Groups => groups = cell,
                Column::Status => {
                    let word = cell.to_lowercase();
                    match PersonStatus::WORDS.iter().find(|(known, _)| *known == word) {
                        Some((_, found)) => status = *found,
                        None => {
                            let words = PersonStatus::WORDS.map(|(word, _)| word);
                            let near = nearest(cell, words);
                            let place = self.cell(&line, cell);
                            let mistake =
                                self.mistakes.add(&place, format!("`{cell}` is not a status"), "not known");
                            mistake.notes.push("known are `active`, `suspended`, `deleted`".into());
                            mistake.help.extend(near.map(|near| format!("did you mean `{near}`?")));
                        }
                    }
                }
                Column::Active => match boolean(cell) {
                    Some(true) => {}
                    Some(false) => status = PersonStatus::Suspended,
                    None => self.not_boolean(&line, cell),
                },
                Column::Value(place) if place.is_boolean => match boolean(cell) {
                    Some(flag) => place.put(&mut attributes, flag.into()),
                    None => self.not_boolean(&line, cell),
                },
                Column::Value(place) => place.put(&mut attributes, cell.into()),
            }
        }
        let Some(user_name) = attributes.get("userName").and_then(Value::as_str).map(str::to_owned) else {
            self.mistakes.add(&line, "a row without `userName`", "this row");
            return;
        };
        if user_name.contains(['\n', '\r']) {
            self.mistakes.add(&line, "`userName` is one line of text", "this row");
            return;
        }
        if let Some((_, first)) = self.by_name.get(&user_name.to_lowercase()) {
            let first = first.clone();
            let place = self.cell(&line, &user_name);
            let title = format!("two people with the userName `{user_name}`");
            let mistake = self.mistakes.add(&place, title, "again here");
            *mistake = mistake.clone().with_context(first, "first here");
            return;
        }
        let key = self.keys.key(&user_name, "person");
        for name in groups.split(';').map(str::trim).filter(|name| !name.is_empty()) {
            self.join(name, &key);
        }
        if let Some(manager) = manager {
            self.managers.push(Reference { person: index, name: manager.to_lowercase(), line: line.clone() });
        }
        self.by_name.insert(user_name.to_lowercase(), (index, line));
        self.people.push(Person { key, attributes: in_order(attributes), manager: None, status });
    }

    fn not_boolean(&mut self, line: &Range<usize>, cell: &str) {
        let place = self.cell(line, cell);
        self.mistakes.add(&place, format!("`{cell}` is neither `true` nor `false`"), "not known");
    }

    fn join(&mut self, name: &str, person: &str) {
        let name = &name.replace(['\n', '\r'], " ");
        let index = *self.group_by_name.entry(name.to_owned()).or_insert_with(|| {
            self.groups.push(Group {
                key: String::new(),
                display_name: name.to_owned(),
                external_id: None,
                members: Vec::new(),
            });
            self.groups.len() - 1
        });
        let members = &mut self.groups[index].members;
        if members.last().is_none_or(|last| last.key() != person) {
            members.push(Member::Person(person.to_owned()));
        }
    }

    /// Looks up the managers, and gives groups their keys behind those of people.
    fn finish(mut self) -> Result<Directory, Vec<Diagnostic>> {
        for Reference { person, name, line } in std::mem::take(&mut self.managers) {
            match self.by_name.get(&name) {
                Some((manager, _)) => self.people[person].manager = Some(self.people[*manager].key.clone()),
                None if self.mistakes.found.len() >= SHOWN_MISTAKES => break,
                None => {
                    let near = nearest(&name, self.by_name.keys().map(String::as_str)).map(str::to_owned);
                    let row = self.mistakes.source.text.get(line.clone()).unwrap_or_default().to_lowercase();
                    // Lower case may be longer than the text; then the row is marked.
                    let at = row.rfind(&name).filter(|_| row.len() == line.len());
                    let place = at.map_or(line.clone(), |at| line.start + at..line.start + at + name.len());
                    let title = format!("no row has the userName `{name}` of this manager");
                    let mistake = self.mistakes.add(&place, title, "not known");
                    mistake.help.extend(near.map(|near| format!("did you mean `{near}`?")));
                }
            }
        }
        for group in &mut self.groups {
            group.key = self.keys.key(&group.display_name, "group");
        }
        let directory = Directory { people: self.people, groups: self.groups, ..Directory::default() };
        self.mistakes.finish(Some(directory))
    }
}

/// The separator that the first row has most of, outside of quotes.
fn separator(text: &str) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut is_quoted = false;
    for byte in text.bytes() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' | b'\r' if !is_quoted => break,
            _ if is_quoted => {}
            _ => counts.iter_mut().filter(|(known, _)| *known == byte).for_each(|(_, count)| *count += 1),
        }
    }
    // The first of several, hence the comma where there is none at all.
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(separator, _)| separator)
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "1" => Some(true),
        "false" | "no" | "0" => Some(false),
        _ => None,
    }
}

/// Why a name is no column.
enum Wrong {
    /// It is like no other.
    Unknown(Option<&'static str>),
    /// An attribute that no table can give, with the reason.
    Unfit(&'static str),
}

impl Wrong {
    fn problem(&self, name: &str) -> String {
        match self {
            Wrong::Unknown(_) => format!("`{name}` is not known"),
            Wrong::Unfit(why) => format!("`{name}` {why}"),
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Wrong::Unknown(near) => near.map(|near| format!("did you mean `{near}`?")),
            Wrong::Unfit(_) => None,
        }
    }
}

/// What a column of that name holds.
fn column(schema: &TypeSchema, name: &str) -> Result<Column, Wrong> {
    let folded = |text: &str| -> String {
        text.chars().filter(|c| !matches!(c, ' ' | '-' | '_')).flat_map(char::to_lowercase).collect()
    };
    let known = COLUMNS.iter().find(|(known, _)| folded(known) == folded(name));
    let path = |text: &str, element: &'static str| place(schema, text, element).map(Column::Value);
    match known.map(|(_, meaning)| *meaning) {
        Some(Meaning::Path(text)) => path(text, "work"),
        Some(Meaning::Element(attribute, kind)) => path(&format!("{attribute}.value"), kind),
        Some(Meaning::Enterprise(attribute)) => path(&format!("{ENTERPRISE}:{attribute}"), "work"),
        Some(Meaning::Manager) => Ok(Column::Manager),
        Some(Meaning::Status) => Ok(Column::Status),
        Some(Meaning::Active) => Ok(Column::Active),
        Some(Meaning::Groups) => Ok(Column::Groups),
        None => path(name, "work"),
    }
}

fn place(schema: &TypeSchema, text: &str, element: &'static str) -> Result<Place, Wrong> {
    let unknown = || Wrong::Unknown(nearest(text, COLUMNS.iter().map(|(name, _)| *name)));
    let path = AttrPath::parse(text).map_err(|_| unknown())?;
    let Ok(Bound::Attribute { container, attribute, sub }) = schema.bind(&path) else {
        return Err(unknown());
    };
    if attribute.returned == Returned::Never {
        return Err(Wrong::Unfit("holds secrets, which no directory keeps"));
    }
    if attribute.mutability == Mutability::ReadOnly
        || ["id", "meta", "schemas"].contains(&attribute.name.as_str())
    {
        return Err(Wrong::Unfit("is given by the target"));
    }
    let extension = match container {
        Container::Core => None,
        Container::Extension(urn) => Some(urn.to_owned()),
    };
    let sub = match (attribute.is_complex(), sub) {
        (true, None) => match attribute.sub("value").filter(|_| attribute.multi_valued) {
            Some(value) => Some(value),
            None => return Err(Wrong::Unfit("has several parts: name one, such as `name.givenName`")),
        },
        (_, sub) => sub,
    };
    if attribute.name == "manager" {
        return Err(Wrong::Unfit("is the column `manager`, with the userName of the manager"));
    }
    Ok(Place {
        extension,
        attribute: attribute.name.clone(),
        sub: sub.map(|sub| sub.name.clone()),
        element: attribute.multi_valued.then_some(element),
        is_boolean: sub.unwrap_or(attribute).kind == Type::Boolean,
    })
}

impl Place {
    fn put(&self, resource: &mut Map<String, Value>, value: Value) {
        let mut members = resource;
        if let Some(urn) = &self.extension {
            let Value::Object(inner) = members.entry(urn.as_str()).or_insert_with(|| json!({})) else {
                return;
            };
            members = inner;
        }
        let Some(sub) = &self.sub else {
            members.insert(self.attribute.clone(), value);
            return;
        };
        let slot = members.entry(self.attribute.as_str());
        let Some(kind) = self.element else {
            if let Value::Object(inner) = slot.or_insert_with(|| json!({})) {
                inner.insert(sub.clone(), value);
            }
            return;
        };
        let Value::Array(elements) = slot.or_insert_with(|| json!([])) else { return };
        let index = elements.iter().position(|element| element["type"] == kind).unwrap_or(elements.len());
        if index == elements.len() {
            let mut element = json!({ sub.as_str(): value, "type": kind });
            if self.attribute == "emails" && index == 0 && sub != "primary" {
                element["primary"] = true.into();
            }
            elements.push(element);
            return;
        }
        elements[index][sub.as_str()] = value;
    }
}

/// The attributes in the order in which people write them, extensions last.
fn in_order(mut attributes: Map<String, Value>) -> Map<String, Value> {
    const FIRST: [&str; 4] = ["userName", "externalId", "name", "displayName"];
    let first: Vec<_> = FIRST.iter().filter_map(|name| attributes.shift_remove_entry(*name)).collect();
    let (extensions, core): (Vec<_>, Vec<_>) =
        attributes.into_iter().partition(|(name, _)| name.contains(':'));
    first.into_iter().chain(core).chain(extensions).collect()
}

#[cfg(test)]
#[path = "csv_tests.rs"]
mod tests;
