//! A TCP forwarder that a test can cut: what the system sees of a database server that is gone.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// Forwards connections to a server until it is cut.
#[derive(Debug)]
pub struct Forwarder {
    address: SocketAddr,
    open: watch::Sender<bool>,
    accepting: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Forwarder {
    /// Listens on a free port of the loopback interface and forwards to `target`.
    pub async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let (open, state) = watch::channel(true);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let state = state.clone();
                if *state.borrow() {
                    tokio::spawn(forward(client, target, state));
                }
            }
        });
        Self {
            address,
            open,
            accepting: Arc::new(Mutex::new(Some(task))),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends all connections; new ones are closed at once.
    pub fn cut(&self) {
        self.open.send_replace(false);
    }

    /// Forwards again.
    pub fn mend(&self) {
        self.open.send_replace(true);
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        if let Some(task) = self
            .accepting
            .lock()
            .expect("no panic under the lock")
            .take()
        {
            task.abort();
        }
    }
}

async fn forward(mut client: TcpStream, target: SocketAddr, mut state: watch::Receiver<bool>) {
    let Ok(mut server) = TcpStream::connect(target).await else {
        return;
    };
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
        _ = state.wait_for(|open| !open) => {}
    }
}
