//! The probe server over a real socket, for a real worker.

use rt_manage_shared::db::{Db, system};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::watch,
    task::JoinHandle,
};

use super::*;
use crate::test_parts::parts;

struct Served {
    address: SocketAddr,
    worker: Arc<Worker>,
    db: Db,
    /// What the queue says.
    queue: watch::Sender<Result<(), String>>,
    stopping: CancellationToken,
    stop: CancellationToken,
    server: JoinHandle<()>,
    _folder: TempDir,
}

impl Served {
    async fn start(security: SecurityConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let parts = parts(folder.path()).await;
        let (db, stopping) = (parts.db.clone(), parts.draining.clone());
        let worker = Worker::start(parts).await.unwrap();
        let listener = listen(&at("127.0.0.1:0")).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (queue, said) = watch::channel(Ok(()));
        let probe = Probe::new(Arc::clone(&worker), security, stopping.clone())
            .with_queue(move || std::future::ready(said.borrow().clone()));
        let stop = CancellationToken::new();
        Self {
            address,
            worker,
            db,
            queue,
            stopping,
            server: tokio::spawn(probe.serve(listener, stop.clone())),
            stop,
            _folder: folder,
        }
    }

    /// Status and body.
    async fn get(&self, path: &str, headers: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), body.to_owned())
    }

    async fn readyz(&self) -> (u16, Value) {
        let (status, body) = self.get("/readyz", "").await;
        (status, serde_json::from_str(&body).unwrap())
    }
}

fn at(listen: &str) -> WorkerConfig {
    WorkerConfig {
        listen: listen.to_owned(),
        ..WorkerConfig::default()
    }
}

#[tokio::test]
async fn a_worker_tells_how_it_is() {
    let served = Served::start(SecurityConfig::default()).await;
    assert_eq!(served.get("/livez", "").await, (200, "ok\n".to_owned()));
    assert_eq!(served.get("/", "").await.0, 404);
    assert_eq!(served.get("/public-api/get-at", "").await.0, 404);
    let (status, body) = served.readyz().await;
    assert_eq!(
        body["checks"],
        json!({"database": "ok", "journals": "ok", "queue": "ok", "worker": "ok"})
    );
    assert_eq!((status, &body["workers"]), (200, &json!(1)));

    let now = served.worker.clock.now();
    system::switch_on(&mut &served.db, system::PAUSED, "why", now)
        .await
        .unwrap();
    let (status, body) = served.readyz().await;
    assert_eq!(
        (status, &body["refreshing"][0]["switch"]),
        (200, &json!("paused"))
    );
    served.queue.send(Err("away".to_owned())).unwrap();
    let (status, body) = served.readyz().await;
    assert_eq!((status, &body["checks"]["queue"]), (503, &json!("away")));
    served.queue.send(Ok(())).unwrap();
    served.worker.gate.note_database_error();
    let (status, body) = served.readyz().await;
    assert_eq!(status, 503);
    assert_eq!(body["checks"]["worker"], "the database does not answer");
    served.stopping.cancel();
    let (status, body) = served.readyz().await;
    assert_eq!(
        (status, &body["checks"]["worker"]),
        (503, &json!("stopping"))
    );
    // It lives on.
    assert_eq!(served.get("/livez", "").await.0, 200);
}

#[tokio::test]
async fn metrics_have_the_apis_rule() {
    let served = Served::start(SecurityConfig::default()).await;
    assert_eq!(served.get("/metrics", "").await.0, 200);
    let (status, body) = served
        .get("/metrics", "x-forwarded-for: 10.0.0.1\r\n")
        .await;
    assert!(status == 403 && body.contains("metrics token"), "{body}");

    let with_token = SecurityConfig {
        metrics_token: Some("t0ken".into()),
        ..SecurityConfig::default()
    };
    let served = Served::start(with_token).await;
    assert_eq!(served.get("/metrics", "").await.0, 403);
    let token = "authorization: Bearer t0ken\r\n";
    assert_eq!(served.get("/metrics", token).await.0, 200);
}

#[tokio::test]
async fn it_ends_although_somebody_holds_on() {
    let served = Served::start(SecurityConfig::default()).await;
    let mut idle = TcpStream::connect(served.address).await.unwrap();
    idle.write_all(b"GET /livez HT").await.unwrap();
    assert_eq!(served.get("/livez", "").await.0, 200);
    served.stop.cancel();
    tokio::time::timeout(Duration::from_secs(5), served.server)
        .await
        .unwrap()
        .unwrap();
    TcpStream::connect(served.address).await.unwrap_err();
}

#[tokio::test]
async fn a_taken_port_is_passed_over() {
    let first = listen(&at("127.0.0.1:0")).await.unwrap();
    let port = first.local_addr().unwrap().port();
    let next = listen(&at(&format!("127.0.0.1:{port}"))).await.unwrap();
    assert!(next.local_addr().unwrap().port() > port);

    let nowhere = listen(&at("203.0.113.1:8081")).await.unwrap_err();
    let text = nowhere.to_string();
    assert!(
        text.starts_with("worker.listen: cannot listen on 203.0.113.1:8081"),
        "{text}"
    );
    listen(&at("nonsense")).await.unwrap_err();
}
