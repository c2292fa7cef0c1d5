//! When an access token ends, by the best source at hand.

use std::time::Duration;

use super::{
    answer_body::Tokens,
    claims::{Claims, MAX_EPOCH_SECONDS},
};
use crate::clock::Millis;

/// When the access token of `tokens` ends: the JWT's `exp`, else `expires_in` from `received_at`, else
/// `default_life` from it.
///
/// An `exp` that has already passed is believed: the token is useless, and a longer life would only hide it.
/// A negative `expires_in`, or a time beyond the year 9999, is no time; the next source is asked.
pub fn access_expiry(tokens: &Tokens, received_at: Millis, default_life: Duration) -> Millis {
    let by_claim = || Claims::read(tokens.access_token.as_ref()?).exp;
    let by_answer = || {
        let life = tokens.expires_in.filter(|life| *life >= 0)?;
        let seconds = received_at.seconds().checked_add(life)?;
        (seconds <= MAX_EPOCH_SECONDS).then_some(seconds)
    };
    by_claim()
        .or_else(by_answer)
        .map_or_else(|| received_at + default_life, Millis::from_seconds)
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};

    use super::*;
    use crate::vault::Secret;

    fn expiry(exp: Option<&str>, expires_in: Option<i64>) -> i64 {
        let jwt = exp.map(|exp| {
            let payload = BASE64_URL_SAFE_NO_PAD.encode(format!(r#"{{"exp": {exp}}}"#));
            Secret::new(format!("h.{payload}.s"))
        });
        let tokens = Tokens {
            access_token: jwt,
            expires_in,
            ..Tokens::default()
        };
        let received_at = Millis::from_seconds(1_000_000);
        access_expiry(&tokens, received_at, Duration::from_secs(7)).seconds()
    }

    #[test]
    fn sources_in_their_order() {
        assert_eq!(expiry(Some("2000000"), Some(60)), 2_000_000);
        assert_eq!(expiry(Some("999"), Some(60)), 999);
        for absurd in ["-5", "0", "9e99", "99999999999999", "\"x\""] {
            assert_eq!(expiry(Some(absurd), Some(60)), 1_000_060, "{absurd}");
        }
        assert_eq!(expiry(None, Some(0)), 1_000_000);
        for absurd in [None, Some(-1), Some(i64::MAX), Some(MAX_EPOCH_SECONDS)] {
            assert_eq!(expiry(None, absurd), 1_000_007);
        }
    }
}
