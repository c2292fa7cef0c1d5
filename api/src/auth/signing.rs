//! Session tokens: JWTs with one algorithm, and every claim checked.

use std::time::Duration;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use rt_manage_shared::{clock::Millis, id::SessionId, vault::Secret};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

const ALGORITHM: Algorithm = Algorithm::HS256;
const ISSUER: &str = "rt-manage";
/// Keeps digests apart from all other uses of the secret.
const DIGEST_LABEL: &[u8] = b"rt-manage configured password";
const AUDIENCE: &str = "rt-manage-admin";
/// How far a replica's clock may be behind the one that issued a token: both follow the database's.
const MAX_SKEW_SECONDS: i64 = 60;

/// What a session token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claims {
    iss: String,
    aud: String,
    /// Who logged in.
    pub(super) sub: String,
    /// The session.
    pub(super) jti: SessionId,
    iat: i64,
    exp: i64,
    /// The password's age at log-in: 0 for the configuration's.
    pub(super) epoch: i64,
    /// Which password of the configuration opened it ([`Signer::digest`]); absent where one set in the system did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) configured: Option<String>,
    /// The session is only good for setting a password.
    pub(super) must_change: bool,
}

/// What a session token is about.
#[derive(Debug, Clone)]
pub(super) struct About<'a> {
    pub(super) username: &'a str,
    pub(super) epoch: i64,
    pub(super) configured: Option<String>,
    pub(super) must_change: bool,
}

/// The token does not open a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the session is not valid or has ended")]
pub struct Refused;

/// A signed token.
#[derive(Debug, Clone)]
pub(super) struct Signed {
    pub(super) session: SessionId,
    pub(super) token: Secret,
    pub(super) expires_at: Millis,
}

/// Signs and checks session tokens.
pub(super) struct Signer {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    secret: Zeroizing<Vec<u8>>,
    pub(super) life: Duration,
}

impl Signer {
    pub(super) fn new(secret: &[u8], life: Duration) -> Self {
        let mut validation = Validation::new(ALGORITHM);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The library would ask this host's clock; we ask the database's, below.
        validation.validate_exp = false;
        Self {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            validation,
            secret: Zeroizing::new(secret.to_vec()),
            life,
        }
    }

    /// What tells one secret text from another and says nothing about it to whoever does not know the signing secret.
    pub(super) fn digest(&self, text: &Secret) -> String {
        let length = u64::try_from(self.secret.len()).unwrap_or(u64::MAX);
        let hash = Sha256::new()
            .chain_update(DIGEST_LABEL)
            .chain_update(length.to_be_bytes())
            .chain_update(&self.secret)
            .chain_update(text.expose().as_bytes())
            .finalize();
        BASE64_URL_SAFE_NO_PAD.encode(hash)
    }

    pub(super) fn sign(
        &self,
        about: About<'_>,
        now: Millis,
    ) -> Result<Signed, jsonwebtoken::errors::Error> {
        let session = SessionId::generate();
        let expires_at = Millis::from_seconds((now + self.life).seconds());
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: about.username.to_owned(),
            jti: session,
            iat: now.seconds(),
            exp: expires_at.seconds(),
            epoch: about.epoch,
            configured: about.configured,
            must_change: about.must_change,
        };
        let token = Secret::new(encode(&Header::new(ALGORITHM), &claims, &self.encoding)?);
        Ok(Signed {
            session,
            token,
            expires_at,
        })
    }

    pub(super) fn check(&self, token: &str, now: Millis) -> Result<Claims, Refused> {
        let data = decode::<Claims>(token, &self.decoding, &self.validation);
        let claims = data.map_err(|_| Refused)?.claims;
        let lives = claims.exp > now.seconds()
            && claims.iat <= now.seconds().saturating_add(MAX_SKEW_SECONDS);
        if lives { Ok(claims) } else { Err(Refused) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
    const NOW: Millis = Millis::from_seconds(1_700_000_000);
    const HOUR: Duration = Duration::from_hours(1);

    fn signer() -> Signer {
        Signer::new(SECRET, HOUR)
    }

    /// A token with these changes to its claims, rightly signed.
    fn altered(changes: &Value) -> String {
        let mut claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": "admin", "jti": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "iat": NOW.seconds(),
            "exp": NOW.seconds() + 60, "epoch": 0, "must_change": false,
        });
        for (name, value) in changes.as_object().unwrap() {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        let key = EncodingKey::from_secret(SECRET);
        encode(&Header::new(ALGORITHM), &claims, &key).unwrap()
    }

    #[test]
    fn a_token_lives_its_time_by_the_stored_clock() {
        let about = About {
            username: "admin",
            epoch: 3,
            configured: None,
            must_change: true,
        };
        let signed = signer().sign(about, NOW).unwrap();
        let check = |now| signer().check(signed.token.expose(), now);
        let claims = check(NOW).unwrap();
        assert_eq!(
            (claims.sub.as_str(), claims.epoch, claims.must_change),
            ("admin", 3, true)
        );
        assert_eq!(signed.expires_at, NOW + HOUR);
        assert!(check(NOW + HOUR - Duration::from_secs(1)).is_ok());
        assert_eq!(check(NOW + HOUR), Err(Refused));
        assert!(check(NOW - Duration::from_mins(1)).is_ok());
        assert_eq!(check(NOW - Duration::from_secs(61)), Err(Refused));
    }

    #[test]
    fn every_claim_counts() {
        assert!(signer().check(&altered(&json!({})), NOW).is_ok());
        for changes in [
            json!({"iss": "other"}),
            json!({"iss": null}),
            json!({"aud": "rt-manage"}),
            json!({"aud": null}),
            json!({"exp": null}),
            json!({"exp": NOW.seconds()}),
            json!({"exp": "soon"}),
            json!({"iat": null}),
            json!({"iat": NOW.seconds() + 61}),
            json!({"jti": null}),
            json!({"jti": ""}),
            json!({"sub": null}),
            json!({"epoch": null}),
            json!({"must_change": null}),
        ] {
            assert_eq!(
                signer().check(&altered(&changes), NOW),
                Err(Refused),
                "{changes}"
            );
        }
    }

    #[test]
    fn only_our_key_and_our_algorithm() {
        let token = altered(&json!({}));
        assert_eq!(
            Signer::new(b"another secret of the same kind!", HOUR).check(&token, NOW),
            Err(Refused)
        );
        let (_, rest) = token.split_once('.').unwrap();
        let (payload, _) = rest.split_once('.').unwrap();
        let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
        assert_eq!(
            signer().check(&format!("{header}.{payload}."), NOW),
            Err(Refused)
        );
        let claims: Value =
            serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        let key = EncodingKey::from_secret(SECRET);
        let other = encode(&Header::new(Algorithm::HS384), &claims, &key).unwrap();
        assert_eq!(signer().check(&other, NOW), Err(Refused));
        for text in ["", ".", "..", "a.b.c", "Bearer x"] {
            assert_eq!(signer().check(text, NOW), Err(Refused));
        }
    }

    #[test]
    fn digests_tell_passwords_apart_and_need_the_secret() {
        let digest = |text: &str| signer().digest(&Secret::new(text));
        assert_eq!(digest("a"), digest("a"));
        assert_ne!(digest("a"), digest("b"));
        let other = Signer::new(b"another secret of the same kind!", HOUR);
        assert_ne!(digest("a"), other.digest(&Secret::new("a")));
    }
}
