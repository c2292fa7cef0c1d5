//! Slows down guessing: after a few failures an account, and an address, has to wait, longer each time. Nobody
//! is locked out for good.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rt_manage_shared::clock::BootInstant;

/// Failures that cost nothing: people mistype.
const FREE_FAILURES: u32 = 5;
/// Longest wait: guessing is hopeless at one try a minute, and an owner can bear it.
const MAX_WAIT: Duration = Duration::from_mins(1);
/// A run of failures is forgotten after this time without another.
const MEMORY: Duration = Duration::from_mins(15);
/// Most accounts, and most addresses, that are remembered.
const MAX_ENTRIES: usize = 10_000;
/// Longest account name that is told apart from others; real ones are shorter.
const MAX_NAME_CHARS: usize = 128;

#[derive(Debug, Clone, Copy)]
struct Entry {
    failures: u32,
    last: BootInstant,
}

impl Entry {
    fn blocked_until(self) -> BootInstant {
        let Some(beyond) = self.failures.checked_sub(FREE_FAILURES) else {
            return self.last;
        };
        self.last + Duration::from_secs(1_u64 << beyond.min(6)).min(MAX_WAIT)
    }
}

#[derive(Debug)]
struct Book<K>(HashMap<K, Entry>);

impl<K: Eq + Hash + Clone> Book<K> {
    fn wait(&self, key: &K, now: BootInstant) -> Duration {
        self.0
            .get(key)
            .map_or(Duration::ZERO, |entry| entry.blocked_until().since(now))
    }

    fn count(&mut self, key: K, now: BootInstant) {
        if self.0.len() >= MAX_ENTRIES && !self.0.contains_key(&key) {
            self.make_room(now);
        }
        let entry = self.0.entry(key).or_insert(Entry {
            failures: 0,
            last: now,
        });
        if now.since(entry.last) > MEMORY {
            entry.failures = 0;
        }
        entry.failures = entry.failures.saturating_add(1);
        entry.last = now;
    }

    /// Forgets what is old; where nothing is, the one with the fewest failures, so that a flood of new names
    /// does not wash a real run of failures away.
    fn make_room(&mut self, now: BootInstant) {
        self.0.retain(|_, entry| now.since(entry.last) <= MEMORY);
        if self.0.len() < MAX_ENTRIES {
            return;
        }
        let least = self
            .0
            .iter()
            .min_by_key(|(_, entry)| (entry.failures, entry.last));
        if let Some(key) = least.map(|(key, _)| key.clone()) {
            self.0.remove(&key);
        }
    }
}

#[derive(Debug)]
struct Books {
    accounts: Book<String>,
    addresses: Book<IpAddr>,
}

/// Counts failed log-ins by account and by address, in memory.
#[derive(Debug)]
pub(super) struct Backoff(Mutex<Books>);

impl Backoff {
    pub(super) fn new() -> Self {
        let (accounts, addresses) = (Book(HashMap::new()), Book(HashMap::new()));
        Self(Mutex::new(Books {
            accounts,
            addresses,
        }))
    }

    /// Lets a try through, or says how long to wait. The try counts as failed until [`Backoff::succeeded`]
    /// says otherwise, so that many at once gain nothing.
    pub(super) fn begin(
        &self,
        account: &str,
        address: IpAddr,
        now: BootInstant,
    ) -> Result<(), Duration> {
        let (account, address) = (name(account), network(address));
        let mut books = self.books();
        let wait = books
            .accounts
            .wait(&account, now)
            .max(books.addresses.wait(&address, now));
        if !wait.is_zero() {
            return Err(wait);
        }
        books.accounts.count(account, now);
        books.addresses.count(address, now);
        Ok(())
    }

    /// The try was right: its account and address start afresh.
    pub(super) fn succeeded(&self, account: &str, address: IpAddr) {
        let mut books = self.books();
        books.accounts.0.remove(&name(account));
        books.addresses.0.remove(&network(address));
    }

    #[cfg(test)]
    pub(super) fn forget_all(&self) {
        let mut books = self.books();
        books.accounts.0.clear();
        books.addresses.0.clear();
    }

    fn books(&self) -> std::sync::MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts wrong API keys by address. Keys are far beyond guessing; this keeps what tries all the same from being cheap to go on
/// with, and tells a client with a wrong key to calm down.
#[derive(Debug)]
pub struct WrongKeys(Mutex<Book<IpAddr>>);

impl WrongKeys {
    /// Nothing counted yet.
    pub fn new() -> Self {
        Self(Mutex::new(Book(HashMap::new())))
    }

    /// Counts a wrong key, or says how long this address has to wait with its next one. What comes during the wait does not
    /// count.
    pub fn count(&self, address: IpAddr, now: BootInstant) -> Result<(), Duration> {
        let address = network(address);
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = book.wait(&address, now);
        if !wait.is_zero() {
            return Err(wait);
        }
        book.count(address, now);
        Ok(())
    }
}

impl Default for WrongKeys {
    fn default() -> Self {
        Self::new()
    }
}

fn name(account: &str) -> String {
    account.chars().take(MAX_NAME_CHARS).collect()
}

/// One household or host has a whole /64 of IPv6 addresses (RFC 6177): they count as one.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn waits_grow_to_a_minute_and_end_with_success() {
        let (backoff, mut now) = (Backoff::new(), BootInstant::now());
        let mut waits = Vec::new();
        for _ in 0..13 {
            if let Err(wait) = backoff.begin("admin", HOME, now) {
                waits.push(wait.as_secs());
                now = now + wait;
                assert_eq!(backoff.begin("admin", HOME, now), Ok(()));
            }
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        backoff.succeeded("admin", HOME);
        assert_eq!(backoff.begin("admin", HOME, now), Ok(()));
    }

    #[test]
    fn accounts_and_addresses_count_apart() {
        let (backoff, now) = (Backoff::new(), BootInstant::now());
        for host in 1..=5 {
            assert_eq!(
                backoff.begin("admin", IpAddr::from([192, 0, 2, host]), now),
                Ok(())
            );
        }
        assert!(
            backoff
                .begin("admin", IpAddr::from([192, 0, 2, 9]), now)
                .is_err()
        );
        assert_eq!(
            backoff.begin("other", IpAddr::from([192, 0, 2, 9]), now),
            Ok(())
        );
        for host in 0..5 {
            let address = IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, host]);
            assert_eq!(backoff.begin(&format!("user{host}"), address, now), Ok(()));
        }
        let neighbour = IpAddr::from([0x2001, 0xdb8, 0, 0, 1, 2, 3, 4]);
        assert_eq!(backoff.begin("new", neighbour, now), Err(seconds(1)));
    }

    #[test]
    fn failures_are_forgotten_and_memory_is_bounded() {
        let (backoff, now) = (Backoff::new(), BootInstant::now());
        for _ in 0..5 {
            backoff.begin("admin", HOME, now).unwrap();
        }
        assert!(backoff.begin("admin", HOME, now).is_err());
        let later = now + MEMORY + seconds(1);
        assert_eq!(backoff.begin("admin", HOME, later), Ok(()));
        assert_eq!(backoff.begin("admin", HOME, later), Ok(()));

        let mut book = Book(HashMap::new());
        book.count(0, now);
        book.count(0, now);
        for key in 1..=MAX_ENTRIES * 2 {
            book.count(key, now);
        }
        assert_eq!(book.0.len(), MAX_ENTRIES);
        assert_eq!(book.0[&0].failures, 2);
    }
}
