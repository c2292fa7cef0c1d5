//! The bodies of the token endpoint's answers.

use std::borrow::Cow;

use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};
use serde_json::{Value, json};

use super::{
    clock::wall_ms,
    fault::{Alteration, ErrorAnswer, ErrorShape, RetryAfter, TokenField},
    http::Response,
    rotation::Granted,
    state::Refusal,
};

/// Where a redirect points when the fault does not say.
pub(super) const REDIRECTED: &str = "/_standin/redirected";

const HTML: &str = "<!DOCTYPE html><html><head><title>Just a moment...</title></head>\
<body><noscript>Enable JavaScript and cookies to continue</noscript></body></html>";

/// What a call is answered.
#[derive(Debug)]
pub(super) enum Outcome {
    Granted(Box<Granted>, Alteration),
    Refused(Refusal),
    Error(ErrorAnswer),
    Redirect(String),
    /// The connection ends before the rules were asked.
    Nothing,
}

impl Outcome {
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Granted(..) => Some(200),
            Self::Refused(refusal) => Some(refusal.status),
            Self::Error(error) => Some(error.status),
            Self::Redirect(_) => Some(302),
            Self::Nothing => None,
        }
    }

    /// The code that a client can read from the body.
    pub(super) fn code(&self) -> Option<&str> {
        match self {
            Self::Refused(refusal) => Some(&refusal.code),
            Self::Error(error) => match error.shape {
                ErrorShape::Nested | ErrorShape::StringError | ErrorShape::TopLevelCode => {
                    error.code.as_deref()
                }
                ErrorShape::EmptyError | ErrorShape::Html | ErrorShape::EmptyBody => None,
            },
            Self::Granted(..) | Self::Redirect(_) | Self::Nothing => None,
        }
    }

    pub(super) fn response(&self) -> Response {
        match self {
            Self::Granted(granted, alteration) => success(granted, alteration),
            Self::Refused(refusal) => Response::json(
                refusal.status,
                &nested(refusal.message, Some(&refusal.code)),
            ),
            Self::Error(error) => explicit(error),
            Self::Redirect(location) => {
                Response::new(302, "text/plain", "").with("location", location.clone())
            }
            Self::Nothing => Response::new(500, "text/plain", ""),
        }
    }
}

fn success(granted: &Granted, alteration: &Alteration) -> Response {
    if alteration.garbage {
        return Response::new(200, "application/json", "{\"access_token\": \"eyJhbGci");
    }
    let keeps = |field| !alteration.omit.contains(&field);
    let mut body = alteration.extra.clone();
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    if keeps(TokenField::AccessToken) {
        let token = if alteration.unreadable_access_token {
            format!("not-a-jwt-{:x}", rand::random::<u64>())
        } else {
            granted.mint.access_token()
        };
        put("access_token", token.into());
    }
    if keeps(TokenField::RefreshToken)
        && let Some(token) = &granted.refresh_token
    {
        put("refresh_token", token.as_str().into());
    }
    if keeps(TokenField::IdToken) {
        put("id_token", granted.mint.id_token().into());
    }
    put("token_type", "Bearer".into());
    put("expires_in", granted.mint.life_seconds.into());
    put("scope", "openid profile email offline_access".into());
    Response::json(200, &body).with("cache-control", "no-store")
}

fn nested(message: &str, code: Option<&str>) -> Value {
    json!({"error": {"message": message, "type": "invalid_request_error", "param": null, "code": code}})
}

fn explicit(error: &ErrorAnswer) -> Response {
    let ErrorAnswer {
        status,
        message,
        code,
        ..
    } = error;
    let mut response = match error.shape {
        ErrorShape::Nested => Response::json(*status, &nested(message, code.as_deref())),
        ErrorShape::StringError => Response::json(
            *status,
            &json!({"error": code, "error_description": message}),
        ),
        ErrorShape::TopLevelCode => {
            Response::json(*status, &json!({"code": code, "message": message}))
        }
        ErrorShape::EmptyError => Response::json(*status, &json!({"error": {}})),
        ErrorShape::Html => Response::new(*status, "text/html; charset=UTF-8", HTML),
        ErrorShape::EmptyBody => Response {
            status: *status,
            headers: Vec::new(),
            body: Vec::new(),
        },
    };
    if let Some(retry_after) = error.retry_after {
        response = response.with("retry-after", retry_after_value(retry_after));
    }
    if error.cf_challenge {
        response = response.with("cf-mitigated", "challenge");
    }
    response
}

fn retry_after_value(retry_after: RetryAfter) -> Cow<'static, str> {
    match retry_after {
        RetryAfter::Seconds(seconds) => seconds.to_string().into(),
        RetryAfter::DateInSeconds(seconds) => {
            // Rounded up: the client must not read less than was asked for.
            let at = (wall_ms() + 999).div_euclid(1000).saturating_add(seconds);
            Timestamp::from_second(at)
                .ok()
                .and_then(|at| DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok())
                .unwrap_or_default()
                .into()
        }
    }
}
