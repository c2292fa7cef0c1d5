//! What the console's addresses answer, over files of our own and over the router.

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
    response::Response,
};
use tempfile::TempDir;
use tower::ServiceExt as _;

use super::Site;
use crate::routes::{self, admin::tests::Server};

/// A built console, as small as one can be.
fn site() -> (TempDir, Site) {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("assets")).unwrap();
    for (path, content) in [
        (
            "index.html",
            "<meta property=csp-nonce nonce=\"__CSP_NONCE__\"><script nonce=\"__CSP_NONCE__\">",
        ),
        ("assets/a-1.js", "plain"),
        ("assets/a-1.js.br", "br"),
        ("assets/a-1.js.gz", "gz"),
        ("assets/b-2.woff2", "font"),
        ("favicon.svg", "<svg/>"),
    ] {
        std::fs::write(folder.path().join(path), content).unwrap();
    }
    let site = Site::Folder(folder.path().to_owned());
    (folder, site)
}

fn get(path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::builder().uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

const PAGE: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

async fn text(answer: Response) -> String {
    let bytes = to_bytes(answer.into_body(), 100_000).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn head<'a>(answer: &'a Response, name: &str) -> &'a str {
    let value = answer.headers().get(name);
    value.map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn each_page_has_a_nonce_of_its_own() {
    let server = Server::new().await;
    let (_folder, site) = site();
    let mut seen = std::collections::HashSet::new();
    for path in [
        "/",
        "/credentials",
        "/credentials/01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "/login?next=%2F",
    ] {
        let answer = site.answer(&server.app, &get(path, &[PAGE]));
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(head(&answer, "cache-control"), "no-cache");
        assert_eq!(head(&answer, "etag"), "");
        let policy = head(&answer, "content-security-policy").to_owned();
        let nonce = policy
            .split("'nonce-")
            .nth(1)
            .unwrap()
            .split('\'')
            .next()
            .unwrap()
            .to_owned();
        assert!(policy.contains("script-src 'self';"), "{policy}");
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        let page = text(answer).await;
        assert!(!page.contains(rt_manage_console::NONCE));
        assert_eq!(
            page.matches(&format!("nonce=\"{nonce}\"")).count(),
            2,
            "{page}"
        );
        assert!(nonce.len() >= 22 && seen.insert(nonce));
    }
}

#[tokio::test]
async fn files_go_compressed_and_for_ever() {
    let server = Server::new().await;
    let (_folder, site) = site();
    for (accept, encoding, body) in [
        ("gzip, deflate, br, zstd", "br", "br"),
        ("gzip", "gzip", "gz"),
        ("br;q=0, gzip;q=0.5", "gzip", "gz"),
        ("*", "br", "br"),
        ("identity", "", "plain"),
        ("", "", "plain"),
    ] {
        let request = get("/assets/a-1.js", &[("accept-encoding", accept)]);
        let answer = site.answer(&server.app, &request);
        assert_eq!(head(&answer, "content-encoding"), encoding, "{accept}");
        assert_eq!(head(&answer, "vary"), "accept-encoding");
        assert_eq!(head(&answer, "content-type"), "text/javascript");
        assert!(head(&answer, "cache-control").contains("immutable"));
        assert_eq!(text(answer).await, body, "{accept}");
    }
    let answer = site.answer(
        &server.app,
        &get("/assets/b-2.woff2", &[("accept-encoding", "br")]),
    );
    assert_eq!(head(&answer, "content-encoding"), "");
    assert_eq!(head(&answer, "content-type"), "font/woff2");
}

#[tokio::test]
async fn files_without_a_hash_are_asked_for_again() {
    let server = Server::new().await;
    let (_folder, site) = site();
    let answer = site.answer(&server.app, &get("/favicon.svg", &[]));
    assert_eq!(
        (answer.status(), head(&answer, "cache-control")),
        (StatusCode::OK, "no-cache")
    );
    let tag = head(&answer, "etag").to_owned();
    let again = site.answer(
        &server.app,
        &get("/favicon.svg", &[("if-none-match", &tag)]),
    );
    assert_eq!(
        (again.status(), head(&again, "etag")),
        (StatusCode::NOT_MODIFIED, &*tag)
    );
    let other = site.answer(
        &server.app,
        &get("/favicon.svg", &[("if-none-match", "\"other\"")]),
    );
    assert_eq!(other.status(), StatusCode::OK);
}

#[tokio::test]
async fn no_api_and_no_missing_file_is_answered_with_a_page() {
    let server = Server::new().await;
    let (_folder, site) = site();
    let is_problem = |answer: &Response| {
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        assert_eq!(head(answer, "content-type"), "application/problem+json");
    };
    for path in [
        "/api",
        "/api/",
        "/api/v2",
        "/api/docsx",
        "/public-api",
        "/public-api/nothing",
        "/health/x",
        "/livez/x",
        "/readyz/x",
        "/metrics/x",
        "/assets/gone-1.js",
        "/assets/../../secret",
    ] {
        is_problem(&site.answer(&server.app, &get(path, &[PAGE])));
    }
    // Programs take anything; they do not name HTML.
    is_problem(&site.answer(&server.app, &get("/credentials", &[("accept", "*/*")])));
    is_problem(&site.answer(&server.app, &get("/credentials", &[])));
    let mut post = get("/credentials", &[PAGE]);
    *post.method_mut() = axum::http::Method::POST;
    is_problem(&site.answer(&server.app, &post));
    // What only begins alike is a place of the console.
    let answer = site.answer(&server.app, &get("/apis", &[PAGE]));
    assert_eq!(answer.status(), StatusCode::OK);
}

/// Whatever was built: the first page is one, is hardened, and unknown addresses of the API are problems.
#[tokio::test]
async fn over_the_router() {
    let server = Server::new().await;
    let router = routes::router(server.app.clone());
    let first = router.clone().oneshot(get("/", &[])).await.unwrap();
    assert_eq!(first.status(), StatusCode::OK);
    assert!(head(&first, "content-type").starts_with("text/html"));
    assert_eq!(head(&first, "x-content-type-options"), "nosniff");
    assert!(head(&first, "content-security-policy").contains("frame-ancestors 'none'"));
    assert!(
        first
            .headers()
            .contains_key(header::CONTENT_SECURITY_POLICY)
    );
    if rt_manage_console::file("index.html").is_none() {
        let page = text(first).await;
        assert!(
            page.contains("/public-api/get-at") && page.contains("RTM_CONSOLE=placeholder"),
            "{page}"
        );
    }
    let unknown = router
        .clone()
        .oneshot(get("/api/nothing", &[PAGE]))
        .await
        .unwrap();
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    assert_eq!(head(&unknown, "content-type"), "application/problem+json");
}
