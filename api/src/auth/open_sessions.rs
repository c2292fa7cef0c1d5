//! Which sessions somebody has, and ending them one by one.

use rt_manage_shared::{
    db::{
        DbError, audit,
        sessions::{self, StoredSession},
    },
    id::SessionId,
    model::audit::{Action, Actor, Deed, TargetKind},
};

use super::sessions::Sessions;

impl Sessions {
    /// Somebody's open sessions, the newest first.
    pub async fn open_sessions(&self, username: &str) -> Result<Vec<StoredSession>, DbError> {
        sessions::of(&mut &self.0.db, username, self.0.clock.now()).await
    }

    /// Ends one session of somebody. `false`: they have no such session.
    pub async fn end(
        &self,
        actor: &Actor,
        username: &str,
        session: SessionId,
    ) -> Result<bool, DbError> {
        let mut tx = self.0.db.begin().await?;
        let ended = sessions::close_of(&mut tx, username, session).await?;
        if ended {
            let deed = Deed::new(Action::LogOut)
                .to(TargetKind::Session, session)
                .with("username", username);
            audit::record(&mut tx, actor, &deed, self.0.clock.now()).await?;
        }
        tx.commit().await?;
        Ok(ended)
    }

    /// Ends all sessions of somebody, and tells how many there were.
    pub async fn end_all(&self, actor: &Actor, username: &str) -> Result<u64, DbError> {
        let mut tx = self.0.db.begin().await?;
        let ended = sessions::close_all(&mut tx, username).await?;
        if ended > 0 {
            let deed = Deed::new(Action::LogOut)
                .to(TargetKind::User, username)
                .with("sessions", ended);
            audit::record(&mut tx, actor, &deed, self.0.clock.now()).await?;
        }
        tx.commit().await?;
        Ok(ended)
    }
}
