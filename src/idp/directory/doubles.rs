//! What two people or two groups have in common although it is meant to tell them apart; two equal userNames are a
//! mistake already. Identity providers find accounts
//! and groups by such values: of two that share one, both end up linked to the same.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::Directory;
use crate::protocol::message::member;
use crate::protocol::value::fold;

/// A value that more than one has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Double<'d> {
    /// The attribute: `externalId`, `e-mail address`, `displayName` of groups.
    pub attribute: &'static str,
    /// Whether it is about groups.
    pub is_group: bool,
    /// The value, as the first one has it.
    pub value: &'d str,
    /// The keys of those who have it, in the order of the directory.
    pub keys: Vec<&'d str>,
}

/// Keys that are named.
const NAMED: usize = 5;

impl fmt::Display for Double<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.is_group { "groups" } else { "people" };
        let named: Vec<&str> = self.keys.iter().take(NAMED).copied().collect();
        write!(f, "{} {noun} have the {} `{}`: ", self.keys.len(), self.attribute, self.value)?;
        f.write_str(&named.join(", "))?;
        match self.keys.len() - named.len() {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// All of them; by attribute, then by value. Letter case makes no difference (RFC 7643 §4.1.1, `caseExact` false).
pub fn doubles(directory: &Directory) -> Vec<Double<'_>> {
    let people = &directory.people;
    let ids = people
        .iter()
        .filter_map(|person| Some((person.attributes.get("externalId")?.as_str()?, person.key.as_str())));
    let addresses = people.iter().flat_map(|person| {
        let emails = person.attributes.get("emails").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let values = emails.iter().filter_map(|email| member(email.as_object()?, "value")?.as_str());
        values.map(|value| (value, person.key.as_str()))
    });
    let names = directory.groups.iter().map(|group| (group.display_name.as_str(), group.key.as_str()));
    let mut found = shared("externalId", false, ids);
    found.extend(shared("e-mail address", false, addresses));
    found.extend(shared("displayName", true, names));
    found
}

fn shared<'d>(
    attribute: &'static str,
    is_group: bool,
    values: impl Iterator<Item = (&'d str, &'d str)>,
) -> Vec<Double<'d>> {
    let mut by_value: BTreeMap<String, Double<'d>> = BTreeMap::new();
    for (value, key) in values {
        let double = by_value.entry(fold(value).into_owned()).or_insert_with(|| Double {
            attribute,
            is_group,
            value,
            keys: Vec::new(),
        });
        // An address that one person has twice is nobody else's.
        if double.keys.last() != Some(&key) {
            double.keys.push(key);
        }
    }
    by_value.into_values().filter(|double| double.keys.len() > 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::SourceFile;

    #[test]
    fn what_two_have_is_told_with_their_keys() {
        let text = r#"
people:
  ada: { userName: ada, externalId: x1, emails: [{ value: a@x.test }, { value: A@x.test, type: home }] }
  bob: { userName: bob, emails: [{ value: b@x.test }] }
  cleo: { userName: cleo, externalId: x1, emails: [{ value: B@X.test }] }
groups:
  one: { displayName: Staff }
  two: { displayName: staff }
  three: { displayName: Others }
"#;
        let directory = super::super::parse(&SourceFile::new("d.yaml", text)).unwrap();
        let found: Vec<String> = doubles(&directory).iter().map(Double::to_string).collect();
        insta::assert_snapshot!(found.join("\n"), @"
        2 people have the externalId `x1`: ada, cleo
        2 people have the e-mail address `b@x.test`: bob, cleo
        2 groups have the displayName `Staff`: one, two
        ");
    }
}
