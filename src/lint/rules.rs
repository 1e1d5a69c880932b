//! Every rule, as data: what it says, where it stands, and which quirks break it.
//!
//! A [`Kind::Violation`] is something that the RFCs have otherwise: by a MUST, by the grammar, by a table or a
//! definition. A [`Kind::Habit`] is allowed, or merely advised against by a SHOULD, and still worth knowing.

/// Whether the RFCs have something otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// It breaks a rule of the RFCs.
    Violation,
    /// The RFCs allow it.
    Habit,
}

impl Kind {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Violation => "violation",
            Kind::Habit => "habit",
        }
    }
}

/// One thing that the lint looks for.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// A word for it that stays the same: `patch-op-case`.
    pub id: &'static str,
    /// Whether it is a rule of the RFCs.
    pub kind: Kind,
    /// The requirement of the catalogue that it rests on, or that allows it; none where the RFCs do not speak of it.
    pub requirement: Option<&'static str>,
    /// The quirks that a request with this remark may be.
    pub quirks: &'static [&'static str],
    /// What a request should be like, or what it means that it is not.
    pub says: &'static str,
}

macro_rules! rules {
    ($( $name:ident: $kind:ident $id:literal $requirement:tt [$($quirk:literal)*] $says:literal; )*) => {
        $(
            #[doc = $says]
            pub static $name: Rule = Rule {
                id: $id,
                kind: Kind::$kind,
                requirement: rules!(@ $requirement),
                quirks: &[$($quirk),*],
                says: $says,
            };
        )*

        /// Every rule.
        pub static ALL: &[&Rule] = &[ $( &$name, )* ];
    };
    (@ -) => { None };
    (@ $requirement:literal) => { Some($requirement) };
}

rules! {
    // Path.
    URL_ENCODING: Violation "url-encoding" "RFC7644-1.2-01" []
        "What RFC 3986 does not let stand in a URL is percent-encoded.";
    URL_TRAILING_SLASH: Habit "url-trailing-slash" - ["Q-H08"]
        "No endpoint of RFC 7644 ends in a slash; what one there means is defined nowhere.";
    URL_VERSION_SEGMENT: Violation "url-version-segment" "RFC7644-3.13-02" []
        "The version segment stands directly before the resource endpoint.";
    ENDPOINT_UNKNOWN: Habit "endpoint-unknown" "RFC7644-3.2-03" ["Q-T11" "Q-T12"]
        "Clients find endpoints by /ResourceTypes; the provider does not serve this one.";
    METHOD_NOT_FOR_ENDPOINT: Violation "method-not-for-endpoint" "RFC7644-3.2-06" []
        "Resource endpoints take GET and POST, resources GET, PUT, PATCH and DELETE.";
    METHOD_PUT_CREATES: Violation "put-on-collection" "RFC7644-3.2-05" []
        "PUT replaces a resource and never creates one.";
    METHOD_DISCOVERY: Violation "discovery-written" "RFC7644-3.2-08" []
        "The discovery endpoints are only read.";
    METHOD_BULK: Violation "bulk-not-posted" "RFC7644-3.2-09" []
        "/Bulk takes POST only.";
    METHOD_SEARCH: Violation "search-not-posted" "RFC7644-3.2-10" []
        "/.search takes POST only.";

    // Query.
    QUERY_EMPTY_PIECE: Habit "query-empty-piece" - ["Q-H07"]
        "A `?` or `&` with nothing behind it is a legal URL and trips simple routers.";
    QUERY_PLUS: Violation "query-plus-for-space" "RFC7644-1.2-01" ["Q-H09"]
        "A space is `%20`; in a URL `+` is a plus sign, except in the encoding of HTML forms.";
    QUERY_NAME_CASE: Habit "query-name-case" - ["Q-H13"]
        "Parameters are spelled as RFC 7644 spells them.";
    QUERY_FLAG: Habit "query-flag" "RFC7644-3.4.2-02" ["Q-H11"]
        "A flag of the identity provider that is part of its base URL comes with the request.";
    QUERY_UNKNOWN: Habit "query-unknown" "RFC7644-3.4.2-02" []
        "A parameter that RFC 7644 does not define is best ignored.";
    QUERY_TOKEN: Habit "query-token" "RFC6750-2.3-01" []
        "Tokens should not be sent in URLs, which end in logs.";
    TOKEN_TWICE: Violation "token-twice" "RFC6750-2-01" []
        "A token is sent by one method only.";
    ATTRIBUTES_BOTH: Violation "attributes-and-excluded" "RFC7644-3.9-03" []
        "`attributes` and `excludedAttributes` exclude each other.";
    ATTRIBUTES_NOTATION: Violation "attributes-notation" "RFC7644-3.4.2.5-04" ["Q-L09"]
        "`attributes` and `excludedAttributes` hold names in attribute notation.";
    ATTRIBUTES_UNKNOWN: Habit "attributes-unknown" "RFC7644-3.9-09" []
        "A name in `attributes` that no schema has returns nothing.";
    SORT_NOTATION: Violation "sort-notation" "RFC7644-3.4.3-09" []
        "`sortBy` is one name in attribute notation.";
    SORT_COMPLEX: Violation "sort-complex" "RFC7644-3.4.2.3-05" []
        "For a complex attribute `sortBy` names a sub-attribute.";
    SORT_ORDER: Violation "sort-order" "RFC7644-3.4.2.3-07" []
        "`sortOrder` is `ascending` or `descending`.";
    PAGING_NUMBER: Violation "paging-number" "RFC7644-3.4.2.4-05" []
        "`startIndex` and `count` are whole numbers.";
    PAGING_RANGE: Habit "paging-range" "RFC7644-3.4.2.4-03" ["Q-P05"]
        "A `startIndex` below 1 counts as 1, a `count` below 0 as 0.";
    CURSOR_CHARACTERS: Violation "cursor-characters" "RFC9865-2-03" []
        "A cursor holds unreserved characters only.";

    // Filters.
    FILTER_EMPTY: Violation "filter-empty" "RFC7644-3.4.2.2-05" []
        "A filter holds at least one expression.";
    FILTER_GRAMMAR: Violation "filter-grammar" "RFC7644-3.4.2.2-34" []
        "A filter follows the grammar of RFC 7644 figure 1.";
    FILTER_SPACE: Violation "filter-space" "RFC7644-3.4.2.2-34" []
        "A space stands between an operator and its value.";
    FILTER_VALUE_PATH: Violation "filter-value-path" "RFC7644-3.4.2.2-34" ["Q-L04"]
        "Nothing is compared behind the brackets of a value path; the condition belongs into them.";
    FILTER_LITERAL: Violation "filter-literal" "RFC7644-3.4.2.2-36" ["Q-L03" "Q-L08"]
        "Values are JSON: a string in double quotes, a number, true, false or null.";
    FILTER_LITERAL_TYPE: Violation "filter-literal-type" "RFC7643-2.3.2-01" ["Q-L15" "Q-U14"]
        "A value is of the type of the attribute that it is compared with; booleans have no quotes.";
    FILTER_OPERATOR_TYPE: Violation "filter-operator-type" "RFC7644-3.4.2.2-24" []
        "Booleans and binary values have no order.";
    FILTER_COMPLEX: Violation "filter-complex" "RFC7644-3.4.2.2-43" ["Q-L05"]
        "For a complex attribute a filter names a sub-attribute.";
    FILTER_COMPLEX_LIST: Habit "filter-complex-list" "RFC7644-3.4.2.2-43" []
        "A multi-valued attribute without a sub-attribute stands for its `value` in an example of RFC 7644, against its text.";
    FILTER_OPERATOR_CASE: Habit "filter-operator-case" "RFC7644-3.4.2.2-04" ["Q-L07"]
        "Operators are the same in any letter case; not every parser knows.";
    FILTER_UNKNOWN: Habit "filter-unknown-attribute" "RFC7644-3.4.2.2-06" ["Q-L07"]
        "No schema of the provider has this attribute: nothing matches, or the filter is refused.";
    FILTER_SENSITIVE: Habit "filter-sensitive" "RFC7644-7.5.2-01" []
        "A filter on what is never returned should be sent by POST to /.search, not in a URL.";
    FILTER_PROBE: Habit "filter-probe" - ["Q-T01"]
        "A userName that is a random UUID is looked for to test the connection: an empty list is the answer.";

    // Names, wherever they stand.
    NAME_CASE: Habit "name-case" "RFC7643-2.1-02" ["Q-H13"]
        "Attribute names are the same in any letter case; not every server knows.";
    NAME_BARE_EXTENSION: Habit "name-bare-extension" "RFC7644-3.10-03" ["Q-U11" "Q-L05"]
        "Attributes of an extension should be named with its URN before them.";

    // Header fields.
    CONTENT_TYPE_MISSING: Habit "content-type-missing" "RFC7644-3.1-01" []
        "A body should say that it is application/scim+json.";
    CONTENT_TYPE_PLAIN: Habit "content-type-json" "RFC7644-8.1-01" ["Q-H02"]
        "SCIM's media type is application/scim+json; application/json should be taken, too.";
    CONTENT_TYPE_OTHER: Violation "content-type-other" "RFC7644-3.1-01" []
        "A body is application/scim+json.";
    CONTENT_TYPE_CHARSET: Violation "content-type-charset" "RFC7644-3.8-04" []
        "JSON is UTF-8; another encoding is declared by another media type.";
    CONTENT_TYPE_PARAMETER: Habit "content-type-parameter" - ["Q-H01"]
        "application/scim+json has no parameters; a comparison of the whole value fails.";
    ACCEPT_MISSING: Habit "accept-missing" "RFC7644-3.8-05" ["Q-H03"]
        "Nothing says which answer is wanted; the default is application/scim+json.";
    ACCEPT_OTHER: Habit "accept-other" "RFC7644-3.8-05" ["Q-H03"]
        "The answer is JSON although the client does not name it among what it accepts.";
    ACCEPT_CHARSET: Habit "accept-charset" - ["Q-H04"]
        "Accept-Charset is deprecated (RFC 9110 §12.5.2), and strict servers look at it all the same.";
    USER_AGENT_MISSING: Habit "user-agent-missing" - ["Q-H05"]
        "A client should say what it is (RFC 9110 §10.1.5); firewalls refuse those that do not.";
    HEADER_ADSCIM: Habit "header-adscimversion" - ["Q-H06"]
        "A header field of Entra's own.";
    AUTH_BASIC: Habit "basic-authentication" "RFC7644-2-04" ["Q-H15"]
        "Basic authentication should be combined with further factors.";
    CONDITION_SYNTAX: Violation "condition-syntax" "RFC9110-8.8.3-01" []
        "If-Match and If-None-Match hold entity tags in double quotes, or `*`.";
    BODY_UNEXPECTED: Habit "body-unexpected" - []
        "A body of GET, HEAD or DELETE has no meaning (RFC 9110 §9.3), and some servers refuse it.";

    // Bodies.
    BODY_MISSING: Violation "body-missing" "RFC7644-3.1-02" []
        "POST, PUT and PATCH have a JSON object as their body.";
    BODY_NOT_JSON: Violation "body-not-json" "RFC7644-3.1-02" []
        "The body is JSON in UTF-8.";
    BODY_NOT_OBJECT: Violation "body-not-object" "RFC7644-3.1-02" []
        "The body is a JSON object.";
    SCHEMAS_MISSING: Violation "schemas-missing" "RFC7643-3-01" []
        "Every body has a `schemas` with at least one URI.";
    SCHEMAS_NOT_URI: Violation "schemas-not-uri" "RFC7643-3-02" []
        "Each entry of `schemas` is a URI.";
    SCHEMAS_TWICE: Violation "schemas-twice" "RFC7643-3-03" []
        "No URI stands in `schemas` twice.";
    SCHEMAS_UNKNOWN: Violation "schemas-unknown" "RFC7643-3-04" ["Q-C09" "Q-G06"]
        "`schemas` lists the base schema and the extensions of the resource type only.";
    SCHEMAS_BASE: Violation "schemas-base" "RFC7643-3.3-01" ["Q-C09"]
        "`schemas` lists the base schema of the resource.";
    SCHEMAS_UNUSED: Habit "schemas-unused" "RFC7643-3.3-02" ["Q-C01"]
        "`schemas` lists an extension of which the body has nothing.";
    EXTENSION_UNDECLARED: Violation "extension-undeclared" "RFC7643-3.3-03" ["Q-C02"]
        "An extension that is in the body is in `schemas`.";
    EXTENSION_AT_TOP: Violation "extension-at-top" "RFC7643-3.3-06" ["Q-C10"]
        "Attributes of an extension stand in the object of its URI.";
    EXTENSION_REQUIRED: Violation "extension-required" "RFC7643-6-14" []
        "An extension that the resource type requires is in every resource.";
    UNKNOWN_ATTRIBUTE: Habit "unknown-attribute" "RFC7644-3.3-14" ["Q-C10"]
        "An attribute that no schema of the resource type has is ignored or refused.";
    UNKNOWN_SUB_ATTRIBUTE: Habit "unknown-sub-attribute" "RFC7644-3.3-14" ["Q-G18"]
        "A sub-attribute that the schema does not have is ignored or refused.";
    KEY_DOTTED: Violation "key-dotted" "RFC7643-2.1-03" ["Q-U04"]
        "A name has no dot in it: the sub-attribute stands in the object of its attribute.";
    KEY_URN: Violation "key-urn" "RFC7643-3.3-06" ["Q-U05"]
        "The key of an extension is its URN, and its value an object of attributes.";
    USER_NAME_MISSING: Violation "user-name-missing" "RFC7643-4.1.1-01" []
        "Every User has a non-empty userName.";
    GROUP_NAME_MISSING: Violation "group-name-missing" "RFC7643-4.2-02" []
        "Every Group has a displayName.";
    REQUIRED_MISSING: Violation "required-missing" "RFC7644-3.3-12" []
        "What the schema requires has a value.";
    PUT_REQUIRED_MISSING: Violation "put-required-missing" "RFC7644-3.5.1-12" []
        "PUT includes every required attribute.";
    ID_CHOSEN: Violation "id-chosen" "RFC7643-3.1-10" ["Q-C03"]
        "The provider chooses the id of a resource.";
    READ_ONLY_SENT: Habit "read-only-sent" "RFC7644-3.3-02" ["Q-C03"]
        "What is readOnly is ignored in a POST; a server that refuses it refuses this client.";
    READ_ONLY_ECHOED: Habit "read-only-echoed" "RFC7644-3.5.1-02" ["Q-U19"]
        "PUT may bring what is readOnly along; the provider ignores it.";
    UNASSIGNED: Habit "unassigned" "RFC7643-2.5-01" ["Q-C04" "Q-U21" "Q-G03" "Q-G12"]
        "null and `[]` mean that there is no value; servers stumble over their type.";
    LIST_NOT_ARRAY: Violation "list-not-array" "RFC7643-2.4-01" ["Q-C08"]
        "A multi-valued attribute is an array.";
    ARRAY_FOR_ONE: Violation "array-for-one" "RFC7644-3.8-11" ["Q-C13" "Q-U11" "Q-U15"]
        "A singular attribute is no array.";
    COMPLEX_NOT_OBJECT: Violation "complex-not-object" "RFC7644-3.8-11" ["Q-C13" "Q-G17"]
        "A complex value is an object of sub-attributes.";
    TWO_PRIMARIES: Violation "two-primaries" "RFC7643-2.4-04" ["Q-U29"]
        "At most one value of an attribute is primary.";
    TYPE_BOOLEAN: Violation "type-boolean" "RFC7643-2.3.2-01" ["Q-C06" "Q-C07" "Q-U02"]
        "A boolean is true or false, without quotes.";
    TYPE_STRING: Violation "type-string" "RFC7643-2.3.1-02" []
        "A string attribute takes a string.";
    TYPE_DECIMAL: Violation "type-decimal" "RFC7643-2.3.3-01" []
        "A decimal attribute takes a number.";
    TYPE_INTEGER: Violation "type-integer" "RFC7643-2.3.4-01" []
        "An integer has neither fraction nor exponent.";
    TYPE_DATE_TIME: Violation "type-date-time" "RFC7643-2.3.5-01" []
        "A dateTime is xsd:dateTime in a string.";
    TYPE_DATE_ONLY: Violation "type-date-only" "RFC7643-2.3.5-02" []
        "A dateTime has a date and a time.";
    TYPE_BINARY: Violation "type-binary" "RFC7643-2.3.6-01" []
        "A binary value is base64 in a string.";
    TYPE_CERTIFICATE: Violation "type-certificate" "RFC7643-4.1.2-23" []
        "A certificate is DER in base64.";
    TYPE_REFERENCE: Violation "type-reference" "RFC7643-2.3.7-01" []
        "A reference is a URI.";
    JSON_IN_STRING: Habit "json-in-string" - ["Q-U13"]
        "A value is a JSON document as a string.";
    EMPTY_REFERENCE: Habit "empty-manager" "RFC7643-4.3-03" ["Q-U12"]
        "A manager with an empty id is meant to be none; `remove` says so.";
    FORMAT_COUNTRY: Violation "format-country" "RFC7643-4.1.2-14" []
        "A country is a code of two letters.";
    FORMAT_LOCALE: Violation "format-locale" "RFC7643-4.1.1-14" []
        "A locale is a language tag.";
    FORMAT_LANGUAGE: Violation "format-language" "RFC7643-4.1.1-13" []
        "A preferredLanguage has the syntax of Accept-Language.";
    FORMAT_TIMEZONE: Violation "format-timezone" "RFC7643-4.1.1-16" []
        "A timezone is a name of the IANA database.";
    FORMAT_EMAIL: Habit "format-email" "RFC7643-4.1.2-01" []
        "An e-mail address should have the form of one.";

    // PATCH.
    PATCH_SCHEMA: Violation "patch-schema" "RFC7644-3.5.2-03" []
        "The `schemas` of a PATCH lists the PatchOp message.";
    PATCH_OPERATIONS: Violation "patch-operations" "RFC7644-3.5.2-04" ["Q-U17"]
        "A PATCH has at least one operation.";
    PATCH_OP_MISSING: Violation "patch-op-missing" "RFC7644-3.5.2-05" []
        "Each operation has one `op`.";
    PATCH_OP_UNKNOWN: Violation "patch-op-unknown" "RFC7644-3.5.2-06" []
        "`op` is `add`, `remove` or `replace`.";
    PATCH_OP_CASE: Violation "patch-op-case" "RFC7644-3.5.2-06" ["Q-U01"]
        "`op` is `add`, `remove` or `replace`, in lower case.";
    PATCH_EXTRA: Habit "patch-extra" - ["Q-U18"]
        "A member that the PatchOp message does not have is best ignored.";
    PATCH_PATH: Violation "patch-path" "RFC7644-3.5.2-09" []
        "`path` follows the grammar of RFC 7644 figure 7.";
    PATCH_PATH_UNKNOWN: Violation "patch-path-unknown" "RFC7644-3.5.2-12" ["Q-U27"]
        "An operation fits the schema; no schema of the resource type has this attribute.";
    PATCH_CONTAINER: Habit "patch-container" "RFC7644-3.5.2-09" []
        "The grammar of paths does not derive the URN of an extension alone; many servers take it.";
    PATCH_VALUE_MISSING: Violation "patch-value-missing" "RFC7644-3.5.2.1-01" []
        "`add` has a `value`.";
    PATCH_REPLACE_VALUE_MISSING: Violation "patch-replace-value-missing" "RFC7644-3.5.2.3-14" []
        "`replace` has a `value`.";
    PATCH_NO_OBJECT: Violation "patch-pathless-not-object" "RFC7644-3.5.2.3-01" []
        "Without a path `value` is an object of attributes.";
    PATCH_ADD_COMPLEX: Violation "patch-add-complex" "RFC7644-3.5.2.1-06" ["Q-U10" "Q-U12" "Q-G17"]
        "What is added to a complex attribute is an object of sub-attributes.";
    PATCH_REPLACE_COMPLEX: Violation "patch-replace-complex" "RFC7644-3.5.2.3-07" ["Q-U10" "Q-U12" "Q-G17"]
        "What replaces a complex value is an object of sub-attributes.";
    PATCH_REMOVE_NO_PATH: Violation "patch-remove-no-path" "RFC7644-3.5.2-08" []
        "`remove` has a path.";
    PATCH_REMOVE_VALUE: Violation "patch-remove-value" "RFC7644-3.5.2.2-14" ["Q-G01" "Q-G19"]
        "`remove` has no value: by the letter everything at the path goes. What is to go is said by a filter in the path.";
    PATCH_REMOVE_REQUIRED: Violation "patch-remove-required" "RFC7644-3.5.2.2-10" []
        "What the schema requires cannot be removed.";
    PATCH_READ_ONLY: Violation "patch-read-only" "RFC7644-3.5.2-13" ["Q-G08" "Q-U31"]
        "PATCH leaves what is readOnly alone.";
    PATCH_WHOLE: Habit "patch-whole-resource" - ["Q-U31" "Q-G20"]
        "One operation without a path brings the whole resource, `schemas` included.";
    PATCH_PATHLESS: Habit "patch-pathless" "RFC7644-3.5.2-07" ["Q-U03" "Q-U23" "Q-G10" "Q-G25"]
        "One attribute is changed without a path, as the RFC allows and as servers that only read `path` miss.";
    PATCH_EMPTIED: Habit "patch-emptied" "RFC7644-3.5.2.3-05" ["Q-G09"]
        "A list is replaced by an empty one, which clears it.";
    PATCH_MANY_MEMBERS: Habit "patch-many-members" - ["Q-G21"]
        "More than 200 members are added, removed or put in place by one request.";
    PATCH_SAME_MEMBER: Habit "patch-same-member" "RFC7644-3.5.2-21" ["Q-G26"]
        "A member is added and removed by one request; the last operation counts.";

    // Bulk and search.
    BULK_SCHEMA: Violation "bulk-schema" "RFC7644-3.7-02" []
        "The `schemas` of a bulk request lists the BulkRequest message.";
    BULK_OPERATIONS: Violation "bulk-operations" "RFC7644-3.7-06" []
        "A bulk request has operations.";
    BULK_METHOD: Violation "bulk-method" "RFC7644-3.7-07" []
        "Each operation has a method: POST, PUT, PATCH or DELETE.";
    BULK_ID: Violation "bulk-id" "RFC7644-3.7-08" []
        "Each POST has a bulkId.";
    BULK_ID_TWICE: Violation "bulk-id-twice" "RFC7644-3.7-09" []
        "A bulkId occurs once.";
    BULK_PATH: Violation "bulk-path" "RFC7644-3.7-11" []
        "Each operation has a path.";
    BULK_PATH_FORM: Violation "bulk-path-form" "RFC7644-3.7-12" []
        "The path of a POST is an endpoint, that of any other method a resource.";
    BULK_DATA: Violation "bulk-data" "RFC7644-3.7-13" []
        "POST, PUT and PATCH have data.";
    BULK_DATA_FORM: Violation "bulk-data-form" "RFC7644-3.7-14" []
        "The data is the body of the request that the operation stands for.";
    BULK_FAIL_ON_ERRORS: Violation "bulk-fail-on-errors" "RFC7644-3.7-04" []
        "failOnErrors is a whole number.";
    SEARCH_SCHEMA: Violation "search-schema" "RFC7644-3.4.3-03" []
        "The `schemas` of a search lists the SearchRequest message.";
    SEARCH_LIST: Violation "search-list" "RFC7644-3.4.3-04" []
        "`attributes` and `excludedAttributes` of a search are arrays of names.";

    // More than one request.
    REPEATED_POST: Habit "repeated-post" - ["Q-C19"]
        "The same POST comes twice in a row: a client that got no answer tries again.";
    REPEATED_DELETE: Habit "repeated-delete" "RFC7644-3.6-07" ["Q-D06"]
        "A resource is deleted that was deleted before: 404 is the answer.";
    REPEATED_PROBE: Habit "repeated-probe" - ["Q-T02"]
        "The lookup of a userName that is a random UUID is repeated to keep the connection alive.";
}

/// Requirements that say the same as that of a rule, or a part of it, elsewhere in the RFCs.
pub static ALSO: &[(&str, &Rule)] = &[
    ("RFC7643-2.1-01", &SCHEMAS_MISSING),
    ("RFC7643-7-21", &PATCH_READ_ONLY),
    ("RFC7644-1.3-01", &QUERY_FLAG),
    ("RFC7644-3.1-03", &PATCH_SCHEMA),
    ("RFC7644-3.3-05", &UNASSIGNED),
    ("RFC7644-3.4.2.2-32", &FILTER_GRAMMAR),
    ("RFC7644-3.4.2.2-35", &FILTER_LITERAL),
    ("RFC7644-3.4.2.2-37", &FILTER_GRAMMAR),
    ("RFC7644-3.4.2.2-38", &FILTER_GRAMMAR),
    ("RFC7644-3.4.3-07", &FILTER_GRAMMAR),
    ("RFC7644-3.5.1-01", &METHOD_PUT_CREATES),
    ("RFC7644-3.5.1-07", &UNASSIGNED),
    ("RFC7644-3.10-01", &KEY_URN),
    ("RFC7644-3.10-04", &PATCH_PATH),
    ("RFC7644-8.2-01", &PATCH_SCHEMA),
    ("RFC6750-2.1-01", &QUERY_TOKEN),
];
