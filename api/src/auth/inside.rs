//! [`Inside`]: the mark of a request that this process makes itself, for whoever runs the command line.
//!
//! Whoever can open the database and has the sealing keys can do everything anyway, so such a request needs no log-in. The mark
//! is a value in the request's extensions. What comes over a connection is method, address, headers and body; none of them
//! ever becomes an extension of this type, which no other module can make.

use axum::http::{Extensions, Request};

/// The mark. Nobody outside of this module can make one.
#[derive(Debug, Clone, Copy)]
struct Inside(());

/// Marks a request as our own. For the transport that calls the router without a listener, and for nobody else.
pub(crate) fn mark_as_ours<B>(request: &mut Request<B>) {
    request.extensions_mut().insert(Inside(()));
}

/// Whether this process made the request itself.
pub(super) fn is_ours(extensions: &Extensions) -> bool {
    matches!(extensions.get(), Some(Inside(())))
}
