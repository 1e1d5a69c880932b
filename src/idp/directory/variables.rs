//! What scenarios use of a directory: people and groups as variables.

use serde_json::{Map, Value};

use super::{Directory, Group, Member, Person};

impl Directory {
    /// People and groups as variables, by key. With a run suffix, what identifies them carries it, so that
    /// runs against one shared target do not meet: `ada@acme.example.com` becomes `ada.SUFFIX@acme.example.com`, a group's
    /// `Engineering` becomes `Engineering SUFFIX`, an externalId gets `-SUFFIX`.
    pub fn variables(&self, suffix: &str) -> Map<String, Value> {
        let people = self.people.iter().map(|person| (person.key.clone(), person.variable(suffix)));
        let groups = self.groups.iter().map(|group| (group.key.clone(), group.variable(suffix)));
        people.chain(groups).collect()
    }

    /// The same directory with the run suffix in what identifies people and groups, as in [`Directory::variables`].
    #[must_use]
    pub fn suffixed(mut self, suffix: &str) -> Self {
        for person in &mut self.people {
            person.attributes = person.suffixed(suffix);
        }
        for group in self.groups.iter_mut().filter(|_| !suffix.is_empty()) {
            group.display_name = format!("{} {suffix}", group.display_name);
            group.external_id = group.external_id.take().map(|id| format!("{id}-{suffix}"));
        }
        self
    }
}

impl Person {
    /// The attributes with the suffix in what identifies the person.
    fn suffixed(&self, suffix: &str) -> Map<String, Value> {
        let mut attributes = self.attributes.clone();
        if !suffix.is_empty() {
            change(attributes.get_mut("userName"), |name| mailbox(name, suffix));
            change(attributes.get_mut("externalId"), |id| format!("{id}-{suffix}"));
            if let Some(Value::Array(emails)) = attributes.get_mut("emails") {
                emails
                    .iter_mut()
                    .for_each(|email| change(email.get_mut("value"), |value| mailbox(value, suffix)));
            }
        }
        attributes
    }

    fn variable(&self, suffix: &str) -> Value {
        let mut attributes = self.suffixed(suffix);
        attributes.extend(self.manager.as_ref().map(|key| ("manager".to_owned(), key.as_str().into())));
        Value::Object(attributes)
    }
}

impl Group {
    fn variable(&self, suffix: &str) -> Value {
        let with = |text: &str, joint: &str| match suffix {
            "" => Value::from(text),
            suffix => format!("{text}{joint}{suffix}").into(),
        };
        let mut attributes = Map::new();
        attributes.insert("displayName".into(), with(&self.display_name, " "));
        attributes.extend(self.external_id.as_ref().map(|id| ("externalId".to_owned(), with(id, "-"))));
        attributes.insert("members".into(), self.members.iter().map(Member::key).collect());
        Value::Object(attributes)
    }
}

fn change(value: Option<&mut Value>, to: impl Fn(&str) -> String) {
    if let Some(Value::String(text)) = value {
        *text = to(text);
    }
}

/// The name with the suffix before its last `@`, or behind it where it has none.
fn mailbox(name: &str, suffix: &str) -> String {
    match name.rsplit_once('@') {
        Some((local, domain)) => format!("{local}.{suffix}@{domain}"),
        None => format!("{name}.{suffix}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::parse;
    use super::*;
    use crate::diagnostic::SourceFile;

    #[test]
    fn identifying_values_carry_the_run_suffix() {
        let text = "people:\n  a: { userName: a@x.test, externalId: '7', emails: [{ value: a@x.test }, { value: A@y.test }], title: T, manager: b }\n  b: { userName: bare }\ngroups:\n  g: { displayName: G, externalId: g1, members: [b] }\n";
        let directory = parse(&SourceFile::new("f", text)).unwrap();
        assert_eq!(
            Value::Object(directory.variables("k3")),
            json!({
                "a": { "userName": "a.k3@x.test", "externalId": "7-k3", "title": "T", "manager": "b",
                       "emails": [{ "value": "a.k3@x.test" }, { "value": "A.k3@y.test" }] },
                "b": { "userName": "bare.k3" },
                "g": { "displayName": "G k3", "externalId": "g1-k3", "members": ["b"] },
            })
        );
        let plain = directory.variables("");
        assert_eq!(
            (
                &plain["a"]["userName"],
                &plain["a"]["externalId"],
                &plain["g"]["displayName"],
                &plain["b"]["userName"]
            ),
            (&json!("a@x.test"), &json!("7"), &json!("G"), &json!("bare"))
        );
    }
}
