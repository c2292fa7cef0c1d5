//! A call of the admin API, and its answer, whatever carries them.

use axum::{
    body::BodyDataStream,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
};
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use serde_json::Value;
use url::Url;

use super::{Exit, Failure, remote};

/// A call.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Call {
    pub(super) method: Method,
    segments: Vec<String>,
    query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Call {
    /// A call of what these segments name below `/api/v1`.
    pub(in crate::cli) fn new<'a>(method: Method, path: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            method,
            segments: path.into_iter().map(str::to_owned).collect(),
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    pub(in crate::cli) fn get<'a>(path: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(in crate::cli) fn post<'a>(path: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(Method::POST, path)
    }

    pub(in crate::cli) fn delete<'a>(path: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(Method::DELETE, path)
    }

    #[must_use]
    pub(in crate::cli) fn query(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// The same, where there is a value.
    #[must_use]
    pub(in crate::cli) fn maybe(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.query(name, value.to_string()),
            None => self,
        }
    }

    #[must_use]
    pub(in crate::cli) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    #[must_use]
    pub(in crate::cli) fn json(self, body: &Value) -> Self {
        self.body(
            HeaderValue::from_static("application/json"),
            body.to_string(),
        )
    }

    #[must_use]
    pub(in crate::cli) fn body(mut self, kind: HeaderValue, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header(header::CONTENT_TYPE, kind)
    }

    /// Where it goes, below the address of a server.
    pub(super) fn at(&self, base: &Url) -> Url {
        let mut url = base.clone();
        // An address that carries no path is refused where it is read.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty()
                .extend(["api", "v1"])
                .extend(&self.segments);
        }
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        url
    }
}

/// An answer whose body may be on its way.
#[derive(Debug)]
pub(in crate::cli) struct Answer {
    pub(super) status: StatusCode,
    pub(in crate::cli) headers: HeaderMap,
    pub(super) body: Source,
}

/// What a body is read from.
#[derive(Debug)]
pub(super) enum Source {
    /// A connection.
    Remote(reqwest::Response),
    /// A handler in this process.
    Local(BodyDataStream),
}

impl Answer {
    /// A header's text.
    pub(in crate::cli) fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The next part of the body; `None`: it is whole.
    pub(in crate::cli) async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        match &mut self.body {
            Source::Remote(response) => {
                let chunk = response.chunk().await;
                chunk.map_err(|error| remote::broken(error, "the answer was cut off"))
            }
            Source::Local(stream) => {
                let chunk = stream.next().await.transpose();
                chunk.map_err(|error| {
                    Failure::new(Exit::Failed, format!("the answer was cut off: {error}"))
                })
            }
        }
    }

    /// The whole body.
    pub(in crate::cli) async fn bytes(mut self) -> Result<Bytes, Failure> {
        let mut whole = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    }

    /// The whole body as JSON; null where there is none.
    pub(in crate::cli) async fn json(self) -> Result<Value, Failure> {
        let bytes = self.bytes().await?;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).map_err(|_| {
            let message = "the server's answer is not JSON; is this the address of rt-manage?";
            Failure::new(Exit::Failed, message)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let at = |base: &str, call: Call| call.at(&base.parse().unwrap()).to_string();
        let call = || {
            Call::get(["credentials"])
                .query("tag", "a b,c")
                .query("search", "")
        };
        assert_eq!(
            at("http://h:1", call()),
            "http://h:1/api/v1/credentials?tag=a+b%2Cc&search="
        );
        assert_eq!(
            at("https://h/rtm/", Call::get(["jobs", "x"])),
            "https://h/rtm/api/v1/jobs/x"
        );
        // What somebody types stays one segment.
        assert_eq!(
            at("http://h", Call::get(["jobs", "../a/b?c"])),
            "http://h/api/v1/jobs/..%2Fa%2Fb%3Fc"
        );
    }
}
