//! Redis in tests: what a system keeps there, what passes through, and servers that a test may break.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::Duration,
};

use redis::{Client, Connection, FromRedisValue, RedisResult, Value};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use url::Url;

use super::until;

/// A server that is paused must not stop the test as well.
const PATIENCE: Duration = Duration::from_secs(10);

fn connect(url: &str) -> RedisResult<Connection> {
    let connection = Client::open(url)?.get_connection_with_timeout(PATIENCE)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    Ok(connection)
}

/// The keys of one system.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    url: String,
    prefix: String,
}

impl Keys {
    pub(super) fn new(url: &str, prefix: &str) -> Self {
        Self {
            url: url.to_owned(),
            prefix: prefix.to_owned(),
        }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Each key, its name included, with all that it holds.
    pub(super) fn content(&self) -> Vec<(String, Vec<u8>)> {
        content(&self.url, &format!("*{}*", self.prefix)).expect("Redis answers")
    }

    /// Removes the keys. A server that is gone has none.
    pub(super) fn delete(&self) {
        let _ = connect(&self.url).and_then(|mut connection| {
            for key in names(&mut connection, &format!("*{}*", self.prefix))? {
                redis::cmd("UNLINK").arg(key).exec(&mut connection)?;
            }
            Ok(())
        });
    }
}

fn names(connection: &mut Connection, pattern: &str) -> RedisResult<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    let mut cursor = 0_u64;
    loop {
        let (next, found): (u64, Vec<Vec<u8>>) = redis::cmd("SCAN")
            .arg(cursor)
            .arg("MATCH")
            .arg(pattern)
            .arg("COUNT")
            .arg(1000)
            .query(connection)?;
        names.extend(found);
        if next == 0 {
            return Ok(names);
        }
        cursor = next;
    }
}

fn content(url: &str, pattern: &str) -> RedisResult<Vec<(String, Vec<u8>)>> {
    let mut connection = connect(url)?;
    let mut found = Vec::new();
    for name in names(&mut connection, pattern)? {
        let kind: String = redis::cmd("TYPE").arg(&name).query(&mut connection)?;
        let (command, range): (&str, &[&str]) = match kind.as_str() {
            "string" => ("GET", &[]),
            "list" => ("LRANGE", &["0", "-1"]),
            "set" => ("SMEMBERS", &[]),
            "zset" => ("ZRANGE", &["0", "-1", "WITHSCORES"]),
            "hash" => ("HGETALL", &[]),
            "stream" => ("XRANGE", &["-", "+"]),
            // It has gone since.
            "none" => continue,
            other => panic!("a key of the type {other}: teach the search to read it"),
        };
        let value: Value = redis::cmd(command)
            .arg(&name)
            .arg(range)
            .query(&mut connection)?;
        let mut bytes = name.clone();
        flatten(&value, &mut bytes);
        found.push((String::from_utf8_lossy(&name).into_owned(), bytes));
    }
    Ok(found)
}

/// Every byte of an answer, one value a line.
fn flatten(value: &Value, bytes: &mut Vec<u8>) {
    bytes.push(b'\n');
    match value {
        Value::BulkString(text) => bytes.extend(text),
        Value::SimpleString(text) => bytes.extend(text.as_bytes()),
        Value::Array(values) | Value::Set(values) => {
            for value in values {
                flatten(value, bytes);
            }
        }
        Value::Map(pairs) => {
            for (key, value) in pairs {
                flatten(key, bytes);
                flatten(value, bytes);
            }
        }
        other => bytes.extend(format!("{other:?}").into_bytes()),
    }
}

/// Records all commands that a Redis server gets, announcements included.
#[derive(Debug)]
pub struct RedisTap {
    stream: TcpStream,
    heard: Arc<Mutex<Vec<u8>>>,
    listening: Option<JoinHandle<()>>,
}

impl RedisTap {
    /// Begins to listen to the server at `url` (without TLS).
    pub async fn start(url: &str) -> Self {
        let url = Url::parse(url).expect("a Redis URL");
        let address = (url.host_str().expect("a host"), url.port().unwrap_or(6379));
        let mut stream = TcpStream::connect(address).expect("Redis answers");
        if let Some(password) = url.password() {
            writeln!(stream, "AUTH {password}\r").expect("a command sent");
        }
        writeln!(stream, "MONITOR\r").expect("a command sent");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (mut from, to) = (
            stream.try_clone().expect("a second handle"),
            Arc::clone(&heard),
        );
        let listening = std::thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            while let Ok(read @ 1..) = from.read(&mut buffer) {
                let mut heard = to.lock().expect("no panic under the lock");
                heard.extend_from_slice(&buffer[..read]);
            }
        });
        let tap = Self {
            stream,
            heard,
            listening: Some(listening),
        };
        let confirmations = 1 + usize::from(url.password().is_some());
        until("Redis lets us listen", || async {
            let heard = tap.heard();
            let confirmed = heard.windows(3).filter(|window| window == b"+OK").count();
            confirmed >= confirmations
        })
        .await;
        tap
    }

    /// What it has heard so far.
    pub fn heard(&self) -> Vec<u8> {
        self.heard.lock().expect("no panic under the lock").clone()
    }
}

impl Drop for RedisTap {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
    }
}

/// A Redis server of a test's own, which it may break in every way. It keeps nothing; killed when dropped.
#[derive(Debug)]
pub struct PrivateRedis {
    folder: TempDir,
    port: u16,
    tls_port: Option<u16>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    server: Option<Child>,
    password: String,
}

impl PrivateRedis {
    /// Starts one that asks for a password.
    pub async fn start() -> Self {
        let redis = Self::prepare(None);
        redis.start_again().await;
        redis
    }

    /// Starts one that speaks TLS as well; its certificate is for `localhost` and vouched for by the authority in the
    /// file `RTM_TEST_TLS_CA_FILE`.
    pub async fn start_with_tls() -> Self {
        let redis = Self::prepare(Some(free_port()));
        redis.start_again().await;
        redis
    }

    fn prepare(tls_port: Option<u16>) -> Self {
        Self {
            folder: TempDir::new().expect("a scratch folder"),
            port: free_port(),
            tls_port,
            state: Mutex::new(State {
                server: None,
                password: format!("p{:016x}", rand::random::<u64>()),
            }),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no panic under the lock")
    }

    /// Its address, with the password that is right now.
    pub fn url(&self) -> String {
        format!("redis://:{}@127.0.0.1:{}/0", self.password(), self.port)
    }

    /// The names of all its keys of a type.
    pub fn keys_of_type(&self, kind: &str) -> Vec<String> {
        let mut keys: Vec<String> = self.query(&["KEYS", "*"]);
        keys.retain(|key| self.query::<String>(&["TYPE", key]) == kind);
        keys
    }

    /// Its address for TLS.
    pub fn tls_url(&self) -> String {
        let port = self.tls_port.expect("a server that speaks TLS");
        format!("rediss://:{}@localhost:{port}/0", self.password())
    }

    /// The password that is right now.
    pub fn password(&self) -> String {
        self.state().password.clone()
    }

    /// `kill -9`.
    pub fn stop(&self) {
        let server = self.state().server.take();
        let mut server = server.expect("a running server");
        server.kill().expect("a signal sent");
        server.wait().expect("its status");
    }

    /// Starts it on the same port after [`Self::stop`], empty.
    pub async fn start_again(&self) {
        self.spawn();
        until("Redis answers", || async {
            let ended = self.state().server.as_mut().map(Child::try_wait);
            if let Some(Ok(Some(status))) = ended {
                let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                panic!("Redis ended while starting, {status}:\n{log}");
            }
            connect(&self.url())
                .and_then(|mut connection| redis::cmd("PING").exec(&mut connection))
                .is_ok()
        })
        .await;
    }

    fn spawn(&self) {
        let folder = self.folder.path();
        let mut lines = vec![
            "bind 127.0.0.1".to_owned(),
            format!("port {}", self.port),
            format!("requirepass {}", self.password()),
            format!("dir \"{}\"", folder.display()),
            "save \"\"".to_owned(),
            "appendonly no".to_owned(),
            "daemonize no".to_owned(),
            "logfile log".to_owned(),
        ];
        if let Some(port) = self.tls_port {
            let file = std::env::var("RTM_TEST_TLS_CA_FILE").expect(
                "RTM_TEST_TLS_CA_FILE is set: run scripts/test, or start the servers with scripts/test-services",
            );
            let certificates = Path::new(&file).parent().expect("a folder").display();
            lines.extend([
                format!("tls-port {port}"),
                format!("tls-cert-file \"{certificates}/server.pem\""),
                format!("tls-key-file \"{certificates}/server.key\""),
                format!("tls-ca-cert-file \"{file}\""),
                "tls-auth-clients no".to_owned(),
            ]);
        }
        let file = folder.join("redis.conf");
        fs::write(&file, lines.join("\n")).expect("configuration written");
        let server = Command::new("redis-server")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server starts; scripts/test-services installs it");
        let former = self.state().server.replace(server);
        assert!(former.is_none(), "Redis runs already");
    }

    fn signal(&self, signal: Signal) {
        let state = self.state();
        let server = state.server.as_ref().expect("a running server");
        let pid = i32::try_from(server.id()).expect("a process id");
        let pid = Pid::from_raw(pid).expect("a process id");
        kill_process(pid, signal).expect("a signal sent");
    }

    /// SIGSTOP: it takes connections and answers nobody.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Runs a command.
    pub fn query<T: FromRedisValue>(&self, words: &[&str]) -> T {
        let mut connection = connect(&self.url()).expect("Redis answers");
        let (command, arguments) = words.split_first().expect("a command");
        redis::cmd(command)
            .arg(arguments)
            .query(&mut connection)
            .expect("an answer")
    }

    /// Removes everything.
    pub fn flush(&self) {
        self.query::<()>(&["FLUSHALL", "SYNC"]);
    }

    /// Refuses whatever takes memory.
    pub fn exhaust_memory(&self) {
        self.query::<()>(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
        self.query::<()>(&["CONFIG", "SET", "maxmemory", "1"]);
    }

    /// Takes everything again.
    pub fn restore_memory(&self) {
        self.query::<()>(&["CONFIG", "SET", "maxmemory", "0"]);
    }

    /// Asks for another password (letters and digits) from now on, of connected clients as well.
    pub fn change_password(&self, password: &str) {
        let mut connection = connect(&self.url()).expect("Redis answers");
        redis::cmd("CONFIG")
            .arg(&["SET", "requirepass", password])
            .exec(&mut connection)
            .expect("a new password");
        for kind in ["normal", "pubsub"] {
            redis::cmd("CLIENT")
                .arg(&["KILL", "TYPE", kind, "SKIPME", "yes"])
                .exec(&mut connection)
                .expect("clients thrown out");
        }
        password.clone_into(&mut self.state().password);
    }

    /// Bytes that it uses for data, buffers and itself.
    pub fn used_memory(&self) -> u64 {
        let info: String = self.query(&["INFO", "memory"]);
        info.lines()
            .find_map(|line| line.strip_prefix("used_memory:"))
            .and_then(|value| value.trim().parse().ok())
            .expect("used_memory in INFO")
    }

    /// How many keys it has.
    pub fn key_count(&self) -> u64 {
        self.query(&["DBSIZE"])
    }

    /// Everything in it.
    pub fn content(&self) -> Vec<(String, Vec<u8>)> {
        content(&self.url(), "*").expect("Redis answers")
    }
}

impl Drop for PrivateRedis {
    fn drop(&mut self) {
        let server = self.state.get_mut().ok().and_then(|it| it.server.take());
        if let Some(mut server) = server {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// Below the range from which the kernel hands out ports to clients: a server that is away must find its port free
/// when it comes back.
pub fn free_port() -> u16 {
    loop {
        let port = rand::random_range(20_000..32_000);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Keys, PrivateRedis, RedisTap, connect, free_port};

    fn answers(url: &str) -> bool {
        connect(url)
            .and_then(|mut connection| redis::cmd("PING").exec(&mut connection))
            .is_ok()
    }

    #[tokio::test]
    async fn a_private_server_breaks_on_demand() {
        let redis = PrivateRedis::start_with_tls().await;
        let port = redis.port;
        redis.query::<()>(&["SET", "a", "b"]);
        assert_eq!(redis.key_count(), 1);
        let before = redis.url();
        redis.change_password("another");
        assert!(!answers(&before));
        assert_eq!(redis.content(), [("a".to_owned(), b"a\nb".to_vec())]);
        redis.exhaust_memory();
        let full: redis::RedisResult<()> = redis::cmd("SET")
            .arg(&["c", "d"])
            .query(&mut connect(&redis.url()).unwrap());
        assert!(full.unwrap_err().to_string().contains("OOM"));
        redis.restore_memory();
        redis.query::<()>(&["SET", "c", "d"]);
        assert!(redis.used_memory() > 100_000);
        redis.stop();
        assert!(!answers(&redis.url()));
        redis.start_again().await;
        assert_eq!((redis.key_count(), redis.port), (0, port));
        redis.query::<()>(&["SET", "a", "b"]);
        redis.flush();
        assert_eq!(redis.key_count(), 0);
        // Verified TLS: nobody here trusts the authority of the tests.
        assert!(!answers(&redis.tls_url()));
    }

    #[tokio::test]
    async fn keys_are_found_read_heard_and_removed() {
        let redis = PrivateRedis::start().await;
        let tap = RedisTap::start(&redis.url()).await;
        for command in [
            &["SET", "x:mine:1", "text"][..],
            &["RPUSH", "mine:2", "one", "two"],
            &["HSET", "mine:3", "field", "value"],
            &["ZADD", "mine:4", "5", "member"],
            &["SADD", "mine:5", "element"],
            &["SET", "other", "text"],
            &["PUBLISH", "channel", "announcement"],
        ] {
            let _: redis::Value = redis.query(command);
        }
        let keys = Keys::new(&redis.url(), "mine");
        let mut content = keys.content();
        content.sort();
        let text: Vec<_> = content
            .iter()
            .map(|(_, bytes)| String::from_utf8_lossy(bytes).replace('\n', " "))
            .collect();
        assert_eq!(
            text,
            [
                "mine:2  one two",
                "mine:3  field value",
                "mine:4  member 5",
                "mine:5  element",
                "x:mine:1 text",
            ]
        );
        keys.delete();
        assert_eq!(redis.key_count(), 1);
        let heard = String::from_utf8(tap.heard()).unwrap();
        assert!(heard.contains("announcement") && heard.contains("element"));
        assert!(!heard.contains(&redis.password()));
    }

    #[test]
    fn free_ports_are_free() {
        let port = free_port();
        assert!(std::net::TcpListener::bind(("127.0.0.1", port)).is_ok());
    }
}
