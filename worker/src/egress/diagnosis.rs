//! What went wrong with a call, as far as the HTTP layer says it. Only names are derived here: whether the
//! token was sent is the gate's knowledge, never a guess from an error.

use std::{error::Error, io, iter};

use rt_manage_shared::openai::{NoAnswerKind, NotSentKind};

/// How the HTTP layer words a 407 of a proxy that should open a tunnel; its type is not public.
const TUNNEL_AUTH: &str = "proxy authorization required";
/// How the HTTP layer words a SOCKS5 proxy that wants other credentials; its type is not public.
const SOCKS_AUTH: &str = "credentials not accepted";
/// How the HTTP layer words a connection that ended within an answer; its type is not public.
const ENDED: [&str; 2] = ["closed before message completed", "end of file before"];

/// Names a failure before anything was sent.
pub(super) fn not_sent(error: &reqwest::Error, proxied: bool) -> NotSentKind {
    if error.is_dns() {
        NotSentKind::Dns
    } else if chain(error).any(<dyn Error>::is::<rustls::Error>) {
        NotSentKind::Tls
    } else if says(error, TUNNEL_AUTH) || says(error, SOCKS_AUTH) {
        NotSentKind::ProxyAuth
    } else if error.is_timeout() {
        NotSentKind::ConnectTimeout
    } else if error.is_builder() {
        NotSentKind::Request
    } else if proxied {
        NotSentKind::Proxy
    } else {
        NotSentKind::Connect
    }
}

/// Names a failure after the request was sent.
pub(super) fn no_answer(error: &reqwest::Error) -> NoAnswerKind {
    let io = chain(error).find_map(|cause| Some(cause.downcast_ref::<io::Error>()?.kind()));
    match io {
        Some(
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe,
        ) => NoAnswerKind::Reset,
        Some(io::ErrorKind::UnexpectedEof) => NoAnswerKind::Cut,
        Some(io::ErrorKind::TimedOut) => NoAnswerKind::Timeout,
        _ if ENDED.iter().any(|text| says(error, text)) => NoAnswerKind::Cut,
        _ => NoAnswerKind::Protocol,
    }
}

fn says(error: &reqwest::Error, text: &str) -> bool {
    chain(error).any(|cause| cause.to_string().to_ascii_lowercase().contains(text))
}

/// The error and its causes, those inside an `io::Error` included, which `source` passes over.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |cause| {
        let cause: &'a (dyn Error + 'static) = *cause;
        let inner = cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        match inner {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => cause.source(),
        }
    })
}
