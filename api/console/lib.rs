//! The web console as it was built, in the binary. The build script (`build.rs`) makes it; `rt-manage-api` serves it.
//!
//! A crate of its own at the edge of the tree: it depends on nothing of ours, so that a change of Rust code builds no
//! page, and a change of a page compiles hardly any Rust. How it is developed: `docs/console.md`.

use include_dir::{Dir, include_dir};

static DIST: Dir<'_> = include_dir!("$OUT_DIR/dist");

/// What stands in `index.html` where each answer puts a nonce of its own (`html.cspNonce` in `vite.config.ts`).
pub const NONCE: &str = "__CSP_NONCE__";

/// Why this binary has no console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// `RTM_CONSOLE=placeholder` asked for it.
    Chosen,
    /// There was no npm with a Node.js that is new enough.
    NoNpm,
    /// `npm ci` could not install what the build needs.
    NotInstalled,
}

/// Why there is no console; `None` where there is one.
pub fn missing() -> Option<Missing> {
    match option_env!("RTM_CONSOLE_MISSING") {
        Some("chosen") => Some(Missing::Chosen),
        Some("no-npm") => Some(Missing::NoNpm),
        Some("not-installed") => Some(Missing::NotInstalled),
        _ => None,
    }
}

/// A built file by its path, such as `assets/index-wMppJXvm.css` or, compressed, `assets/index-wMppJXvm.css.br`.
pub fn file(path: &str) -> Option<&'static [u8]> {
    DIST.get_file(path).map(include_dir::File::contents)
}
