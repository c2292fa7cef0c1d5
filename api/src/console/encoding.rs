//! Which compressions a client takes (RFC 9110, section 12.5.3).

use axum::http::{HeaderMap, header};

/// The compressions of the build, the smallest first: the name in HTTP, and how the files end.
const ENCODINGS: [(&str, &str); 2] = [("br", "br"), ("gzip", "gz")];

/// Those that the client takes.
pub(super) fn acceptable(
    headers: &HeaderMap,
) -> impl Iterator<Item = (&'static str, &'static str)> + use<'_> {
    ENCODINGS
        .into_iter()
        .filter(|(encoding, _)| takes(headers, encoding))
}

/// Named with a weight above zero, or not named and everything is taken.
fn takes(headers: &HeaderMap, encoding: &str) -> bool {
    let mut any = false;
    for value in headers.get_all(header::ACCEPT_ENCODING) {
        for item in value.to_str().unwrap_or_default().split(',') {
            let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
            let weight = parameters.trim().strip_prefix("q=");
            let wanted =
                weight.is_none_or(|weight| weight.trim().parse::<f32>().is_ok_and(|q| q > 0.0));
            if name.trim().eq_ignore_ascii_case(encoding) {
                return wanted;
            }
            any |= name.trim() == "*" && wanted;
        }
    }
    any
}
