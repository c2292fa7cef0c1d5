//! The OpenAPI document: it is the committed one, and says of each route who may call it, and nothing else than what is enforced.

use std::{net::SocketAddr, path::Path};

use axum::{
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{Request, StatusCode},
};
use rt_manage_shared::config::PLACEHOLDER_PASSWORD;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{NEAR, PASSWORD, Server, call};
use crate::routes::admin;

#[test]
fn the_committed_document_is_that_of_the_code() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let committed = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        committed == admin::openapi_text().unwrap(),
        "docs/openapi.json is not what the code says. Write it anew, and look at what changed:\n\
         cargo run -p rt-manage-api -- openapi > docs/openapi.json"
    );
}

/// An operation of the document.
struct Operation {
    method: String,
    /// With something in place of each parameter.
    path: String,
    role: String,
    spec: Value,
}

impl Operation {
    /// The scope that a key needs; `None`: it is not for keys.
    fn key_scope(&self) -> Option<&str> {
        self.spec.pointer("/security/1/apiSecret/0")?.as_str()
    }
}

fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(admin::openapi()).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, spec) in item.as_object().unwrap() {
            found.push(Operation {
                method: method.to_uppercase(),
                path: filled(path),
                role: spec["x-role"].as_str().unwrap().to_owned(),
                spec: spec.clone(),
            });
        }
    }
    assert!(found.len() > 10);
    found
}

/// Identifiers and names that nothing has.
fn filled(path: &str) -> String {
    let part = |part: &str| match part {
        "{username}" | "{name}" => "nobody".to_owned(),
        part if part.starts_with('{') => "01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(),
        part => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// Status and code of the answer. Where it succeeds its body is not waited for: a stream does not end.
async fn ask(server: &Server, operation: &Operation, token: Option<&str>) -> (StatusCode, String) {
    let mut request = Request::builder()
        .method(operation.method.as_str())
        .uri(&operation.path)
        .header("content-type", "application/json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let mut request = request.body(Body::from("{}")).unwrap();
    let peer: SocketAddr = format!("{NEAR}:4711").parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    let (parts, body) = server
        .router
        .clone()
        .oneshot(request)
        .await
        .unwrap()
        .into_parts();
    if parts.status.is_success() {
        return (parts.status, String::new());
    }
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    let problem: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let code = problem["code"].as_str().unwrap_or_default();
    (parts.status, code.to_owned())
}

#[tokio::test]
async fn each_route_is_open_to_whom_the_document_says() {
    let server = Server::new().await;
    let admin = server.token().await;
    let new = json!({"username": "viewer", "password": PASSWORD, "role": "viewer"});
    let answer = server
        .send(call("POST", "/users").bearer(&admin).json(&new))
        .await;
    assert_eq!(answer.status, 201);
    let mut viewer = None;
    for operation in operations() {
        let (name, role) = (
            format!("{} {}", operation.method, operation.path),
            operation.role.as_str(),
        );
        let (status, code) = ask(&server, &operation, None).await;
        if role == "anybody" {
            assert_ne!(code, "unauthorized", "{name}");
            continue;
        }
        assert_eq!(
            (status.as_u16(), code.as_str()),
            (401, "unauthorized"),
            "{name}"
        );
        if !["any", "viewer", "administrator"].contains(&role) {
            // A scheme of its own; a session opens nothing there.
            continue;
        }
        let mut security = vec![json!({"session": [role]})];
        if let Some(scope) = operation.key_scope() {
            security.extend([json!({"apiSecret": [scope]}), json!({"apiKey": [scope]})]);
        }
        assert_eq!(operation.spec["security"], json!(security), "{name}");
        let token = match viewer.take() {
            Some(token) => token,
            None => log_in(&server, "viewer", PASSWORD).await,
        };
        let (status, code) = ask(&server, &operation, Some(&token)).await;
        assert_ne!(status, 401, "{name}");
        assert_eq!(
            code == "administrator_required",
            role == "administrator",
            "{name} is declared for {role}, and a viewer is answered {status} {code}; \
             say in its annotation who may call it: security((\"session\" = [\"administrator\"]))"
        );
        if role == "administrator" {
            assert_eq!(status, 403, "{name}");
        }
        // What is for anybody with a session may end it.
        viewer = (role != "any").then_some(token);
    }
}

/// The secret of a new key.
async fn key(server: &Server, admin: &str, scope: &str) -> String {
    let body = json!({"name": scope, "scopes": [scope]});
    let answer = server
        .send(call("POST", "/keys").bearer(admin).json(&body))
        .await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.body["secret"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_key_opens_what_the_document_says_and_nothing_else() {
    let server = Server::new().await;
    let admin = server.token().await;
    let (view, manage) = (
        key(&server, &admin, "view").await,
        key(&server, &admin, "manage").await,
    );
    let tokens = key(&server, &admin, "get_at").await;
    let mut open = 0;
    for operation in operations() {
        let name = format!("{} {}", operation.method, operation.path);
        if !["any", "viewer", "administrator"].contains(&operation.role.as_str()) {
            continue;
        }
        let needs = operation.key_scope();
        open += usize::from(needs.is_some());
        for (has, secret) in [("view", &view), ("manage", &manage), ("get_at", &tokens)] {
            let (status, code) = ask(&server, &operation, Some(secret)).await;
            let expected = match needs {
                None => Some("key_not_allowed"),
                Some(_) if has == "get_at" => Some("forbidden_scope"),
                Some("manage") if has == "view" => Some("forbidden_scope"),
                Some(_) => None,
            };
            match expected {
                Some(expected) => assert_eq!(
                    (status.as_u16(), code.as_str()),
                    (403, expected),
                    "{name} with the scope {has}; roles.rs lists what is open to keys"
                ),
                None => assert!(
                    !matches!(status.as_u16(), 401 | 403),
                    "{name} with the scope {has}: {status} {code}; roles.rs lists what is open to keys"
                ),
            }
        }
    }
    assert!(open > 20, "{open}");
}

#[tokio::test]
async fn a_session_for_setting_a_password_opens_what_is_for_any_session_only() {
    let server = Server::with(|_| {}).await;
    let mut session = None;
    for operation in operations() {
        let role = operation.role.as_str();
        if !["any", "viewer", "administrator"].contains(&role) {
            continue;
        }
        let token = match session.take() {
            Some(token) => token,
            None => log_in(&server, "admin", PLACEHOLDER_PASSWORD).await,
        };
        let (_, code) = ask(&server, &operation, Some(&token)).await;
        assert_eq!(
            code == "password_change_required",
            role != "any",
            "{} {}",
            operation.method,
            operation.path
        );
        session = (role != "any").then_some(token);
    }
}

async fn log_in(server: &Server, username: &str, password: &str) -> String {
    let body = json!({"username": username, "password": password});
    let answer = server.send(call("POST", "/auth/login").json(&body)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["token"].as_str().unwrap().to_owned()
}

#[test]
fn each_operation_has_what_clients_are_made_from() {
    let mut ids = std::collections::BTreeSet::new();
    for operation in operations() {
        let name = format!("{} {}", operation.method, operation.path);
        let spec = &operation.spec;
        let id = spec["operationId"].as_str().unwrap_or_default();
        assert!(!id.is_empty() && ids.insert(id.to_owned()), "{name}: {id}");
        assert!(spec["tags"][0].is_string(), "{name}");
        assert!(spec["summary"].is_string(), "{name}");
        if operation.path.starts_with("/api/v1") {
            let problem = &spec["responses"]["4XX"]["content"]["application/problem+json"];
            assert_eq!(
                problem["schema"]["$ref"], "#/components/schemas/Problem",
                "{name}"
            );
        }
    }
}

/// All texts that stand under this name, anywhere.
fn under<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                found.extend(value.as_str().filter(|_| key == name));
                under(value, name, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| under(item, name, found)),
        _ => {}
    }
}

#[test]
fn the_document_is_whole() {
    let document = serde_json::to_value(admin::openapi()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut references = Vec::new();
    under(&document, "$ref", &mut references);
    for reference in references {
        let target = reference.strip_prefix('#').unwrap();
        assert!(
            document.pointer(target).is_some(),
            "{reference} is not in the document"
        );
    }
    for operation in operations() {
        for (status, response) in operation.spec["responses"].as_object().unwrap() {
            let name = format!("{} {}", operation.method, operation.path);
            assert!(response["description"].is_string(), "{name}: {status}");
        }
    }
}

#[tokio::test]
async fn the_document_and_its_pages_need_a_session() {
    let server = Server::new().await;
    let cookie = format!("rtm_session={}", server.token().await);
    for (path, kind) in [
        ("/api/docs/", "text/html; charset=utf-8"),
        ("/api/docs/start.js", "text/javascript; charset=utf-8"),
        ("/api/docs/swagger-ui.css", "text/css"),
        ("/api/docs/swagger-ui-bundle.js", "text/javascript"),
        ("/api/v1/openapi.json", "application/json"),
    ] {
        let get = |cookie: Option<&str>| {
            let mut request = Request::builder().uri(path);
            if let Some(cookie) = cookie {
                request = request.header("cookie", cookie);
            }
            let mut request = request.body(Body::empty()).unwrap();
            let peer: SocketAddr = format!("{NEAR}:4711").parse().unwrap();
            request.extensions_mut().insert(ConnectInfo(peer));
            server.router.clone().oneshot(request)
        };
        assert_eq!(get(None).await.unwrap().status(), 401, "{path}");
        let answer = get(Some(&cookie)).await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.headers()["content-type"], kind);
        let policy = answer.headers()["content-security-policy"]
            .to_str()
            .unwrap();
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
    }
}
