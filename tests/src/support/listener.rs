//! A client of server-sent events.

use std::time::Duration;

use serde_json::Value;

/// How long an event may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub struct SentEvent {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// Its data.
    pub data: Value,
}

/// A stream of events.
#[derive(Debug)]
pub struct Listener {
    response: reqwest::Response,
    text: String,
}

impl Listener {
    pub(super) const fn new(response: reqwest::Response) -> Self {
        Self {
            response,
            text: String::new(),
        }
    }

    /// The next event; comments are passed over. `None`: the stream has ended.
    pub async fn next(&mut self) -> Option<SentEvent> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let event = parse(block);
                let rest = rest.to_owned();
                self.text = rest;
                if event.is_some() {
                    return event;
                }
                continue;
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await;
            let chunk = chunk.expect("an event in time").ok()??;
            self.text
                .push_str(std::str::from_utf8(&chunk).expect("text"));
        }
    }

    /// The next event of this name.
    pub async fn until(&mut self, name: &str) -> SentEvent {
        loop {
            let event = self.next().await.expect("the stream goes on");
            if event.name == name {
                return event;
            }
        }
    }

    /// Whether the stream ends.
    pub async fn ends(&mut self) -> bool {
        while self.next().await.is_some() {}
        true
    }
}

fn parse(block: &str) -> Option<SentEvent> {
    let field = |name: &str| {
        let mut lines = block.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
    };
    let text = |name: &str| field(name).unwrap_or_default().trim().to_owned();
    let data = field("data")?;
    Some(SentEvent {
        name: text("event"),
        id: text("id"),
        data: serde_json::from_str(data).expect("JSON"),
    })
}
