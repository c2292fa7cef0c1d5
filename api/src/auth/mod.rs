//! Who may do what: administrators' sessions and passwords, and the rules for the secrets that ship in
//! examples.

mod backoff;
mod caller;
mod cookie;
mod extract;
mod login;
mod open_sessions;
mod password;
pub mod placeholder;
mod refusals;
mod sessions;
mod signing;

pub use self::{
    backoff::WrongKeys,
    caller::Caller,
    cookie::{clear_cookie, set_cookie},
    extract::{Admin, AnySession, Viewer},
    login::{AuthError, Client, LoggedIn},
    password::{HashError, PasswordRule, check_new_password, hash_password},
    sessions::{Session, Sessions, SessionsError},
    signing::Refused,
};
