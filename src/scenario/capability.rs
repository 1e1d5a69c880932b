//! What a scenario needs of its target beyond plain SCIM.

use serde_json::Value;

use crate::protocol::message::member;

macro_rules! capabilities {
    ($( $(#[$doc:meta])* $name:ident = $word:literal, $member:literal; )*) => {
        /// An optional feature of a target.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Capability { $( $(#[$doc])* $name, )* /** The `/Me` endpoint (RFC 7644 §3.11). */ Me }

        impl Capability {
            /// The words in scenario files.
            pub const WORDS: &'static [(&'static str, Capability)] =
                &[ $( ($word, Capability::$name), )* ("me", Capability::Me) ];

            /// The member of ServiceProviderConfig whose `supported` announces it.
            fn config_member(self) -> Option<&'static str> {
                match self { $( Capability::$name => Some($member), )* Capability::Me => None }
            }
        }
    };
}

capabilities! {
    /// PATCH.
    Patch = "patch", "patch";
    /// Bulk operations.
    Bulk = "bulk", "bulk";
    /// Filters.
    Filter = "filter", "filter";
    /// Sorting.
    Sort = "sort", "sort";
    /// Entity tags.
    Etag = "etag", "etag";
    /// Changing passwords.
    ChangePassword = "change-password", "changePassword";
    /// Cursor paging: `pagination.cursor` (RFC 9865 §4).
    Cursor = "cursor", "pagination";
}

impl Capability {
    /// The word in scenario files.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, value)| *value == self).map_or("", |(word, _)| word)
    }
}

/// Why a target cannot play a scenario with these needs: the first need that it says not to meet.
///
/// `config` is its ServiceProviderConfig, `me_status` the status of `GET /Me` where that was asked. What is not
/// known counts as met, so that the scenario itself shows what happens.
pub fn missing_capability(
    needs: &[Capability],
    config: Option<&Value>,
    me_status: Option<u16>,
) -> Option<String> {
    needs.iter().find_map(|need| match need.config_member() {
        None => me_status
            .filter(|status| matches!(status, 404 | 501))
            .map(|status| format!("needs `me`, but GET /Me answers {status}")),
        Some(name) => {
            let config = config?.as_object()?;
            let flag = if *need == Capability::Cursor { "cursor" } else { "supported" };
            let supported =
                member(config, name).and_then(Value::as_object).and_then(|feature| member(feature, flag));
            match supported.and_then(Value::as_bool) {
                Some(true) => None,
                Some(false) => Some(format!(
                    "needs `{}`, but ServiceProviderConfig says {name}.{flag} = false",
                    need.word()
                )),
                None => {
                    Some(format!("needs `{}`, but ServiceProviderConfig has no {name}.{flag}", need.word()))
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_need_that_is_not_met_is_named() {
        let config = json!({
            "patch": { "supported": true }, "bulk": { "supported": false }, "changePassword": { "Supported": true },
            "pagination": { "cursor": true, "index": true },
        });
        let missing = |needs: &[Capability], me| missing_capability(needs, Some(&config), me);
        use Capability::*;
        assert_eq!(missing(&[Patch, ChangePassword, Cursor, Me], Some(200)), None);
        assert_eq!(
            missing(&[Patch, Bulk], None).as_deref(),
            Some("needs `bulk`, but ServiceProviderConfig says bulk.supported = false")
        );
        assert_eq!(
            missing(&[Etag], None).as_deref(),
            Some("needs `etag`, but ServiceProviderConfig has no etag.supported")
        );
        assert_eq!(missing(&[Me], Some(501)).as_deref(), Some("needs `me`, but GET /Me answers 501"));
        assert_eq!(missing_capability(&[Bulk, Me], None, None), None);
    }
}
