//! A handful of users whose values are known, for checks that search, sort and page. They are created once a run and stay
//! until its end; nobody changes them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Created, Trial};
use crate::conformance::discovery::{Kind, Role};
use crate::conformance::verdict::Stop;

/// How many there are.
pub const SIZE: usize = 6;

/// The users.
#[derive(Debug, Clone)]
pub struct Cohort {
    /// Their resource type.
    pub kind: Arc<Kind>,
    /// What the userName of each begins with, and of nobody else.
    pub prefix: String,
    /// The users in the order of creation.
    pub members: Vec<Member>,
}

/// One of them.
#[derive(Debug, Clone)]
pub struct Member {
    /// Where it is.
    pub created: Created,
    /// As it is stored.
    pub json: Value,
}

impl Member {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.created.id
    }
}

/// Parts of names, so chosen that no two orders are the same: by creation, by userName, by displayName, by family name. Letter
/// case differs on purpose. The third and the fifth are inactive.
const PEOPLE: [(&str, &str, &str, &str); SIZE] = [
    // userName, displayName, family name, given name
    ("delta", "Mango", "Quill", "Ada"),
    ("alpha", "apple", "Stone", "Bob"),
    ("foxtrot", "Cherry", "Reed", "Cleo"),
    ("bravo", "banana", "Thorn", "Dan"),
    ("echo", "Elder", "Pike", "Eve"),
    ("charlie", "date", "Usher", "Finn"),
];

impl Cohort {
    pub(super) async fn make(t: &Trial) -> Result<Self, Stop> {
        let kind = t.kind(Role::User)?;
        let prefix = t.ground().fresh_name();
        let survey = t.survey(&kind).await?;
        let mut members = Vec::new();
        for (index, (user, display, family, given)) in PEOPLE.iter().enumerate() {
            let name = format!("{prefix}-{user}@example.com");
            let mut plain = survey.body(t, &kind);
            plain["userName"] = json!(name);
            let mut body = plain.clone();
            if body.get("displayName").is_some() {
                body["displayName"] = json!(format!("{display} {prefix}"));
            }
            if body.get("name").is_some() {
                body["name"] = json!({ "familyName": format!("{family}{prefix}"), "givenName": given });
            }
            if body.get("emails").is_some() {
                body["emails"] = json!([
                    { "value": format!("{user}.{prefix}@example.com"), "type": "work", "primary": true },
                    { "value": format!("{given}.{prefix}@example.net"), "type": "home" },
                ]);
            }
            if body.get("active").is_some() {
                body["active"] = json!(index != 2 && index != 4);
            }
            body["externalId"] = json!(format!("Ext-{prefix}-{index}"));
            let mut answer = t.post(kind.endpoint(), &body).await?;
            if !answer.is_success() {
                // Something of that is not taken; checks of it say so, the others need their users.
                answer = t.post(kind.endpoint(), &plain).await?;
            }
            let created = t.created_by(&kind, &answer)?;
            let json = t.read(&created).await?;
            members.push(Member { created, json });
        }
        Ok(Self { kind, prefix, members })
    }

    /// The member with that part of a userName.
    pub fn named(&self, user: &str) -> &Member {
        let at = PEOPLE.iter().position(|(name, ..)| *name == user).unwrap_or(0);
        &self.members[at.min(self.members.len() - 1)]
    }

    /// The ids of the members for which this holds, in the order of creation.
    pub fn ids_where(&self, holds: impl Fn(&Value) -> bool) -> Vec<&str> {
        self.members.iter().filter(|member| holds(&member.json)).map(Member::id).collect()
    }

    /// `userName sw "…"`, which selects the cohort and nobody else.
    pub fn scope(&self) -> String {
        format!("userName sw \"{}\"", self.prefix)
    }
}
