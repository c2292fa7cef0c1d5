//! Who may do what: administrators' sessions and passwords, and the rules for the secrets that ship in
//! examples.

mod backoff;
mod caller;
mod cookie;
mod extract;
mod inside;
mod login;
mod open_sessions;
mod password;
pub mod placeholder;
mod presented;
mod refusals;
mod sessions;
mod signing;

pub use self::{
    backoff::WrongKeys,
    caller::Caller,
    cookie::{clear_cookie, set_cookie},
    extract::{Admin, AnySession, Look, Manage, Viewer},
    login::{AuthError, Client, LoggedIn},
    password::{HashError, PasswordRule, check_new_password, hash_password},
    sessions::{Session, Sessions, SessionsError},
    signing::Refused,
};
pub(crate) use self::{inside::mark_as_ours, presented::bearer_token};
