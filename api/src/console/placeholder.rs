//! What stands in the place of a console that was not built: what this is, where its API is, and how to get the console.

use axum::response::{Html, IntoResponse as _, Response};
use rt_manage_console::Missing;

use crate::state::App;

pub(super) fn page(app: &App) -> Response {
    let prefix = &app.config.auth.public_api_prefix;
    let version = env!("CARGO_PKG_VERSION");
    let why = why(rt_manage_console::missing());
    Html(format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><title>rt-manage</title></head><body>\
         <h1>rt-manage {version} · OAI RT 管理系统</h1>\
         <p>It keeps OpenAI refresh tokens alive and hands out their access tokens. 保持 OpenAI Refresh Token 有效并分发 Access Token。</p>\
         <ul><li><code>POST {prefix}/get-at</code> 获取 AT（不刷新）</li>\
         <li><code>POST {prefix}/refresh</code> 刷新 RT 并获取 AT</li>\
         <li><code>POST /api/v1/auth/login</code> 管理接口登录 · admin log-in</li>\
         <li><code>GET /api/v1/credentials</code> 令牌列表 · credentials</li>\
         <li><a href=\"/health\">/health</a> · <a href=\"/readyz\">/readyz</a></li></ul>\
         <p>{why}</p></body></html>"
    ))
    .into_response()
}

fn why(missing: Option<Missing>) -> &'static str {
    match missing {
        Some(Missing::NoNpm) => {
            "This binary has no web console: Node.js 20.19 or newer with npm was not there when it was built. Install it and \
             run <code>cargo build</code> again. 构建时没有 Node.js（需 20.19 以上）和 npm，因此不含管理控制台：安装后重新执行 \
             <code>cargo build</code>。"
        }
        Some(Missing::NotInstalled) => {
            "This binary has no web console: npm could not install its packages when it was built. Run <code>cargo build</code> \
             again where the npm registry can be reached. 构建时 npm 无法安装依赖，因此不含管理控制台：请在能访问 npm 源的环境重新执行 \
             <code>cargo build</code>。"
        }
        Some(Missing::Chosen) | None => {
            "This binary was built without the web console (<code>RTM_CONSOLE=placeholder</code>). Build it without that \
             variable to get it. 本程序构建时跳过了管理控制台（<code>RTM_CONSOLE=placeholder</code>），去掉该变量重新构建即可。"
        }
    }
}
