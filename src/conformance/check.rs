//! What a check is: one function with its declaration.
//!
//! A topic is a file in [`super::checks`]; it declares its checks with `check!` and lists them in its `CHECKS`. The
//! doc comment of a declaration is what `scimulator explain` prints: first the rule, then paragraphs that begin with
//! `Why:` (what goes wrong without it, and who stumbles) and `Fix:` (what to change).

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use super::trial::Trial;
use super::verdict::Verdict;

/// What a violation of a check weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// A violation fails the check.
    Must,
    /// A violation is a warning.
    Should,
    /// A permission: the check makes sure that whatever was chosen is done properly. A violation is a warning.
    May,
    /// No RFC demands it, but an identity provider relies on it. A violation is a warning, and stands in the way of
    /// those that the check names.
    Interop,
}

impl Level {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Level::Must => "must",
            Level::Should => "should",
            Level::May => "may",
            Level::Interop => "interop",
        }
    }
}

macro_rules! words {
    ($(#[$enum:meta])* $name:ident { $( $(#[$doc:meta])* $variant:ident = $word:literal, $label:literal; )* }) => {
        $(#[$enum])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $( $(#[$doc])* $variant, )* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [$name] = &[ $( $name::$variant, )* ];

            /// The word on the command line and in reports.
            pub const fn word(self) -> &'static str {
                match self { $( $name::$variant => $word, )* }
            }

            /// The name for people.
            pub const fn label(self) -> &'static str {
                match self { $( $name::$variant => $label, )* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}

words! {
    /// Who relies on a target: what `--for` names.
    Audience {
        /// Okta.
        Okta = "okta", "Okta";
        /// Microsoft Entra ID.
        Entra = "entra", "Microsoft Entra ID";
        /// OneLogin.
        OneLogin = "onelogin", "OneLogin";
        /// JumpCloud.
        JumpCloud = "jumpcloud", "JumpCloud";
        /// Ping Identity: PingFederate and PingOne.
        Ping = "ping", "Ping Identity";
        /// The interoperability profile, draft-zollner-scim-interop-profile.
        InteropProfile = "interop-profile", "SCIM interoperability profile (draft)";
        /// The account lifecycle profile of OpenID IPSIE.
        Ipsie = "ipsie", "IPSIE account lifecycle (draft)";
    }
}

impl Audience {
    /// The identity providers, without the profiles that are only drafts.
    pub const IDPS: [Audience; 5] =
        [Audience::Okta, Audience::Entra, Audience::OneLogin, Audience::JumpCloud, Audience::Ping];
}

words! {
    /// What a check needs of the target. Where it is not there, the check is skipped with the reason.
    Need {
        /// `patch.supported`.
        Patch = "patch", "PATCH";
        /// `bulk.supported`.
        Bulk = "bulk", "bulk operations";
        /// `filter.supported`.
        Filter = "filter", "filters";
        /// `sort.supported`.
        Sort = "sort", "sorting";
        /// `etag.supported`.
        Etag = "etag", "entity tags";
        /// `changePassword.supported`.
        ChangePassword = "change-password", "changing passwords";
        /// `pagination.cursor` (RFC 9865).
        Cursor = "cursor", "cursor paging";
        /// Paging by `startIndex`: `pagination.index` where there is such a member, else assumed.
        IndexPaging = "index-paging", "index paging";
        /// `GET /Me` answers something else than 404 and 501.
        Me = "me", "/Me";
        /// `POST /Users/.search` answers something else than 404, 405 and 501.
        Search = "search", "/.search";
        /// A resource type whose base schema is the core User schema.
        Users = "users", "a User resource type";
        /// A resource type whose base schema is the core Group schema.
        Groups = "groups", "a Group resource type";
        /// The enterprise extension of User.
        Enterprise = "enterprise", "the enterprise User extension";
        /// `/Schemas` answers with schemas.
        Schemas = "schemas", "/Schemas";
        /// `/ResourceTypes` answers with resource types.
        ResourceTypes = "resource-types", "/ResourceTypes";
        /// The run has credentials, so that there is something to leave out or to get wrong.
        Credentials = "credentials", "credentials";
    }
}

/// The future of a running check.
pub type Running<'t> = Pin<Box<dyn Future<Output = Verdict> + Send + 't>>;

/// One check.
pub struct Check {
    /// Stable id: topic, a dot, a name: `patch.replace-active`.
    pub id: &'static str,
    /// One line: what holds on a correct target.
    pub title: &'static str,
    /// What a violation weighs.
    pub level: Level,
    /// Ids of what it decides: requirements, quirks, or what a draft demands.
    pub requirements: &'static [&'static str],
    /// What it needs of the target.
    pub needs: &'static [Need],
    /// Who stumbles over a violation.
    pub breaks: &'static [Audience],
    /// The doc comment of its declaration, as written.
    pub text: &'static str,
    /// Decides it.
    pub run: for<'t> fn(&'t Trial) -> Running<'t>,
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Check {
    /// The part of the id before the dot.
    pub fn topic(&self) -> &'static str {
        self.id.split('.').next().unwrap_or(self.id)
    }

    /// What the check is about, taken apart.
    pub fn explanation(&self) -> Explanation {
        Explanation::read(self.text)
    }
}

/// A doc comment in its parts; each part is one or more paragraphs without hard line breaks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Explanation {
    /// The rule.
    pub rule: String,
    /// Why it matters, and who stumbles.
    pub why: String,
    /// How to mend it.
    pub fix: String,
}

impl Explanation {
    fn read(text: &str) -> Self {
        let mut read = Self::default();
        let mut part = &mut read.rule;
        for paragraph in text.split("\n\n") {
            let paragraph = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
            let (next, rest) = if let Some(rest) = paragraph.strip_prefix("Why: ") {
                (&mut read.why, rest)
            } else if let Some(rest) = paragraph.strip_prefix("Fix: ") {
                (&mut read.fix, rest)
            } else {
                (part, paragraph.as_str())
            };
            part = next;
            if !part.is_empty() && !rest.is_empty() {
                part.push_str("\n\n");
            }
            part.push_str(&capitalised(rest));
        }
        read
    }
}

/// A paragraph with a capital letter at its beginning, unless that is a name in backticks.
fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Declares a check: its doc comment, the constant for the list of its topic, the function, and what is known of it.
///
/// ```text
/// check! {
///     /// `add` on a multi-valued attribute appends.
///     ///
///     /// Why: …
///     ///
///     /// Fix: …
///     ADD_APPENDS = add_appends,
///     id: "patch.add-appends",
///     title: "add appends to a multi-valued attribute",
///     level: Must,
///     requirements: ["RFC7644-3.5.2.1-07"],
///     needs: [Patch, Users],
///     breaks: [Okta, Entra],
/// }
///
/// async fn add_appends(t: &Trial) -> Verdict { … }
/// ```
macro_rules! check {
    (
        $(#[doc = $doc:literal])+
        $name:ident = $run:ident,
        id: $id:literal,
        title: $title:literal,
        level: $level:ident,
        requirements: [$($requirement:literal),* $(,)?],
        needs: [$($need:ident),* $(,)?],
        breaks: [$($audience:ident),* $(,)?] $(,)?
    ) => {
        $(#[doc = $doc])+
        const $name: $crate::conformance::check::Check = $crate::conformance::check::Check {
            id: $id,
            title: $title,
            level: $crate::conformance::check::Level::$level,
            requirements: &[$($requirement),*],
            needs: &[$($crate::conformance::check::Need::$need),*],
            breaks: &[$($crate::conformance::check::Audience::$audience),*],
            text: concat!($($doc, "\n"),+),
            run: |trial| Box::pin($run(trial)),
        };
    };
}
pub(in crate::conformance) use check;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explanation_is_taken_apart() {
        let text = " The rule\n goes on.\n\n More of it.\n\n Why: because\n of this.\n\n Fix: do that.\n";
        let read = Explanation::read(text);
        assert_eq!(read.rule, "The rule goes on.\n\nMore of it.");
        assert_eq!(read.why, "Because of this.");
        assert_eq!(read.fix, "Do that.");
    }
}
