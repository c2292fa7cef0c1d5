//! What a record of the predecessor is here.

use rt_manage_shared::{
    clock::Millis,
    db::{
        credentials::Identity,
        predecessor::{NotText, OldRow},
    },
    model::{
        credential::{MAX_MEMO_CHARS, MAX_TAG_CHARS, check_biz_id, check_client_id},
        grant::Carried,
    },
    openai::{self, Claims, ProxyUrl},
    vault::{Fingerprint, Secret},
};

use super::times;
use crate::{
    credentials::{MAX_ACCESS_TOKEN_BYTES, Migrated},
    import::foreign,
};

/// Longest text that is taken over as somebody's name, address or plan, in bytes; as for what the upstream tells.
const MAX_IDENTITY_BYTES: usize = 512;

/// What a record that says nothing has.
#[derive(Debug, Clone)]
pub(super) struct Defaults {
    /// The client id that the old program has used for records without one.
    pub(super) client_id: String,
}

/// A record that can be taken over, and what of it could not be taken over as it was.
pub(super) struct Readable {
    pub(super) migrated: Migrated,
    pub(super) notes: Vec<&'static str>,
}

/// Both fingerprints of a record, for a first look at all of them.
pub(super) struct Prints {
    pub(super) held: Option<Fingerprint>,
    pub(super) spent: Option<Fingerprint>,
}

/// A refresh token and the one before. The one before is spent, unless it is the same, or the old program has lost the other.
pub(super) fn prints(row: &OldRow) -> Prints {
    let print = |column| {
        let text = row.text(column).ok().flatten();
        text.map(|text| Fingerprint::of(&Secret::new(text)))
    };
    let (held, last) = (print("rt"), print("last_rt"));
    let spent = last.filter(|last| held.as_ref().is_some_and(|held| held != last));
    Prints { held, spent }
}

/// The name of a record that has none: the same one each time.
fn unnamed(id: i64) -> String {
    format!("rt_old_{id}")
}

/// Its name as clients give it, byte by byte.
fn named(row: &OldRow) -> Result<Option<&str>, NotText> {
    let text = row.bytes("biz_id").map(std::str::from_utf8).transpose();
    let text = text.map_err(|_| NotText)?;
    Ok(text.filter(|text| !text.trim().is_empty()))
}

/// The name by which a record is told of.
pub(super) fn name(row: &OldRow) -> Option<String> {
    let text = named(row).ok().flatten()?;
    check_biz_id(text).ok().map(|()| text.to_owned())
}

/// Reads a record, or says why it cannot be taken over. No message repeats a token.
pub(super) fn read(row: &OldRow, defaults: &Defaults, now: Millis) -> Result<Readable, String> {
    let mut notes = Vec::new();
    let required = |column: &'static str| {
        let told = move |error: NotText| format!("{column}: {error}");
        row.text(column).map_err(told)
    };
    let optional = |column| row.text(column).ok().flatten();
    let token = required("rt")?.ok_or_else(|| no_token(row))?;
    if let Some(reason) = foreign(token) {
        return Err(reason.to_owned());
    }
    let refresh_token = openai::validate(token).map_err(|error| error.to_string())?;
    let biz_id = named(row).map_err(|error| format!("biz_id: {error}"))?;
    let biz_id = biz_id.map_or_else(|| unnamed(row.id), str::to_owned);
    check_biz_id(&biz_id).map_err(|error| format!("biz_id: {error}"))?;
    let (access_token, claims) = access(optional("at"), &mut notes);
    let client_id = client_id(required("client_id")?, &claims, defaults, &mut notes)?;
    let proxy = required("proxy")?.map(ProxyUrl::parse).transpose();
    let proxy = proxy.map_err(|error| format!("proxy: {error}"))?;
    let past = |column| {
        let at = optional(column).and_then(times::read);
        at.filter(|at| *at <= now)
    };
    let expires = claims.exp.map(Millis::from_seconds);
    let issued = claims.iat.map(Millis::from_seconds).filter(|at| *at <= now);
    let carried = Carried {
        refreshed_at: past("last_refresh_time"),
        access: access_token
            .as_ref()
            .and(expires)
            .map(|end| (issued.unwrap_or(now), end)),
    };
    let identity = |column, claim: Option<String>| {
        let plain =
            |text: &&str| text.len() <= MAX_IDENTITY_BYTES && !text.contains(char::is_control);
        optional(column).filter(plain).map(str::to_owned).or(claim)
    };
    let migrated = Migrated {
        identity: Identity {
            email: identity("email", claims.email),
            name: identity("user_name", claims.name),
            account_id: claims.account_id,
            user_id: claims.user_id,
            plan: identity("type", claims.plan_type),
        },
        tag: plain(
            optional("tag"),
            MAX_TAG_CHARS,
            "",
            "tag: shortened",
            &mut notes,
        ),
        memo: plain(
            optional("memo"),
            MAX_MEMO_CHARS,
            "\n\r\t",
            "memo: shortened",
            &mut notes,
        ),
        enabled: row.bytes("enabled").is_none_or(is_true),
        created_at: past("create_time"),
        spent: prints(row).spent,
        biz_id,
        client_id,
        proxy,
        proxy_id: None,
        refresh_token,
        access_token,
        carried,
    };
    Ok(Readable { migrated, notes })
}

/// The old program blanks a refresh token where an answer brings no successor; the one before is still good then.
fn no_token(row: &OldRow) -> String {
    let last = row
        .bytes("last_rt")
        .is_some_and(|last| !last.trim_ascii().is_empty());
    if last {
        "there is no refresh token; the old program may have lost it while `last_rt` is still good: import that one by hand once it has stopped".to_owned()
    } else {
        "there is no refresh token".to_owned()
    }
}

/// An access token and what it says. One whose end cannot be read is of no use: nobody would know until when to hand it out.
fn access(token: Option<&str>, notes: &mut Vec<&'static str>) -> (Option<Secret>, Claims) {
    let Some(token) = token else {
        return (None, Claims::default());
    };
    let secret = Secret::new(token);
    let claims = Claims::read(&secret);
    let whole =
        token.len() <= MAX_ACCESS_TOKEN_BYTES && token.bytes().all(|byte| byte.is_ascii_graphic());
    if whole && claims.exp.is_some() {
        (Some(secret), claims)
    } else {
        notes.push("at: left out, because its end cannot be read");
        (None, claims)
    }
}

/// The old program assigned client ids anew whenever its list was saved, so the token itself is believed first.
fn client_id(
    stored: Option<&str>,
    claims: &Claims,
    defaults: &Defaults,
    notes: &mut Vec<&'static str>,
) -> Result<String, String> {
    let told = claims.client();
    let told = told.as_deref().filter(|told| check_client_id(told).is_ok());
    let Some(told) = told else {
        let client_id = stored.unwrap_or(&defaults.client_id);
        check_client_id(client_id).map_err(|error| format!("client_id: {error}"))?;
        return Ok(client_id.to_owned());
    };
    if stored.is_some_and(|stored| stored != told) {
        notes.push("client_id: the access token's was taken, because its own differs");
    }
    Ok(told.to_owned())
}

/// A text without control characters, as long as it may be.
fn plain(
    text: Option<&str>,
    max: usize,
    welcome: &str,
    note: &'static str,
    notes: &mut Vec<&'static str>,
) -> String {
    let text = text.unwrap_or_default();
    let kept = text
        .chars()
        .filter(|c| !c.is_control() || welcome.contains(*c));
    let kept: String = kept.take(max).collect();
    if kept != text {
        notes.push(note);
    }
    kept
}

/// As SQLite and MySQL store it: a number, a text, or one bit.
fn is_true(bytes: &[u8]) -> bool {
    !matches!(
        bytes.trim_ascii().to_ascii_lowercase().as_slice(),
        b"" | b"0" | b"\0" | b"0.0" | b"false" | b"f" | b"no" | b"off"
    )
}
