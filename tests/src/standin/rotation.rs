//! The strict rules: which refresh token gets a successor, and which refusal the others get.

use std::borrow::Cow;

use super::{
    accounts::{Spent, new_refresh_token},
    clock::{monotonic_ms, wall_ms},
    jwt::Mint,
    request::{Endpoint, TokenRequest},
    settings::ClientMismatch,
    state::{Refusal, State, TokenRef},
};

/// A success.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) mint: Mint,
    /// Absent when nothing was spent.
    pub(super) refresh_token: Option<String>,
}

impl State {
    /// Presents a refresh token. With `spend` off nothing is rotated, but refusals are the same.
    pub(super) fn present(
        &mut self,
        call: u64,
        request: &TokenRequest,
        spend: bool,
    ) -> Result<Granted, Refusal> {
        let token = request.check()?;
        let Some(found) = self.tokens.get(&token.digest).copied() else {
            return Err(Refusal::new(
                401,
                "token_expired",
                "Could not validate your token. Please try signing in again.",
            ));
        };
        self.check_client(found, token.client_id, request.endpoint)?;
        let row = &self.accounts[found.account];
        if let Some(rotation) = row.tokens[found.position].spent {
            return self.present_spent(found, rotation);
        }
        if let Some(ended) = &row.ended {
            return Err(Refusal {
                status: ended.status,
                code: Cow::Owned(ended.code.clone()),
                message: "Your session has ended. Please log in again.",
            });
        }
        let refresh_token = spend.then(|| self.rotate(found, call));
        Ok(Granted {
            mint: self.mint(found.account),
            refresh_token,
        })
    }

    fn check_client(
        &self,
        found: TokenRef,
        client_id: &str,
        endpoint: Endpoint,
    ) -> Result<(), Refusal> {
        if client_id.starts_with("oaiapp_") != (endpoint == Endpoint::Accounts) {
            return Err(Refusal::new(
                401,
                "invalid_client",
                "This client may not use this endpoint.",
            ));
        }
        if client_id == self.accounts[found.account].person.client_id {
            return Ok(());
        }
        Err(match self.defaults.client_mismatch {
            ClientMismatch::InvalidGrant => Refusal::new(
                400,
                "invalid_grant",
                "The refresh token was issued to another client.",
            ),
            ClientMismatch::InvalidClient => {
                Refusal::new(401, "invalid_client", "The client is not known.")
            }
        })
    }

    fn present_spent(&mut self, found: TokenRef, rotation: Spent) -> Result<Granted, Refusal> {
        let leeway = i64::try_from(self.defaults.reuse_leeway_ms).unwrap_or(i64::MAX);
        let row = &mut self.accounts[found.account];
        // The successor may itself be spent: then somebody has moved on, and the leeway is over.
        let successor = row
            .tokens
            .get(found.position + 1)
            .filter(|next| next.spent.is_none() && row.ended.is_none());
        if let Some(successor) = successor
            && monotonic_ms() - rotation.monotonic_ms < leeway
        {
            let refresh_token = Some(successor.text.to_string());
            return Ok(Granted {
                mint: self.mint(found.account),
                refresh_token,
            });
        }
        self.totals.reuse_refused += 1;
        if self.defaults.reuse_revokes_family && row.ended.is_none() {
            row.end(401, "refresh_token_invalidated", true);
            self.totals.families_revoked += 1;
        }
        Err(Refusal::new(
            401,
            "refresh_token_reused",
            "Your refresh token has already been used to generate a new access token. Please try signing in again.",
        ))
    }

    fn rotate(&mut self, found: TokenRef, call: u64) -> String {
        let successor = new_refresh_token();
        self.accounts[found.account].tokens[found.position].spent = Some(Spent {
            at_ms: wall_ms(),
            monotonic_ms: monotonic_ms(),
            by_call: call,
        });
        self.issue(found.account, successor.clone(), Some(call));
        self.totals.rotations += 1;
        if let Some(row) = self.call_mut(call) {
            row.rotated = true;
        }
        successor
    }

    /// `POST /oauth/revoke`: ends the session of a live refresh token; anything else changes nothing.
    pub(super) fn revoke(&mut self, token: &str) {
        self.totals.revocations += 1;
        let Some(found) = self.tokens.get(&super::ledger::digest(token)).copied() else {
            return;
        };
        if self.live_position(found.account) == Some(found.position) {
            self.accounts[found.account].end(401, "refresh_token_invalidated", true);
        }
    }
}
