//! Paths: what a request is addressed to, and which methods that takes (RFC 7644 §3.2).

use percent_encoding::percent_decode_str;

use crate::provider::service::Service;
use crate::provider::store::Kind;

/// What a path below the base URL names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// The base URL itself: a query over all resource types.
    Root,
    /// `/Users`, `/Groups`, …
    Collection(Kind),
    /// One resource.
    Resource(Kind, String),
    /// `/.search`, `/Users/.search`.
    Search(Option<Kind>),
    /// `/Bulk`.
    Bulk,
    /// `/Me`.
    Me,
    /// `/ServiceProviderConfig`.
    ServiceProviderConfig,
    /// `/ResourceTypes` or one of them.
    ResourceTypes(Option<String>),
    /// `/Schemas` or one of them.
    Schemas(Option<String>),
}

impl Endpoint {
    /// Reads the path below the base URL. A trailing slash makes no difference (Q-H08).
    pub fn parse(path: &str, service: &Service) -> Option<Endpoint> {
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        let (first, second) = (segments.next(), segments.next());
        if segments.next().is_some() {
            return None;
        }
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().ok().map(|text| text.into_owned());
        let Some(first) = first else { return Some(Endpoint::Root) };
        match (first, second) {
            ("ServiceProviderConfig", None) => Some(Endpoint::ServiceProviderConfig),
            ("ResourceTypes", None) => Some(Endpoint::ResourceTypes(None)),
            ("ResourceTypes", Some(id)) => Some(Endpoint::ResourceTypes(Some(decoded(id)?))),
            ("Schemas", None) => Some(Endpoint::Schemas(None)),
            ("Schemas", Some(id)) => Some(Endpoint::Schemas(Some(decoded(id)?))),
            ("Bulk", None) => Some(Endpoint::Bulk),
            ("Me", None) => Some(Endpoint::Me),
            (".search", None) => Some(Endpoint::Search(None)),
            (segment, second) => {
                let kind = service.kind_at(segment)?;
                match second {
                    None => Some(Endpoint::Collection(kind)),
                    Some(".search") => Some(Endpoint::Search(Some(kind))),
                    Some(id) => Some(Endpoint::Resource(kind, decoded(id)?)),
                }
            }
        }
    }

    /// The methods that it takes, as they stand in `Allow`.
    pub fn allow(&self) -> &'static str {
        match self {
            Endpoint::Root
            | Endpoint::ServiceProviderConfig
            | Endpoint::ResourceTypes(_)
            | Endpoint::Schemas(_) => "GET, HEAD, OPTIONS",
            Endpoint::Collection(_) => "GET, HEAD, POST, OPTIONS",
            Endpoint::Resource(..) => "GET, HEAD, PUT, PATCH, DELETE, OPTIONS",
            Endpoint::Search(_) | Endpoint::Bulk => "POST, OPTIONS",
            Endpoint::Me => "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
        }
    }

    /// Whether it describes the provider and holds no resources.
    pub fn is_discovery(&self) -> bool {
        matches!(self, Endpoint::ServiceProviderConfig | Endpoint::ResourceTypes(_) | Endpoint::Schemas(_))
    }

    /// Whether it takes that method.
    pub fn takes(&self, method: &str) -> bool {
        self.allow().split(", ").any(|allowed| allowed == method)
    }
}
