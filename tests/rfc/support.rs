//! A provider of one's own for each test, and short words for talking to it.

use bytes::Bytes;
use scimulator::exchange::{Auth, Headers, Request};
use scimulator::provider::profile::Profile;
use scimulator::provider::world::World;
use scimulator::provider::{Provider, ProviderConfig};
use scimulator::target::{Target, TargetConfig};
use serde_json::{Value, json};

/// URIs that every test needs.
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
pub const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
pub const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
pub const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// The token of the tests.
pub const TOKEN: &str = "test-token-0123456789";

/// Names the requirements that a test decides. They are only read, by people and by a search.
#[macro_export]
macro_rules! covers {
    ($($id:literal),+ $(,)?) => { let _: &[&str] = &[$($id),+]; };
}

/// A provider and a client that is connected to it.
pub struct Server {
    pub provider: Provider,
    pub target: Target,
}

/// A response, read.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Headers,
    /// `Null` where there is no body.
    pub json: Value,
}

impl Server {
    /// The plain provider.
    pub async fn rfc() -> Server {
        Server::of("rfc").await
    }

    /// A provider of that profile.
    pub async fn of(profile: &str) -> Server {
        Server::with(ProviderConfig::loopback(Profile::named(profile).unwrap(), World::real())).await
    }

    /// A provider of that configuration: other schemas, another store.
    pub async fn with(config: ProviderConfig) -> Server {
        let provider = Provider::start(config).await.unwrap();
        provider.add_tenant(&TOKEN.into());
        let target = Target::connect(TargetConfig::new(provider.base_url())).unwrap();
        Server { provider, target }
    }

    /// Sends a request as it is, with the token of the tests unless it says otherwise.
    pub async fn send(&self, mut request: Request) -> Answer {
        if request.auth == Auth::Target {
            request.auth = Auth::Bearer(TOKEN.to_owned());
        }
        let response = self.target.send(request).await.outcome.unwrap();
        let json = if response.body.is_empty() {
            Value::Null
        } else {
            response.json().unwrap_or_else(|error| panic!("{error}: {:?}", response.body))
        };
        Answer { status: response.status, headers: response.headers, json }
    }

    /// A request with an optional JSON body.
    pub async fn call(&self, method: &str, target: &str, body: Option<Value>) -> Answer {
        let request = Request::new(method, encoded(target));
        self.send(match &body {
            Some(body) => request.with_json(body),
            None => request,
        })
        .await
    }

    /// A request with further headers.
    pub async fn call_with(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let mut request = Request::new(method, encoded(target));
        request.headers = headers.iter().copied().collect();
        if let Some(body) = body {
            request = request.with_json(&body);
        }
        self.send(request).await
    }

    /// A request whose body is no JSON, or not quite.
    pub async fn call_raw(
        &self,
        method: &str,
        target: &str,
        content_type: &str,
        body: impl Into<Bytes>,
    ) -> Answer {
        let mut request = Request::new(method, encoded(target));
        request.headers.append("Content-Type", content_type);
        request.body = body.into();
        self.send(request).await
    }

    pub async fn get(&self, target: &str) -> Answer {
        self.call("GET", target, None).await
    }

    pub async fn post(&self, target: &str, body: Value) -> Answer {
        self.call("POST", target, Some(body)).await
    }

    pub async fn put(&self, target: &str, body: Value) -> Answer {
        self.call("PUT", target, Some(body)).await
    }

    pub async fn delete(&self, target: &str) -> Answer {
        self.call("DELETE", target, None).await
    }

    /// A PATCH with these operations.
    pub async fn patch(&self, target: &str, operations: Value) -> Answer {
        self.call("PATCH", target, Some(json!({ "schemas": [PATCH_OP], "Operations": operations }))).await
    }

    /// Creates a user and returns it. `schemas` is added.
    pub async fn user(&self, attributes: Value) -> Value {
        self.create("/Users", USER, attributes).await
    }

    /// Creates a group and returns it. `schemas` is added.
    pub async fn group(&self, attributes: Value) -> Value {
        self.create("/Groups", GROUP, attributes).await
    }

    async fn create(&self, endpoint: &str, schema: &str, mut attributes: Value) -> Value {
        let mut schemas = vec![schema.to_owned()];
        let containers = attributes.as_object().unwrap().keys().filter(|key| key.starts_with("urn:"));
        schemas.extend(containers.cloned());
        attributes["schemas"] = schemas.into();
        let answer = self.post(endpoint, attributes).await;
        assert_eq!(answer.status, 201, "{}", answer.json);
        answer.json
    }

    /// The userNames that a filter finds, in order.
    pub async fn names(&self, filter: &str) -> Vec<String> {
        let answer = self.get(&format!("/Users?filter={filter}")).await;
        assert_eq!(answer.status, 200, "{filter}: {}", answer.json);
        let resources = answer.json["Resources"].as_array().unwrap();
        resources.iter().map(|user| user["userName"].as_str().unwrap().to_owned()).collect()
    }
}

impl Answer {
    /// Asserts a status, showing the body where it differs.
    #[track_caller]
    pub fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}", self.json);
        self
    }

    /// Asserts a SCIM error: status, keyword, and the form of the message.
    #[track_caller]
    pub fn expect_error(self, status: u16, scim_type: Option<&str>) -> Answer {
        assert_eq!(self.status, status, "{}", self.json);
        assert_eq!(self.json["schemas"], json!([ERROR]));
        assert_eq!(self.json["status"], status.to_string());
        assert_eq!(self.json.get("scimType").and_then(Value::as_str), scim_type, "{}", self.json);
        assert!(self.json["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{}", self.json);
        assert_eq!(self.headers.get("content-type"), Some("application/scim+json"));
        self
    }
}

/// The id of a resource.
pub fn id(resource: &Value) -> &str {
    resource["id"].as_str().unwrap()
}

/// A request target with the characters encoded that cannot stand in one; `%`, `&`, `=` and `?` are left alone.
fn encoded(target: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/?&=%+-._~:,;@!$'()*".contains(byte);
    let parts = target.as_bytes().iter().map(|byte| match byte {
        byte if plain(byte) => char::from(*byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    parts.collect()
}
