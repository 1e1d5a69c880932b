//! Who is asking: bearer tokens and the tenants that they belong to (RFC 6750).
//!
//! Only digests are kept, so that no token can leak from here. Looking a digest up in a map reveals nothing useful
//! about a token through timing.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::store::TenantId;

/// The client behind a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// The tenant that its token belongs to.
    pub tenant: TenantId,
}

/// Why a request has no actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It carries no credentials of a scheme that the provider knows: a bare challenge is due (RFC 6750 §3.1).
    Missing,
    /// It has several `Authorization` headers: the request itself is wrong (`invalid_request`).
    Malformed,
    /// Its token is malformed, unknown or revoked (`invalid_token`).
    Invalid,
}

/// All tokens of one provider.
#[derive(Debug, Default)]
pub struct Tokens {
    actors: RwLock<HashMap<[u8; 32], Actor>>,
}

impl Tokens {
    /// Lets a token speak for a tenant.
    pub fn grant(&self, token: &SecretString, actor: Actor) {
        let digest = digest(token.expose_secret().as_bytes());
        self.actors.write().unwrap_or_else(PoisonError::into_inner).insert(digest, actor);
    }

    /// Somebody who may ask.
    pub fn any(&self) -> Option<Actor> {
        self.actors.read().unwrap_or_else(PoisonError::into_inner).values().next().copied()
    }

    /// Takes every token of a tenant back.
    pub fn revoke(&self, tenant: TenantId) {
        self.actors.write().unwrap_or_else(PoisonError::into_inner).retain(|_, actor| actor.tenant != tenant);
    }

    /// The actor that the `Authorization` header of a request names; `authorization` yields every such header.
    ///
    /// # Errors
    /// [`Refusal`]; the cases are answered with different challenges.
    pub fn authenticate<'h>(
        &self,
        authorization: impl IntoIterator<Item = &'h [u8]>,
    ) -> Result<Actor, Refusal> {
        let mut given = authorization.into_iter();
        let first = given.next().ok_or(Refusal::Missing)?;
        if given.next().is_some() {
            return Err(Refusal::Malformed);
        }
        let token = bearer(first)?;
        let actors = self.actors.read().unwrap_or_else(PoisonError::into_inner);
        actors.get(&digest(token)).copied().ok_or(Refusal::Invalid)
    }
}

fn digest(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// The token of `Bearer <b64token>`; the scheme in any case (RFC 9110 §11.1), the token by RFC 6750 §2.1.
fn bearer(authorization: &[u8]) -> Result<&[u8], Refusal> {
    let (scheme, rest) = match authorization.iter().position(|byte| *byte == b' ') {
        Some(space) => authorization.split_at(space),
        None => (authorization, &[][..]),
    };
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Err(Refusal::Missing);
    }
    let token = rest.trim_ascii();
    let body = token.trim_ascii_end().strip_suffix(b"=").unwrap_or(token);
    let well_formed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte);
    if body.is_empty() || !token.iter().all(well_formed) { Err(Refusal::Invalid) } else { Ok(token) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> Tokens {
        let tokens = Tokens::default();
        tokens.grant(&"s3cret-token".into(), Actor { tenant: TenantId(7) });
        tokens
    }

    #[test]
    fn the_scheme_is_read_in_any_case_and_the_token_exactly() {
        let tokens = tokens();
        for good in ["Bearer s3cret-token", "bearer s3cret-token", "BEARER  s3cret-token"] {
            assert_eq!(tokens.authenticate(Some(good.as_bytes())).unwrap().tenant, TenantId(7), "{good}");
        }
        for bad in ["Bearer S3CRET-TOKEN", "Bearer a b", "Bearer s3cret-token,", "Bearer \u{e9}"] {
            assert_eq!(tokens.authenticate(Some(bad.as_bytes())), Err(Refusal::Invalid), "{bad}");
        }
    }

    #[test]
    fn a_second_header_is_malformed() {
        let good = b"Bearer s3cret-token".as_slice();
        for second in [good, b"Basic YTpi", b""] {
            assert_eq!(tokens().authenticate([good, second]), Err(Refusal::Malformed), "{second:?}");
        }
    }

    #[test]
    fn no_header_and_other_schemes_are_missing_credentials() {
        assert_eq!(tokens().authenticate(None), Err(Refusal::Missing));
        assert_eq!(tokens().authenticate(Some(b"Basic YTpi".as_slice())), Err(Refusal::Missing));
    }

    #[test]
    fn a_revoked_tenant_has_no_token_left() {
        let tokens = tokens();
        tokens.revoke(TenantId(7));
        assert_eq!(tokens.authenticate(Some(b"Bearer s3cret-token".as_slice())), Err(Refusal::Invalid));
    }
}
