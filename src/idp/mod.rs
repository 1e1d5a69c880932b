//! Floor 3: the identity provider's side: who is to be provisioned, and how each product speaks SCIM.
//!
//! | module | what lives there |
//! |---|---|
//! | [`directory`] | people and groups, the source of truth of a simulation, as a YAML fixture |
//! | [`mapping`] | from a person to the attributes that a target gets |
//! | [`compare`] | is the target what the directory says, attribute by attribute |
//! | [`engine`] | follows the habits of a dialect until the target is what the directory says |
//! | [`span`] | spans of simulated time in text |
//! | [`dialect`] | how each product speaks: its habits as data, its requests as pure functions |

use std::fmt;

pub mod compare;
pub mod dialect;
pub mod directory;
pub mod engine;
pub mod mapping;
pub mod span;

macro_rules! dialects {
    ($( $(#[$doc:meta])* $name:ident = $word:literal; )*) => {
        /// How one identity provider speaks SCIM.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Dialect { $( $(#[$doc])* $name, )* }

        impl Dialect {
            /// Every dialect with the word for it in files, on the command line and in names of snapshots.
            pub const WORDS: &'static [(&'static str, Dialect)] = &[ $( ($word, Dialect::$name), )* ];

            /// The word for it.
            pub const fn word(self) -> &'static str {
                match self { $( Dialect::$name => $word, )* }
            }
        }
    };
}

dialects! {
    /// Okta, apps of the Okta Integration Network.
    Okta = "okta";
    /// Okta, apps made with the App Integration Wizard.
    OktaAiw = "okta-aiw";
    /// Microsoft Entra ID.
    Entra = "entra";
    /// Microsoft Entra ID with the flag `aadOptscim062020`.
    EntraAadOptScim = "entra-aadoptscim";
    /// OneLogin.
    OneLogin = "onelogin";
    /// JumpCloud.
    JumpCloud = "jumpcloud";
    /// PingFederate.
    PingFederate = "pingfederate";
    /// PingOne.
    PingOne = "pingone";
    /// Google Workspace.
    Google = "google";
    /// Rippling.
    Rippling = "rippling";
    /// authentik, as a SCIM client.
    Authentik = "authentik";
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
