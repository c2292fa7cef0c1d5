//! A small HTTP/1.1 reader and response writer.
//!
//! Hand-written because the faults are counted in bytes of the whole response and no server library promises where
//! its writes are split.

use std::{borrow::Cow, fmt::Write as _, io};

use bytes::{Buf, BytesMut};
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const MAX_HEAD: usize = 64 * 1024;
/// Generous: an audit of hundreds of thousands of accounts comes as one body.
const MAX_BODY: usize = 512 * 1024 * 1024;

/// One request, read to its end.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    /// As written on the request line: a path, an absolute URL, or `host:port`.
    pub(super) target: String,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) keep_alive: bool,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// A parameter of the query string, decoded.
    pub(super) fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// Why no request came.
#[derive(Debug)]
pub(super) enum ReadError {
    /// The peer closed between two requests: the normal end of a connection.
    Closed,
    /// The peer went away in the middle of a request.
    Incomplete,
    /// Not HTTP, or too large.
    Malformed(&'static str),
}

impl From<io::Error> for ReadError {
    fn from(_: io::Error) -> Self {
        Self::Incomplete
    }
}

/// Reads one request; what follows it stays in `buffer`.
pub(super) async fn read_request<S>(
    stream: &mut S,
    buffer: &mut BytesMut,
) -> Result<Request, ReadError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let head_len = loop {
        if let Some(at) = find(buffer, b"\r\n\r\n") {
            break at + 4;
        }
        if buffer.len() > MAX_HEAD {
            return Err(ReadError::Malformed("the request head is too large"));
        }
        match stream.read_buf(buffer).await {
            Ok(0) | Err(_) if buffer.is_empty() => return Err(ReadError::Closed),
            Ok(0) | Err(_) => return Err(ReadError::Incomplete),
            Ok(_) => {}
        }
    };
    let mut request = parse_head(&buffer.split_to(head_len))?;
    if request.header("expect").is_some() {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    let chunked = request
        .header("transfer-encoding")
        .is_some_and(|value| value.to_ascii_lowercase().contains("chunked"));
    request.body = if chunked {
        read_chunks(stream, buffer).await?
    } else {
        let length = match request.header("content-length") {
            None => 0,
            Some(text) => text
                .trim()
                .parse()
                .map_err(|_| ReadError::Malformed("content-length is not a number"))?,
        };
        read_exact(stream, buffer, length).await?
    };
    Ok(request)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

fn parse_head(head: &[u8]) -> Result<Request, ReadError> {
    let head = std::str::from_utf8(head)
        .map_err(|_| ReadError::Malformed("the request head is not UTF-8"))?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some(version), None) =
        (first.next(), first.next(), first.next(), first.next())
    else {
        return Err(ReadError::Malformed("the request line has not three parts"));
    };
    if !version.starts_with("HTTP/1.") {
        return Err(ReadError::Malformed("only HTTP/1 is spoken here"));
    }
    let mut headers = Vec::with_capacity(12);
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = line
            .split_once(':')
            .ok_or(ReadError::Malformed("a header has no colon"))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut request = Request {
        method: method.to_owned(),
        target: target.to_owned(),
        headers,
        body: Vec::new(),
        keep_alive: version == "HTTP/1.1",
    };
    match request.header("connection").map(str::to_ascii_lowercase) {
        Some(value) if value.contains("close") => request.keep_alive = false,
        Some(value) if value.contains("keep-alive") => request.keep_alive = true,
        _ => {}
    }
    Ok(request)
}

async fn read_exact<S: AsyncRead + Unpin>(
    stream: &mut S,
    buffer: &mut BytesMut,
    length: usize,
) -> Result<Vec<u8>, ReadError> {
    if length > MAX_BODY {
        return Err(ReadError::Malformed("the request body is too large"));
    }
    while buffer.len() < length {
        if stream.read_buf(buffer).await? == 0 {
            return Err(ReadError::Incomplete);
        }
    }
    Ok(buffer.split_to(length).to_vec())
}

async fn read_chunks<S: AsyncRead + Unpin>(
    stream: &mut S,
    buffer: &mut BytesMut,
) -> Result<Vec<u8>, ReadError> {
    let mut body = Vec::new();
    loop {
        let line = read_line(stream, buffer).await?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16)
            .map_err(|_| ReadError::Malformed("a chunk size is not a number"))?;
        if size == 0 {
            // Trailers, until an empty line.
            while !read_line(stream, buffer).await?.is_empty() {}
            return Ok(body);
        }
        if size > MAX_BODY - body.len() {
            return Err(ReadError::Malformed("the request body is too large"));
        }
        body.extend(read_exact(stream, buffer, size).await?);
        if !read_line(stream, buffer).await?.is_empty() {
            return Err(ReadError::Malformed("a chunk is longer than it says"));
        }
    }
}

async fn read_line<S: AsyncRead + Unpin>(
    stream: &mut S,
    buffer: &mut BytesMut,
) -> Result<String, ReadError> {
    loop {
        if let Some(at) = find(buffer, b"\r\n") {
            let line = buffer.split_to(at);
            buffer.advance(2);
            return String::from_utf8(line.to_vec())
                .map_err(|_| ReadError::Malformed("a chunk line is not UTF-8"));
        }
        if buffer.len() > MAX_HEAD {
            return Err(ReadError::Malformed("a chunk line is too long"));
        }
        if stream.read_buf(buffer).await? == 0 {
            return Err(ReadError::Incomplete);
        }
    }
}

/// How the length of the body is announced.
#[derive(Clone, Copy, Debug)]
pub(super) enum Framing {
    /// `Content-Length`, off by this many bytes (0 is the truth).
    Length(i64),
    /// Chunked; the writer produces the chunks.
    Chunked,
    /// Not at all: the body ends with the connection.
    Close,
}

/// Body bytes in one chunk of an answer: less than a refresh token has, so that each token is cut by a chunk's edge.
const CHUNK: usize = 61;

/// One response before it becomes bytes.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, Cow<'static, str>)>,
    pub(super) body: Vec<u8>,
}

impl Response {
    pub(super) fn new(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type", Cow::Borrowed(content_type))],
            body: body.into(),
        }
    }

    pub(super) fn json(status: u16, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self::new(status, "application/json", body),
            Err(error) => Self::new(500, "text/plain", error.to_string()),
        }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Status line, headers and body (no body for [`Framing::Chunked`]).
    pub(super) fn encode(&self, framing: Framing, keep_alive: bool) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            // Writing into a String cannot fail.
            let _ = write!(head, "{name}: {value}\r\n");
        }
        let _ = match framing {
            Framing::Length(off) => {
                let length = i64::try_from(self.body.len())
                    .unwrap_or(i64::MAX)
                    .saturating_add(off)
                    .max(0);
                write!(head, "content-length: {length}\r\n")
            }
            Framing::Chunked => write!(head, "transfer-encoding: chunked\r\n"),
            Framing::Close => Ok(()),
        };
        if !keep_alive || matches!(framing, Framing::Close) {
            head.push_str("connection: close\r\n");
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        if !matches!(framing, Framing::Chunked) {
            bytes.extend_from_slice(&self.body);
        }
        bytes
    }

    /// Status line, headers and the whole body in chunks.
    pub(super) fn encode_chunked(&self, keep_alive: bool) -> Vec<u8> {
        let mut bytes = self.encode(Framing::Chunked, keep_alive);
        for chunk in self.body.chunks(CHUNK) {
            bytes.extend(format!("{:x}\r\n", chunk.len()).bytes());
            bytes.extend_from_slice(chunk);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"0\r\n\r\n");
        bytes
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}
