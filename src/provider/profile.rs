//! Profiles: how one provider differs from the plain RFC one, as data.
//!
//! A profile is a TOML file in `profiles/`, compiled in. It may build on another (`base`): its own members win,
//! table by table. Adding a product means adding a file and its line in `FILES`.

use serde::Deserialize;
use toml::Table;

use crate::protocol::policy::Policy;

/// The profiles by name. The first one is the plain provider.
const FILES: &[(&str, &str)] =
    &[("rfc", include_str!("profiles/rfc.toml")), ("interop", include_str!("profiles/interop.toml"))];

/// How a provider behaves.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Profile {
    /// The name; filled in from the table of files.
    #[serde(default)]
    pub name: String,
    /// One line for people.
    pub description: String,
    /// What ServiceProviderConfig announces and the provider does.
    pub features: Features,
    /// Sizes and counts.
    pub limits: Limits,
    /// Who may see what.
    pub access: Access,
    /// Rules beyond the standard schemas.
    #[serde(default)]
    pub rules: Rules,
    /// What is tolerated beyond the letter of the RFCs.
    #[serde(rename = "accept")]
    pub policy: Policy,
}

/// Optional parts of the protocol.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Features {
    /// PATCH (RFC 7644 §3.5.2).
    pub patch: bool,
    /// `/Bulk` (§3.7).
    pub bulk: bool,
    /// `filter` (§3.4.2.2).
    pub filter: bool,
    /// `sortBy` (§3.4.2.3).
    pub sort: bool,
    /// Versions (§3.14).
    pub etag: bool,
    /// Changing `password`.
    pub change_password: bool,
    /// `/Me` (§3.11).
    pub me: bool,
    /// `/.search` (§3.4.3).
    pub search: bool,
    /// `startIndex` (§3.4.2.4).
    pub index_paging: bool,
    /// `cursor` (RFC 9865).
    pub cursor_paging: bool,
}

/// Sizes and counts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Limits {
    /// Most resources in one response: `filter.maxResults` and `pagination.maxPageSize`.
    pub max_results: usize,
    /// Page size when the request names none.
    pub default_page_size: usize,
    /// How long a cursor stays valid, in seconds.
    pub cursor_timeout_seconds: u64,
    /// `bulk.maxOperations`.
    pub bulk_operations: usize,
    /// `bulk.maxPayloadSize`, in bytes; also the largest body of any other request.
    pub bulk_payload_bytes: usize,
}

/// Who may see what.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Access {
    /// Whether the discovery endpoints answer without credentials (RFC 7643 §5: SHOULD).
    pub public_discovery: bool,
}

/// Rules beyond the standard schemas.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Rules {
    /// Two groups may not have the same displayName (Q-G16).
    pub unique_group_names: bool,
}

/// A profile that does not exist, or a file that is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ProfileError(String);

impl Profile {
    /// The names of all profiles; the plain one first.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FILES.iter().map(|(name, _)| *name)
    }

    /// The profile of that name.
    ///
    /// # Errors
    /// There is none; the message lists those that there are.
    pub fn named(name: &str) -> Result<Profile, ProfileError> {
        let table = layered(name)?;
        let mut profile: Profile =
            table.try_into().map_err(|error| ProfileError(format!("profile `{name}`: {error}")))?;
        name.clone_into(&mut profile.name);
        Ok(profile)
    }
}

/// The members of a profile with those of its bases under them.
fn layered(name: &str) -> Result<Table, ProfileError> {
    let (_, text) = FILES.iter().find(|(known, _)| *known == name).ok_or_else(|| {
        let known: Vec<_> = Profile::names().collect();
        ProfileError(format!("there is no profile `{name}`; there are {}", known.join(", ")))
    })?;
    let mut own: Table = text.parse().map_err(|error| ProfileError(format!("profile `{name}`: {error}")))?;
    let Some(base) = own.remove("base") else { return Ok(own) };
    let base =
        base.as_str().ok_or_else(|| ProfileError(format!("profile `{name}`: `base` is not a name")))?;
    let mut table = layered(base)?;
    for (key, value) in own {
        match (table.get_mut(&key), value) {
            (Some(toml::Value::Table(under)), toml::Value::Table(over)) => under.extend(over),
            (_, value) => {
                table.insert(key, value);
            }
        }
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_reads() {
        for name in Profile::names() {
            assert_eq!(Profile::named(name).unwrap().name, name);
        }
    }

    #[test]
    fn rfc_is_strict_and_interop_takes_everything() {
        assert_eq!(Profile::named("rfc").unwrap().policy, Policy::STRICT);
        assert_eq!(Profile::named("interop").unwrap().policy, Policy::INTEROP);
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let error = Profile::named("x").unwrap_err().to_string();
        assert_eq!(error, "there is no profile `x`; there are rfc, interop");
    }
}
