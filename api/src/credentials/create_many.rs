//! Taking many credentials in: several rows share a transaction, and with it a disk flush, but no row's fault
//! touches another.

use rt_manage_shared::db::repeat_while_busy;

use super::{Created, CredentialError, Credentials, NewCredential};

/// Rows in one transaction: enough to make the flush disappear, few enough that a busy server is not kept
/// waiting.
pub(super) const CHUNK: usize = 100;

impl Credentials {
    /// Takes these in, in their order; one result for each. Whoever brings them in is written down by the caller, once. What is answered with `Ok` is durable.
    pub async fn create_many(
        &self,
        all: &[NewCredential],
    ) -> Vec<Result<Created, CredentialError>> {
        let mut results = Vec::with_capacity(all.len());
        let mut is_away = false;
        for chunk in all.chunks(CHUNK) {
            if !is_away && let Ok(done) = self.create_chunk(chunk).await {
                results.extend(done);
                continue;
            }
            // Rolled back whole. One by one it is seen which of them the database does not take.
            for new in chunk {
                let result = if is_away {
                    Err(CredentialError::NotTried)
                } else {
                    repeat_while_busy(|| self.create_once(new, None)).await
                };
                is_away |= matches!(&result, Err(CredentialError::Database(error)) if error.is_temporary());
                results.push(result.map(|one| Created {
                    id: one.id,
                    biz_id: one.profile.biz_id,
                }));
            }
        }
        results
    }

    async fn create_chunk(
        &self,
        chunk: &[NewCredential],
    ) -> Result<Vec<Result<Created, CredentialError>>, CredentialError> {
        let mut tx = self.begin_admission().await?;
        let mut results = Vec::with_capacity(chunk.len());
        for new in chunk {
            match self.create_in(&mut tx, new).await {
                Err(error @ CredentialError::Database(_)) => return Err(error),
                other => results.push(other),
            }
        }
        tx.commit().await?;
        for created in results.iter().flatten() {
            self.changed(created.id, None);
        }
        Ok(results)
    }
}
