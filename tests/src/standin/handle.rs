//! The library handle.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use super::{
    accounts::{Account, AccountError, AccountSpec},
    audit::Audit,
    background::Background,
    fault::{ConnectFault, Fault},
    gate::{self, Gate, GateSpec, WaitTimeout},
    ledger::{AccountLedger, CallRecord, Stats},
    rules::ActiveFault,
    server::{Shared, accept},
    settings::{Defaults, Options},
};

/// Why a stand-in (or a proxy) did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}{}", hint(.source))]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// No thread or runtime.
    #[error("cannot start the server's thread: {0}")]
    Thread(#[from] io::Error),
}

fn hint(error: &io::Error) -> &'static str {
    if error.kind() == io::ErrorKind::AddrInUse {
        " (another program holds this port; choose another one)"
    } else {
        ""
    }
}

pub(super) fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    let listener =
        TcpListener::bind(address).map_err(|source| StartError::Listen { address, source })?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// A running stand-in. Dropping it stops it.
pub struct StandIn {
    // First: the server ends before what it works on.
    background: Background,
    shared: Arc<Shared>,
    address: SocketAddr,
}

impl StandIn {
    /// Starts one, on a thread of its own.
    pub fn start(options: Options) -> Result<Self, StartError> {
        let listener = listen(options.listen)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(options.defaults, options.observer));
        let served = Arc::clone(&shared);
        let background =
            Background::start("standin", options.threads, move || accept(served, listener))?;
        Ok(Self {
            background,
            shared,
            address,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Base URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// URL of the usual token endpoint.
    pub fn token_url(&self) -> String {
        format!("{}/oauth/token", self.url())
    }

    /// URL of the token endpoint for `oaiapp_…` clients.
    pub fn accounts_token_url(&self) -> String {
        format!("{}/api/accounts/oauth/token", self.url())
    }

    /// URL of the revocation endpoint.
    pub fn revoke_url(&self) -> String {
        format!("{}/oauth/revoke", self.url())
    }

    /// Makes one account (a count in `spec` is ignored).
    pub fn create_account(&self, spec: AccountSpec) -> Result<Account, AccountError> {
        let spec = AccountSpec {
            count: None,
            ..spec
        };
        let mut accounts = self.shared.state().create_accounts(&spec)?;
        // One was asked for and one was made.
        Ok(accounts.remove(0))
    }

    /// Makes accounts.
    pub fn create_accounts(&self, spec: &AccountSpec) -> Result<Vec<Account>, AccountError> {
        self.shared.state().create_accounts(spec)
    }

    /// Ends a session, as the upstream does for reasons of its own: refusals have this status and code from then on.
    pub fn end_session(&self, key: &str, status: u16, code: &str) -> Result<(), AccountError> {
        self.shared.state().end_session(key, status, code, false)
    }

    /// Sets a fault; the number is for [`StandIn::clear_fault`].
    pub fn set_fault(&self, fault: Fault) -> u64 {
        self.shared.state().rules.add(fault)
    }

    /// Ends connections right after they were accepted.
    pub fn set_connect_fault(&self, fault: ConnectFault) {
        self.shared.state().rules.set_connect(fault);
    }

    /// Removes one fault; false when it is not (or no longer) set.
    pub fn clear_fault(&self, id: u64) -> bool {
        self.shared.state().rules.remove(id)
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.shared.state().rules.clear();
    }

    /// The faults that are still set.
    pub fn faults(&self) -> Vec<ActiveFault> {
        self.shared.state().rules.list()
    }

    /// How it behaves without faults.
    pub fn defaults(&self) -> Defaults {
        self.shared.state().defaults.clone()
    }

    /// Changes how it behaves without faults.
    pub fn set_defaults(&self, change: impl FnOnce(&mut Defaults)) {
        change(&mut self.shared.state().defaults);
    }

    /// Sets a gate. It stays until it is released or dropped.
    pub fn gate(&self, spec: GateSpec) -> Gate {
        let (id, arrivals) = self.shared.gates.add(spec);
        Gate {
            id,
            gates: Arc::clone(&self.shared.gates),
            arrivals,
            runtime: self.background.handle().clone(),
        }
    }

    /// How many token calls have finished.
    pub fn finished(&self) -> u64 {
        *self.shared.finished.borrow()
    }

    /// Waits until that many token calls have finished since the start or the last reset.
    pub async fn wait_finished(&self, calls: u64) -> Result<(), WaitTimeout> {
        let finished = self.shared.finished.subscribe();
        gate::on_runtime(self.background.handle(), finished, calls, Gate::LIMIT).await
    }

    /// [`StandIn::wait_finished`] for tests that have no runtime, with a limit of their own.
    pub fn wait_finished_blocking(&self, calls: u64, limit: Duration) -> Result<(), WaitTimeout> {
        let finished = self.shared.finished.subscribe();
        self.background
            .handle()
            .block_on(gate::wait_for(finished, calls, limit))
    }

    /// Every account with every token, in order of creation.
    pub fn ledger(&self) -> Vec<AccountLedger> {
        let state = self.shared.state();
        (0..state.accounts.len())
            .map(|at| state.account_ledger(at))
            .collect()
    }

    /// One account with every token.
    pub fn account(&self, key: &str) -> Option<AccountLedger> {
        let state = self.shared.state();
        let at = *state.by_key.get(key)?;
        Some(state.account_ledger(at))
    }

    /// The live refresh token of an account.
    pub fn live_token(&self, key: &str) -> Option<String> {
        let state = self.shared.state();
        let at = *state.by_key.get(key)?;
        let position = state.live_position(at)?;
        Some(state.accounts[at].tokens[position].text.to_string())
    }

    /// All token calls, in order; unfinished ones as well.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.shared.state().call_records(None, 0)
    }

    /// The calls after that number.
    pub fn calls_after(&self, number: u64) -> Vec<CallRecord> {
        self.shared.state().call_records(None, number)
    }

    /// The calls with refresh tokens of one account.
    pub fn calls_of(&self, key: &str) -> Vec<CallRecord> {
        self.shared.state().call_records(Some(key), 0)
    }

    /// Totals.
    pub fn stats(&self) -> Stats {
        self.shared.state().stats()
    }

    /// Holds stored refresh tokens against the live ones: pairs of account key and refresh token, a key as often as
    /// tokens are stored for it.
    pub fn audit<K, T>(&self, stored: impl IntoIterator<Item = (K, T)>) -> Audit
    where
        K: AsRef<str>,
        T: AsRef<str>,
    {
        self.shared.state().audit(stored)
    }

    /// Whether a resource server would accept this access token now.
    pub fn access_token_is_live(&self, token: &str) -> bool {
        self.shared.state().access_token_is_live(token)
    }

    /// Ends all connections, idle ones of clients' pools included.
    pub fn drop_connections(&self) {
        self.shared.drop_connections();
    }

    /// Forgets accounts, calls, faults and gates and returns to the defaults of the start.
    pub fn reset(&self) {
        self.shared.reset();
    }
}
