//! The seed document's configuration file and its two `curl` calls, word for word.

use std::process::Command;

use rt_manage_tests::{
    standin::{AccountSpec, Options, StandIn},
    support::NewCredential,
};
use serde_json::Value;

const CONFIG: &str = r#"server:
  host: "0.0.0.0"
  port: 8080
  mode: "release"  # debug, release, test

database:
  type: "sqlite"  # sqlite 或 mysql
  database: "./data/tokens.db"  # SQLite 数据库文件路径
  table_prefix: ""
  max_idle_conns: 10
  max_open_conns: 100
  conn_max_lifetime: 3600

auth:
  username: "admin"  # 管理后台登录用户名
  password: "admin123"  # 管理后台登录密码
  jwt_secret: "your-secret-key-change-this-in-production"  # JWT 签名密钥（生产环境必须修改）
  jwt_expire_hours: 240  # JWT 过期时间（小时）
  api_secret: "my-api-secret-2025"  # 对外 API 密钥
"#;

const CALLS: [&str; 2] = [
    r#"curl -X POST http://localhost:8080/public-api/refresh \
  -H "Content-Type: application/json" \
  -H "X-API-Secret: my-api-secret-2025" \
  -d '{"biz_id": "user001"}'"#,
    r#"curl -X POST http://localhost:8080/public-api/get-at \
  -H "Content-Type: application/json" \
  -H "X-API-Secret: my-api-secret-2025" \
  -d '{"biz_id": "user001"}'"#,
];

/// The seed's port may be taken where tests run, so the system gets a free one and the calls are pointed at it;
/// nothing else is changed.
#[tokio::test]
async fn the_seeds_file_starts_the_system_and_its_calls_work() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let account = upstream
        .create_account(AccountSpec::key("user001"))
        .unwrap();
    let builder = crate::system(&upstream.token_url())
        .unset("RTM_AUTH__PASSWORD")
        .unset("RTM_AUTH__JWT_SECRET")
        .config_file(CONFIG);
    let system = builder.start().await;
    let admin = system
        .first_log_in("admin123", "a password of my own")
        .await;
    admin
        .create(NewCredential {
            biz_id: "user001",
            refresh_token: &account.refresh_token,
            ..NewCredential::default()
        })
        .await;

    let port = system.url().rsplit(':').next().unwrap();
    let mut tokens = Vec::new();
    for call in CALLS {
        let output = Command::new("bash")
            .args([
                "-c",
                &call
                    .replace("8080", port)
                    .replace("curl ", "curl --silent --show-error --noproxy '*' "),
            ])
            .output()
            .unwrap();
        let body: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
        assert_eq!(body["success"], true, "{body}");
        assert_eq!(body["data"]["biz_id"], "user001");
        assert_eq!(body["data"]["email"], account.email.as_str());
        assert_eq!(body["data"]["refresh_token"], "");
        tokens.push(body["data"]["access_token"].as_str().unwrap().to_owned());
    }
    assert_eq!(tokens[0], tokens[1]);
    assert!(upstream.access_token_is_live(&tokens[0]));
    assert!(builder.folder().join("data/tokens.db").exists());
    let log = system.log();
    for key in ["auth.jwt_secret", "auth.api_secret", "auth.password"] {
        assert!(log.contains(key), "no warning about {key}");
    }
}
