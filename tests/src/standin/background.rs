//! A server on a thread and runtime of its own.
//!
//! The stand-in must answer whatever the test does with its own runtime: block it, pause its time, or have none.

use std::{future::Future, io, thread, time::Duration};

use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

/// Runs one future until it is dropped.
pub(super) struct Background {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
    handle: Handle,
}

impl Background {
    /// Starts `make()` on a new runtime with that many threads.
    pub(super) fn start<F, T>(name: &str, threads: usize, make: F) -> io::Result<Self>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Future<Output = ()>,
    {
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads.max(1))
            .thread_name(name)
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        () = make() => {}
                        _ = stopped => {}
                    }
                });
                // Waits for the connection tasks to be dropped, so that nothing answers after `drop` returns.
                runtime.shutdown_timeout(Duration::from_secs(2));
            })?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
            handle,
        })
    }

    /// The runtime on which the server lives.
    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The receiver is gone when the server ended by itself; then there is nothing to stop.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            // A panic on that thread was printed already; a second one here would hide it.
            let _ = thread.join();
        }
    }
}
