//! What is written down about people and programs: who did what to what. Each kind of deed is a variant here; what more there is
//! to say about one stands in its detail.

use serde_json::{Map, Value};

use super::text_enum;

text_enum! {
    /// What kind of somebody did it.
    ActorKind {
        /// A person with a session.
        User = "user",
        /// A program with an API key.
        Key = "key",
        /// Whoever can run the command line on a host of ours.
        CommandLine = "command_line",
        /// The installation itself.
        System = "system",
    }
}

text_enum! {
    /// What was done.
    Action {
        /// A session was opened.
        LogIn = "session.open",
        /// A password, or who had given it, was wrong.
        LogInFailed = "session.refused",
        /// A session was ended.
        LogOut = "session.close",
        /// A person was added.
        UserCreate = "user.create",
        /// A person's role, or whether they may log in, was changed.
        UserEdit = "user.edit",
        /// A person was removed.
        UserDelete = "user.delete",
        /// A password was set.
        PasswordSet = "user.password",
        /// A credential was added.
        CredentialCreate = "credential.create",
        /// A credential was changed.
        CredentialEdit = "credential.edit",
        /// A credential was deleted.
        CredentialDelete = "credential.delete",
        /// A deleted credential came back.
        CredentialRestore = "credential.restore",
        /// A credential was removed for good.
        CredentialPurge = "credential.purge",
        /// A refresh token was revoked at the upstream.
        CredentialRevoke = "credential.revoke",
        /// A secret was shown.
        CredentialReveal = "credential.reveal",
        /// A refresh was asked for.
        CredentialRefresh = "credential.refresh",
        /// A credential in doubt was decided about.
        CredentialResolve = "credential.resolve",
        /// A held credential was tried again.
        CredentialRetry = "credential.retry",
        /// Tokens that were set aside were put in.
        OrphanApply = "orphan.apply",
        /// Tokens that were set aside were thrown away.
        OrphanDiscard = "orphan.discard",
        /// Refreshing was stopped.
        Pause = "refreshing.pause",
        /// Refreshing goes on.
        Resume = "refreshing.resume",
        /// Credentials were brought in from a file.
        Import = "credentials.import",
        /// Credentials were taken over from the predecessor's database.
        Migrate = "credentials.migrate",
        /// Somebody has said that the predecessor does not run any more.
        MigrationConfirm = "migration.confirm",
        /// Credentials were taken out with their tokens.
        Export = "credentials.export",
        /// The same was begun to be done to many credentials.
        Bulk = "credentials.bulk",
        /// A job was given up.
        JobCancel = "job.cancel",
        /// What had failed in a job was begun anew.
        JobRetry = "job.retry",
        /// Settings were changed.
        SettingsEdit = "settings.edit",
        /// A proxy was added.
        ProxyCreate = "proxy.create",
        /// A proxy was changed.
        ProxyEdit = "proxy.edit",
        /// A proxy was removed.
        ProxyDelete = "proxy.delete",
        /// A proxy was tried.
        ProxyTest = "proxy.test",
        /// A client id was named.
        ClientIdCreate = "client_id.create",
        /// The name of a client id was changed.
        ClientIdEdit = "client_id.edit",
        /// The name of a client id was removed.
        ClientIdDelete = "client_id.delete",
        /// An API key was made.
        KeyCreate = "key.create",
        /// An API key was changed.
        KeyEdit = "key.edit",
        /// An API key was revoked.
        KeyRevoke = "key.revoke",
        /// Somebody has said that the sealing key is backed up.
        KeyBackupConfirm = "sealing_key.confirm",
        /// The audit log was taken out.
        AuditExport = "audit.export",
    }
}

text_enum! {
    /// What kind of thing it was done to.
    TargetKind {
        /// A credential, by its id.
        Credential = "credential",
        /// An attempt, by its id.
        Attempt = "attempt",
        /// A person, by the user name.
        User = "user",
        /// A session, by its id.
        Session = "session",
        /// An API key, by its id.
        Key = "key",
        /// A proxy, by its id.
        Proxy = "proxy",
        /// A client id.
        ClientId = "client_id",
        /// A way out, by its name for people.
        Egress = "egress",
        /// A version of the settings.
        Settings = "settings",
        /// A job, by its id.
        Job = "job",
    }
}

/// Who does something, and on whose behalf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// What kind of somebody.
    pub kind: ActorKind,
    /// User name, name of the key, or whoever runs the command line.
    pub name: String,
    /// Where the request came from.
    pub address: Option<String>,
    /// The HTTP request.
    pub request_id: Option<String>,
}

impl Actor {
    /// Whoever runs the command line.
    pub fn command_line() -> Self {
        Self {
            kind: ActorKind::CommandLine,
            name: "command line".to_owned(),
            address: None,
            request_id: None,
        }
    }

    /// The installation itself.
    pub fn system() -> Self {
        Self {
            kind: ActorKind::System,
            name: "rt-manage".to_owned(),
            address: None,
            request_id: None,
        }
    }
}

/// What was done to what.
#[derive(Debug, Clone, PartialEq)]
pub struct Deed {
    /// What.
    pub action: Action,
    /// To what.
    pub target: Option<(TargetKind, String)>,
    /// What more there is to say. Never a secret, and never a whole value of free text.
    pub detail: Map<String, Value>,
}

impl Deed {
    /// A deed.
    pub fn new(action: Action) -> Self {
        Self {
            action,
            target: None,
            detail: Map::new(),
        }
    }

    /// To what.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "identifiers are small, and texts come as references"
    )]
    pub fn to(mut self, kind: TargetKind, target: impl ToString) -> Self {
        self.target = Some((kind, target.to_string()));
        self
    }

    /// What more there is to say.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.detail.insert(name.to_owned(), value.into());
        self
    }
}
