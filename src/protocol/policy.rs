//! What a receiver tolerates beyond the letter of the RFCs.
//!
//! [`Policy::STRICT`] is the plain RFC reading; [`Policy::INTEROP`] also accepts what the large
//! identity providers really send. Each switch is one habit, named in its documentation, so that a
//! profile can take some and leave others. Profiles are data files; this is the part of them that the
//! pure protocol code needs.

use serde::Deserialize;

/// What to do with an attribute that no schema of the resource type defines (RFC 7644 §3.3 leaves it open).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unknown {
    /// Drop it and go on.
    #[default]
    Ignore,
    /// Refuse the request.
    Reject,
    /// Keep it as it came and return it.
    Keep,
}

/// The switches. All `false` and [`Unknown::Ignore`] is the strict reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Policy {
    /// Unknown attributes in POST and PUT bodies and in path-less PATCH values.
    pub unknown_attributes: Unknown,
    /// Unknown URIs in `schemas` are dropped instead of refused; a missing `schemas` is inferred; an
    /// extension object is taken although `schemas` does not list it (Q-C02, Q-C09, Q-G06).
    pub loose_schemas: bool,
    /// `Add`, `Replace`, `Remove` in any letter case (Q-U01).
    pub any_case_op: bool,
    /// `"True"` and `"False"` for booleans, in bodies, PATCH values and filter literals (Q-U02, Q-C06,
    /// Q-C07, Q-L15, Q-U14).
    pub string_booleans: bool,
    /// Dotted keys in a path-less value: `{"name.givenName": …}` (Q-U04).
    pub dotted_keys: bool,
    /// URN-qualified keys in a path-less value: `{"urn:…:User:department": …}` (Q-U05).
    pub urn_keys: bool,
    /// `add` and `replace` with a value filter that matches nothing create the element from the
    /// filter's `eq` terms (Q-U07, erratum 8097).
    pub create_on_absent: bool,
    /// `remove` with a value list removes the listed elements only (Q-G01, Q-G19).
    pub remove_by_value: bool,
    /// A bare string (or one-element array) where a complex value with a `value` sub-attribute is
    /// expected: manager, members (Q-U10, Q-C13, Q-G17).
    pub bare_values: bool,
    /// A scalar in a one-element array for a singular attribute (Q-U15), a single object for a
    /// multi-valued attribute (Q-C08).
    pub loose_plurality: bool,
    /// An extension attribute named without its URN, `path: "manager"` (Q-U11).
    pub bare_extension_names: bool,
    /// `""` or `{"value": ""}` clears a complex attribute (Q-U12).
    pub empty_string_clears: bool,
    /// PATCH paths that name unknown attributes are skipped instead of refused (Q-U27), and readOnly
    /// members of a path-less value (`id`, `meta`, `schemas`) are skipped (Q-G08, Q-U31).
    pub skip_unknown_paths: bool,
    /// `remove` whose filter matches nothing succeeds without a change (Q-G02).
    pub remove_without_match: bool,
    /// Unquoted filter literals: `externalId eq jyoung` (Q-L03, Q-L08).
    pub bare_filter_literals: bool,
    /// A complex attribute compared without a sub-attribute means its `value`, also where it is
    /// singular: `manager eq "…"` (Q-L05).
    pub complex_means_value: bool,
}

impl Policy {
    /// The letter of the RFCs.
    pub const STRICT: Policy = Policy {
        unknown_attributes: Unknown::Ignore,
        loose_schemas: false,
        any_case_op: false,
        string_booleans: false,
        dotted_keys: false,
        urn_keys: false,
        create_on_absent: false,
        remove_by_value: false,
        bare_values: false,
        loose_plurality: false,
        bare_extension_names: false,
        empty_string_clears: false,
        skip_unknown_paths: false,
        remove_without_match: false,
        bare_filter_literals: false,
        complex_means_value: false,
    };

    /// Everything that the identity providers in the traffic catalogue send.
    pub const INTEROP: Policy = Policy {
        unknown_attributes: Unknown::Ignore,
        loose_schemas: true,
        any_case_op: true,
        string_booleans: true,
        dotted_keys: true,
        urn_keys: true,
        create_on_absent: true,
        remove_by_value: true,
        bare_values: true,
        loose_plurality: true,
        bare_extension_names: true,
        empty_string_clears: true,
        skip_unknown_paths: true,
        remove_without_match: true,
        bare_filter_literals: true,
        complex_means_value: true,
    };
}
