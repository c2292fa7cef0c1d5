//! The `credentials` table: identity, client id, egress and notes of each credential.

use crate::{
    clock::Millis,
    id::{CredentialId, ProxyId},
    model::{credential::named_proxy, grant::Grant},
};

use super::{Arg, DbError, Execute, Row, grants, rows::insert_rows, sql};

pub use super::credentials_list::{Collected, Limits, Listed, Query, accepts, collect, list};
pub use super::credentials_many::{bury_many, by_ids, names, update_profiles};
pub use super::credentials_standing::{Standing, named, seated, standing};

/// What an operator sets on a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The operator's own name for it: unique, compared byte by byte.
    pub biz_id: String,
    /// The client id that its refresh token was issued to.
    pub client_id: String,
    /// The sealed proxy URL; `None` follows the configuration.
    pub proxy: Option<Vec<u8>>,
    /// Key of the egress that the proxy stands for.
    pub egress: String,
    /// The egress without credentials, for people.
    pub egress_label: String,
    /// A label.
    pub tag: String,
    /// A note.
    pub memo: String,
    /// Whether it may be refreshed and handed out.
    pub enabled: bool,
}

impl Profile {
    /// The named proxy that it refers to. The column of that name repeats what `egress` says, for its index.
    pub fn proxy_id(&self) -> Option<ProxyId> {
        named_proxy(&self.egress)
    }
}

/// What the upstream tells about whose credential it is. Display data: an absent value keeps the old one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// E-mail address.
    pub email: Option<String>,
    /// Name of the person.
    pub name: Option<String>,
    /// The workspace; several people may share it.
    pub account_id: Option<String>,
    /// The person.
    pub user_id: Option<String>,
    /// The plan.
    pub plan: Option<String>,
}

/// A credential with its grant's state, without any secret.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Its id.
    pub id: CredentialId,
    /// What the operator set.
    pub profile: Profile,
    /// What the upstream told.
    pub identity: Identity,
    /// The refresh state.
    pub grant: Grant,
    /// Raised with each change of the profile.
    pub revision: i64,
    /// When it was added.
    pub created_at: Millis,
    /// When its profile changed last.
    pub updated_at: Millis,
    /// When it was deleted.
    pub deleted_at: Option<Millis>,
}

pub(super) const COLUMNS: &str = "c.id, c.biz_id, c.email, c.name, c.account_id, c.user_id, c.plan, c.client_id, c.proxy, c.egress, \
     c.egress_label, c.tag, c.memo, c.enabled, c.revision, c.created_at, c.updated_at, c.deleted_at, \
     g.credential_id, g.state, g.held_reason, g.attempt_id, g.rt_fp, g.doubt_since, g.probes, g.failures, g.last_code, \
     g.next_refresh_at, g.refreshed_at, g.at_issued_at, g.at_expires_at";
pub(super) const FROM: &str = "FROM {credentials} c JOIN {grants} g ON g.credential_id = c.id";

/// A credential to be added.
#[derive(Debug, Clone)]
pub struct New {
    /// Its id.
    pub id: CredentialId,
    /// What the operator set.
    pub profile: Profile,
    /// What is known of whose it is.
    pub identity: Identity,
    /// Since when it is known.
    pub created_at: Millis,
    /// Now.
    pub updated_at: Millis,
}

/// Adds a credential. [`DbError::Duplicate`]: its `biz_id` is taken.
pub async fn insert(
    db: &mut impl Execute,
    id: CredentialId,
    profile: &Profile,
    identity: &Identity,
    now: Millis,
) -> Result<(), DbError> {
    let new = New {
        id,
        profile: profile.clone(),
        identity: identity.clone(),
        created_at: now,
        updated_at: now,
    };
    insert_many(db, vec![new]).await
}

/// Adds credentials. [`DbError::Duplicate`]: a `biz_id` is taken.
pub async fn insert_many(db: &mut impl Execute, all: Vec<New>) -> Result<(), DbError> {
    let rows = all.into_iter().map(|new| {
        let (profile, identity) = (new.profile, new.identity);
        let proxy_id = profile.proxy_id();
        vec![
            new.id.into(),
            profile.biz_id.into(),
            identity.email.into(),
            identity.name.into(),
            identity.account_id.into(),
            identity.user_id.into(),
            identity.plan.into(),
            profile.client_id.into(),
            profile.proxy.into(),
            proxy_id.into(),
            profile.egress.into(),
            profile.egress_label.into(),
            profile.tag.into(),
            profile.memo.into(),
            profile.enabled.into(),
            "".into(),
            1_i64.into(),
            new.created_at.into(),
            new.updated_at.into(),
        ]
    });
    insert_rows(
        db,
        "credentials",
        "id, biz_id, email, name, account_id, user_id, plan, client_id, proxy, proxy_id, egress, egress_label, tag, memo, \
         enabled, tombstone, revision, created_at, updated_at",
        rows.collect(),
    )
    .await
}

/// Reads a credential that was not deleted.
pub async fn by_id(db: &mut impl Execute, id: CredentialId) -> Result<Option<Credential>, DbError> {
    let statement = sql(format!(
        "SELECT {COLUMNS} {FROM} WHERE c.id = ? AND c.tombstone = ''"
    ))
    .bind(id);
    db.fetch_optional(statement)
        .await?
        .as_ref()
        .map(credential)
        .transpose()
}

/// Reads a credential that was deleted.
pub async fn deleted_by_id(
    db: &mut impl Execute,
    id: CredentialId,
) -> Result<Option<Credential>, DbError> {
    let statement = sql(format!(
        "SELECT {COLUMNS} {FROM} WHERE c.id = ? AND c.tombstone <> ''"
    ))
    .bind(id);
    db.fetch_optional(statement)
        .await?
        .as_ref()
        .map(credential)
        .transpose()
}

/// A credential with its sealed tokens, for handing them out.
#[derive(Debug, Clone)]
pub struct WithTokens {
    /// The credential.
    pub credential: Credential,
    /// The sealed refresh token.
    pub rt: Vec<u8>,
    /// The sealed access token.
    pub access_token: Option<Vec<u8>>,
}

/// How a client names a credential.
#[derive(Debug, Clone, Copy)]
pub enum Key<'a> {
    /// By our id.
    Id(CredentialId),
    /// By `biz_id`, compared byte by byte.
    BizId(&'a str),
    /// By e-mail address, which need not be unique.
    Email(&'a str),
}

/// Finds a credential with its sealed tokens; up to two where an e-mail address does not tell which.
pub async fn with_tokens(db: &mut impl Execute, key: Key<'_>) -> Result<Vec<WithTokens>, DbError> {
    let (column, value): (_, Arg) = match key {
        Key::Id(id) => ("id", id.into()),
        Key::BizId(biz_id) => ("biz_id", biz_id.into()),
        Key::Email(email) => ("email", email.into()),
    };
    let text = format!(
        "SELECT {COLUMNS}, g.rt, g.access_token {FROM} WHERE c.{column} = ? AND c.tombstone = '' ORDER BY c.id LIMIT 2"
    );
    let rows = db.fetch_all(sql(text).bind(value)).await?;
    rows.iter()
        .map(|row| {
            Ok(WithTokens {
                credential: credential(row)?,
                rt: row.bytes("rt")?,
                access_token: row.opt_bytes("access_token")?,
            })
        })
        .collect()
}

/// Whether a `biz_id` is taken.
pub async fn biz_id_taken(db: &mut impl Execute, biz_id: &str) -> Result<bool, DbError> {
    let statement =
        sql("SELECT id FROM {credentials} WHERE biz_id = ? AND tombstone = ''").bind(biz_id);
    Ok(db.fetch_optional(statement).await?.is_some())
}

/// How many credentials there are.
pub async fn total(db: &mut impl Execute) -> Result<i64, DbError> {
    let row = db
        .fetch_optional(sql(
            "SELECT COUNT(*) AS n FROM {credentials} WHERE tombstone = ''",
        ))
        .await?;
    row.map_or(Ok(0), |row| row.int("n"))
}

/// Changes a profile that still has this revision. `false`: it has not.
pub async fn update_profile(
    db: &mut impl Execute,
    id: CredentialId,
    revision: i64,
    profile: &Profile,
    now: Millis,
) -> Result<bool, DbError> {
    let statement = sql("UPDATE {credentials} SET biz_id = ?, client_id = ?, proxy = ?, proxy_id = ?, egress = ?, egress_label = ?, tag = ?, \
         memo = ?, enabled = ?, revision = revision + 1, updated_at = ? \
         WHERE id = ? AND revision = ? AND tombstone = ''")
    .bind(profile.biz_id.clone())
    .bind(profile.client_id.clone())
    .bind(profile.proxy.clone())
    .bind(profile.proxy_id())
    .bind(profile.egress.clone())
    .bind(profile.egress_label.clone())
    .bind(profile.tag.clone())
    .bind(profile.memo.clone())
    .bind(profile.enabled)
    .bind(now)
    .bind(id)
    .bind(revision);
    Ok(db.execute(statement).await? == 1)
}

/// Takes over what the upstream told; values that it did not tell stay.
pub async fn learn_identity(
    db: &mut impl Execute,
    id: CredentialId,
    identity: &Identity,
) -> Result<(), DbError> {
    let statement = sql("UPDATE {credentials} SET email = COALESCE(?, email), name = COALESCE(?, name), \
         account_id = COALESCE(?, account_id), user_id = COALESCE(?, user_id), plan = COALESCE(?, plan) WHERE id = ?")
    .bind(identity.email.clone())
    .bind(identity.name.clone())
    .bind(identity.account_id.clone())
    .bind(identity.user_id.clone())
    .bind(identity.plan.clone())
    .bind(id);
    db.execute(statement).await.map(|_| ())
}

/// Marks a credential as deleted; its row and its sealed tokens stay until they are purged.
pub async fn bury(db: &mut impl Execute, id: CredentialId, now: Millis) -> Result<bool, DbError> {
    let statement = sql(
        "UPDATE {credentials} SET tombstone = id, deleted_at = ?, revision = revision + 1 \
         WHERE id = ? AND tombstone = ''",
    )
    .bind(now)
    .bind(id);
    Ok(db.execute(statement).await? == 1 && grants::set_deleted(db, id, true).await?)
}

/// Takes a deleted credential back. [`DbError::Duplicate`]: its `biz_id` is taken by now.
pub async fn unbury(db: &mut impl Execute, id: CredentialId, now: Millis) -> Result<bool, DbError> {
    let statement = sql(
        "UPDATE {credentials} SET tombstone = '', deleted_at = NULL, revision = revision + 1, updated_at = ? \
         WHERE id = ? AND tombstone <> ''",
    )
    .bind(now)
    .bind(id);
    Ok(db.execute(statement).await? == 1 && grants::set_deleted(db, id, false).await?)
}

/// Removes a deleted credential for good. Its spent refresh tokens stay remembered.
pub async fn purge(db: &mut impl Execute, id: CredentialId) -> Result<(), DbError> {
    grants::delete(db, id).await?;
    db.execute(sql("DELETE FROM {credentials} WHERE id = ? AND tombstone <> ''").bind(id))
        .await
        .map(|_| ())
}

pub(super) fn identity(row: &Row) -> Result<Identity, DbError> {
    Ok(Identity {
        email: row.opt_text("email")?,
        name: row.opt_text("name")?,
        account_id: row.opt_text("account_id")?,
        user_id: row.opt_text("user_id")?,
        plan: row.opt_text("plan")?,
    })
}

pub(super) fn credential(row: &Row) -> Result<Credential, DbError> {
    let grant = grants::grant(row)?;
    Ok(Credential {
        id: grant.credential,
        profile: Profile {
            biz_id: row.text("biz_id")?,
            client_id: row.text("client_id")?,
            proxy: row.opt_bytes("proxy")?,
            egress: row.text("egress")?,
            egress_label: row.text("egress_label")?,
            tag: row.text("tag")?,
            memo: row.text("memo")?,
            enabled: row.flag("enabled")?,
        },
        identity: identity(row)?,
        grant,
        revision: row.int("revision")?,
        created_at: Millis(row.int("created_at")?),
        updated_at: Millis(row.int("updated_at")?),
        deleted_at: row.opt_millis("deleted_at")?,
    })
}
