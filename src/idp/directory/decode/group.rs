//! Groups.

use super::{Decoder, Group, Member};
use crate::yaml::Entry;
use crate::yaml::decode::{Keys, field};

pub(in super::super) const GROUP: Keys =
    Keys { of: "a group", known: &["displayName", "externalId", "members"] };

impl Decoder {
    /// Decodes a group; what its members are is found out when everything is known.
    pub(super) fn group(&mut self, entry: &Entry) {
        let Some(fields) = self.mistakes.map(&entry.value, &GROUP, &[]) else { return };
        let display_name = match field(fields, "displayName") {
            None => {
                self.missing(entry, fields, "displayName");
                None
            }
            Some(node) => self.mistakes.line(node, "`displayName`"),
        };
        let external_id =
            field(fields, "externalId").and_then(|node| self.mistakes.line(node, "`externalId`"));
        let list = field(fields, "members").and_then(|node| self.mistakes.list(node, "`members`"));
        let (mut members, mut spans) = (Vec::new(), Vec::new());
        for node in list.unwrap_or(&[]) {
            if let Some(key) = self.mistakes.text(node, "a member") {
                members.push(Member::Person(key.to_owned()));
                spans.push(node.span.clone());
            }
        }
        self.groups.push(Group {
            key: entry.key.clone(),
            display_name: display_name.unwrap_or_default().to_owned(),
            external_id: external_id.map(str::to_owned),
            members,
        });
        self.members.push(spans);
    }
}
