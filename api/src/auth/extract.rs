//! Extractors that say who may call a route. What a handler takes declares it: [`Admin`], [`Viewer`] and [`AnySession`] let
//! people in, [`Manage`] and [`Look`] programs with a key as well. A route that says nothing special is not open to keys.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};
use rt_manage_shared::{
    model::{
        audit::Actor,
        key::{Reach, Scope},
        role::Role,
    },
    vault::Secret,
};

use super::{
    caller::Caller,
    inside,
    presented::{Presented, log_in_first, presented, unauthorized},
    sessions::Session,
};
use crate::{
    error::Problem,
    keys::{self, Holder, Refused},
    routes::RequestId,
    state::App,
};

/// An administrator, who may do everything: a person, or whoever runs the command line beside the database.
#[derive(Debug, Clone)]
pub struct Admin(pub Actor);

/// Anybody who may look: administrators and viewers.
#[derive(Debug, Clone)]
pub struct Viewer(pub Actor);

/// Whoever may manage credentials: administrators, and programs whose key has the scope `manage`.
#[derive(Debug, Clone)]
pub struct Manage(pub Actor);

/// Whoever may look at credentials and at how they are kept alive: people, and programs whose key has the scope `view` or `manage`.
#[derive(Debug, Clone)]
pub struct Look(pub Actor);

/// Anybody with a session, even one that is only good for setting a password.
#[derive(Debug, Clone)]
pub struct AnySession {
    /// The session.
    pub session: Session,
    /// Who acts, for the audit log.
    pub actor: Actor,
}

/// Who sends a request.
enum Who {
    /// Whoever runs the command line.
    CommandLine,
    /// A person.
    Person(AnySession),
    /// A program.
    Program(Arc<Holder>, Actor),
}

impl Who {
    async fn of(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if inside::is_ours(&parts.extensions) {
            return Ok(Self::CommandLine);
        }
        let caller = Caller::from_request_parts(parts, app).await?;
        let RequestId(id) = parts.extensions.get().cloned().unwrap_or_default();
        match presented(parts)? {
            Presented::Session(token) => match app.sessions.check(token.expose()).await? {
                // What the published password opened stays near, like the password itself.
                Ok(session) if session.must_change_password && !caller.is_near() => {
                    Err(log_in_first())
                }
                Ok(session) => Ok(Self::Person(AnySession {
                    actor: caller.actor(&session.username, &id),
                    session,
                })),
                Err(_) => Err(log_in_first()),
            },
            Presented::Key(secret) => {
                let holder = admitted(app, &secret, caller, parts).await?;
                let actor = caller.key_actor(&holder.name, &id);
                Ok(Self::Program(holder, actor))
            }
        }
    }

    /// A person or the command line, and what they may do.
    fn full(self) -> Result<(Role, Actor), Problem> {
        match self {
            Self::CommandLine => Ok((Role::Administrator, Actor::command_line())),
            Self::Person(any) => full(any),
            Self::Program(..) => Err(not_for_keys()),
        }
    }
}

impl FromRequestParts<App> for AnySession {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match Who::of(parts, app).await? {
            Who::Person(any) => Ok(any),
            Who::Program(..) => Err(not_for_keys()),
            Who::CommandLine => Err(unauthorized("the command line has no session")),
        }
    }
}

impl FromRequestParts<App> for Viewer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let (_, actor) = Who::of(parts, app).await?.full()?;
        Ok(Self(actor))
    }
}

impl FromRequestParts<App> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let (role, actor) = Who::of(parts, app).await?.full()?;
        administrator(role).map(|()| Self(actor))
    }
}

impl FromRequestParts<App> for Look {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match Who::of(parts, app).await? {
            Who::Program(holder, actor) => {
                allowed(&holder, &[Scope::View, Scope::Manage]).map(|()| Self(actor))
            }
            who => who.full().map(|(_, actor)| Self(actor)),
        }
    }
}

impl FromRequestParts<App> for Manage {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match Who::of(parts, app).await? {
            Who::Program(holder, actor) => allowed(&holder, &[Scope::Manage]).map(|()| Self(actor)),
            who => {
                let (role, actor) = who.full()?;
                administrator(role).map(|()| Self(actor))
            }
        }
    }
}

/// What the holder of a session may do, where it is good for more than setting a password.
fn full(any: AnySession) -> Result<(Role, Actor), Problem> {
    if any.session.must_change_password {
        return Err(Problem::forbidden(
            "password_change_required",
            "this session was opened with the example's password and can only set a new one: POST /api/v1/auth/password",
        ));
    }
    Ok((any.session.role, any.actor))
}

fn administrator(role: Role) -> Result<(), Problem> {
    match role {
        Role::Administrator => Ok(()),
        Role::Viewer => Err(Problem::forbidden(
            "administrator_required",
            "this needs the role of an administrator; a viewer may only look",
        )),
    }
}

/// Whose key this is; one request of its minute is taken.
async fn admitted(
    app: &App,
    secret: &Secret,
    caller: Caller,
    parts: &Parts,
) -> Result<Arc<Holder>, Problem> {
    let presented = keys::Presented {
        secret: secret.expose().as_bytes(),
        peer: Some(caller.address),
        headers: &parts.headers,
    };
    let holder = app.keys.authenticate(presented).await.map_err(told)?;
    app.keys.charge(&holder, 1).map_err(|wait| {
        keys::count_refusal("rate_limit");
        let limit = holder.rate_limit_per_minute.unwrap_or_default();
        let detail = format!("the key has made its {limit} requests of this minute");
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail).retry_in(wait)
    })?;
    if holder.key.is_configured() {
        return Err(unauthorized(
            "auth.api_secret opens nothing here; make a key with the scope `view` or `manage`, or log in: POST /api/v1/auth/login",
        ));
    }
    Ok(holder)
}

fn told(refused: Refused) -> Problem {
    let reason = refused.reason();
    match refused {
        Refused::Database(error) => return error.into(),
        Refused::Slow(wait) => {
            keys::count_refusal(reason);
            let detail = "wrong keys keep coming from this address; right ones are let through";
            return Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", detail)
                .retry_in(wait);
        }
        Refused::Wrong | Refused::PlaceholderFromOutside | Refused::Unusable(_) => {}
    }
    keys::count_refusal(reason);
    unauthorized("the key is wrong, or was revoked, switched off, or has expired")
}

/// Whether a key has one of these scopes. Keys with them reach all credentials: one that does not was made otherwise.
fn allowed(holder: &Holder, scopes: &[Scope]) -> Result<(), Problem> {
    let has = scopes.iter().any(|scope| holder.scopes.has(*scope));
    if has && holder.reach == Reach::All {
        return Ok(());
    }
    keys::count_refusal("scope");
    let names: Vec<_> = scopes.iter().map(|scope| format!("`{scope}`")).collect();
    let detail = format!("this needs a key with the scope {}", names.join(" or "));
    Err(Problem::forbidden("forbidden_scope", detail))
}

fn not_for_keys() -> Problem {
    keys::count_refusal("not_for_keys");
    Problem::forbidden(
        "key_not_allowed",
        "this is for people only, whatever a key may do: log in, POST /api/v1/auth/login",
    )
}
