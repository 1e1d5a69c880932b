//! Looking at what the target says of itself, and at places where nothing is.

use super::ground::lock;
use super::{Answer, Trial, component};
use crate::conformance::discovery::Kind;
use crate::conformance::verdict::Stop;
use crate::exchange::Exchange;

impl Trial {
    /// A discovery document, as it was read when the run began; it is asked for again only where no answer came.
    ///
    /// # Errors
    /// As [`Trial::send`].
    pub async fn discovered(&self, path: &str) -> Result<Answer, Stop> {
        let asked = |exchange: &&Exchange| {
            exchange.request.method == "GET" && exchange.request.target == path && exchange.outcome.is_ok()
        };
        let known = self.discovery().exchanges.iter().rev().find(asked).cloned();
        let Some((exchange, response)) =
            known.and_then(|exchange| exchange.response().cloned().map(|response| (exchange, response)))
        else {
            return self.get(path).await;
        };
        if matches!(response.status, 401 | 429) {
            return self.get(path).await;
        }
        let index = {
            let mut exchanges = lock(&self.exchanges);
            exchanges.push(exchange);
            exchanges.len() - 1
        };
        let json = response.json().ok();
        Ok(Answer {
            asked: format!("GET {path}"),
            status: response.status,
            headers: response.headers,
            body: response.body,
            json,
            index,
        })
    }

    /// A path below an endpoint at which nothing can be, because its last segment was made up for it. Writes may be
    /// tried there.
    pub fn made_up(&self, endpoint: &str) -> String {
        let path = format!("{endpoint}/{}", uuid::Uuid::new_v4());
        self.ground().adopt(&path);
        path
    }

    /// Takes charge of a resource that a request of this check created without saying so: it is deleted at the end.
    pub fn adopt(&self, kind: &Kind, id: &str) {
        let path = format!("{}/{}", kind.endpoint(), component(id));
        self.ground().adopt(&path);
        lock(&self.created).push(path);
    }

    /// Whether the target is on this machine, so that nobody else sees what is sent to it.
    pub fn is_local(&self) -> bool {
        let base = self.ground().target().base();
        let rest = base.split_once("://").map_or(base, |(_, rest)| rest);
        let authority = rest.split('/').next().unwrap_or(rest);
        let host = authority.strip_prefix('[').map_or_else(
            || authority.split(':').next().unwrap_or(authority),
            |rest| rest.split(']').next().unwrap_or(rest),
        );
        let is_loopback = |host: &str| host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        host.eq_ignore_ascii_case("localhost") || is_loopback(host)
    }
}
