//! What an operator has to know of, and what can be done about it: the one source of the codes in the admin API and of the
//! hints in the log. What each means is in `docs/reliability.md`.

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    grant::{Grant, HeldReason, ProbeTime, State},
    text_enum,
};

text_enum! {
    /// How pressing something is.
    Severity {
        /// Good to know; nothing to do.
        Notice = "notice",
        /// Somebody has to look, today.
        Warning = "warning",
        /// Refreshing has stopped, or tokens are at stake.
        Critical = "critical",
    }
}

text_enum! {
    /// Something that an operator has to know of.
    Finding {
        /// Nothing is called, because the database is older than the journals.
        Halted = "halted",
        /// Nothing is called, because an operator said so.
        Paused = "paused",
        /// A call was sent, and its outcome never reached durable storage.
        InDoubt = "in_doubt",
        /// The upstream said that a refresh token is unusable.
        Dead = "dead",
        /// Something must change before a credential can be refreshed.
        Held = "held",
        /// Credentials that were taken over wait until somebody confirms that the old program has stopped.
        MigrationUnconfirmed = "migration_unconfirmed",
        /// New tokens that could not be applied.
        Orphan = "orphan",
        /// An answer was taken from a journal.
        Replayed = "replayed",
        /// An answer was applied after its attempt had been given up.
        Late = "late_answer",
        /// A journal takes nothing: its worker claims nothing.
        JournalFailed = "journal_failed",
        /// Part of a journal cannot be read.
        JournalDamaged = "journal_damaged",
        /// An answer in a journal cannot be read or opened.
        JournalUnreadable = "journal_unreadable",
        /// No worker lives.
        NoWorker = "no_worker",
        /// A worker lives and claims nothing.
        NotClaiming = "worker_not_claiming",
        /// A way out has to wait.
        EgressOnHold = "egress_on_hold",
        /// Nothing is called through a way out, because an operator said so.
        EgressPaused = "egress_paused",
    }
}

text_enum! {
    /// What an operator can do.
    Advice {
        /// Nothing: the next probe decides.
        Wait = "wait",
        /// `POST /credentials/{id}/resolve` with `probe_now`.
        ProbeNow = "probe_now",
        /// `POST /credentials/{id}/resolve` with `mark_dead`.
        MarkDead = "mark_dead",
        /// Log the account in again and put the new refresh token in.
        ReplaceRefreshToken = "replace_refresh_token",
        /// Stop the other program that uses this refresh token first.
        StopOtherProgram = "stop_other_program",
        /// Set the client id that the refresh token was issued to.
        ChangeClientId = "change_client_id",
        /// Give the credential a way out in another region.
        ChangeProxy = "change_proxy",
        /// `POST /credentials/{id}/retry`.
        Retry = "retry",
        /// Stop the old program, then `POST /migration/confirm` or `rt-manage-api migrate-from --confirm`.
        ConfirmMigration = "confirm_migration",
        /// Enable the credential.
        Enable = "enable",
        /// `POST /orphans/{attempt}/apply`.
        ApplyOrphan = "apply_orphan",
        /// `DELETE /orphans/{attempt}`.
        DiscardOrphan = "discard_orphan",
        /// Look at the credentials, then `POST /resume`.
        Resume = "resume",
        /// Make room, or mend the disk below `journal.directory`.
        MendDisk = "mend_disk",
        /// Keep the folder of the journal, and look at it.
        KeepJournal = "keep_journal",
        /// Start a worker.
        StartWorker = "start_worker",
        /// The log of the worker says why.
        ReadLog = "read_log",
        /// Look at the codes of the latest attempts, and at the proxy.
        CheckEgress = "check_egress",
    }
}

impl Finding {
    /// How pressing it is.
    pub const fn severity(self) -> Severity {
        match self {
            Self::Replayed | Self::Late | Self::Paused | Self::EgressPaused => Severity::Notice,
            Self::InDoubt
            | Self::Dead
            | Self::Held
            | Self::MigrationUnconfirmed
            | Self::Orphan
            | Self::JournalDamaged
            | Self::NotClaiming
            | Self::EgressOnHold => Severity::Warning,
            Self::Halted | Self::JournalFailed | Self::JournalUnreadable | Self::NoWorker => {
                Severity::Critical
            }
        }
    }

    /// Where it is explained.
    pub const fn see(self) -> &'static str {
        match self {
            Self::Halted => "docs/reliability.md#halted",
            Self::Paused | Self::EgressPaused => "docs/reliability.md#paused",
            Self::InDoubt => "docs/reliability.md#in-doubt",
            Self::Dead => "docs/reliability.md#dead",
            Self::Held => "docs/reliability.md#held",
            Self::MigrationUnconfirmed => "docs/reliability.md#migration-not-confirmed",
            Self::Orphan => "docs/reliability.md#orphan",
            Self::Replayed | Self::Late => "docs/reliability.md#replayed-and-late-answers",
            Self::JournalFailed | Self::JournalDamaged | Self::JournalUnreadable => {
                "docs/reliability.md#journal-failure-and-damage"
            }
            Self::NoWorker | Self::NotClaiming => "docs/reliability.md#workers",
            Self::EgressOnHold => "docs/reliability.md#egress-on-hold",
        }
    }

    /// What can be done about it in general; for one credential see [`About::credential`].
    pub const fn advice(self) -> &'static [Advice] {
        match self {
            Self::Halted | Self::Paused | Self::EgressPaused => &[Advice::Resume],
            Self::InDoubt => &[
                Advice::Wait,
                Advice::ProbeNow,
                Advice::ReplaceRefreshToken,
                Advice::MarkDead,
            ],
            Self::Dead => &[Advice::ReplaceRefreshToken],
            Self::Held => &[Advice::ChangeClientId, Advice::ChangeProxy, Advice::Retry],
            Self::MigrationUnconfirmed => &[Advice::ConfirmMigration],
            Self::Orphan => &[Advice::ApplyOrphan, Advice::DiscardOrphan],
            Self::Replayed | Self::Late => &[],
            Self::JournalFailed => &[Advice::MendDisk],
            Self::JournalDamaged | Self::JournalUnreadable => &[Advice::KeepJournal],
            Self::NoWorker => &[Advice::StartWorker],
            Self::NotClaiming => &[Advice::ReadLog],
            Self::EgressOnHold => &[Advice::CheckEgress],
        }
    }
}

/// A finding about one thing, with what can be done about that one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct About {
    /// What it is.
    pub code: Finding,
    /// How pressing it is.
    pub severity: Severity,
    /// What can be done, the most usual first.
    pub advice: Vec<Advice>,
    /// Where it is explained.
    #[schema(value_type = String)]
    pub see: &'static str,
}

/// The code by which the upstream says that this refresh token was used before.
const REUSED: &str = "refresh_token_reused";

impl About {
    /// A finding with its general advice.
    pub fn new(finding: Finding) -> Self {
        Self::with(finding, finding.advice().to_vec())
    }

    fn with(finding: Finding, advice: Vec<Advice>) -> Self {
        Self {
            code: finding,
            severity: finding.severity(),
            advice,
            see: finding.see(),
        }
    }

    /// What is to be known of a credential; `probes`: when its next probe comes, where it is in doubt.
    pub fn credential(grant: &Grant, probes: Option<ProbeTime>) -> Option<Self> {
        let (finding, advice) = match (grant.state, probes) {
            (State::Dead, _) if grant.last_code.as_deref() == Some(REUSED) => (
                Finding::Dead,
                vec![Advice::StopOtherProgram, Advice::ReplaceRefreshToken],
            ),
            (State::Dead, _) => (Finding::Dead, vec![Advice::ReplaceRefreshToken]),
            (State::Held(HeldReason::ClientId), _) => {
                (Finding::Held, vec![Advice::ChangeClientId, Advice::Retry])
            }
            (State::Held(HeldReason::Region), _) => {
                (Finding::Held, vec![Advice::ChangeProxy, Advice::Retry])
            }
            (State::Held(HeldReason::Migration), _) => (
                Finding::MigrationUnconfirmed,
                vec![Advice::ConfirmMigration],
            ),
            (_, Some(probe)) => (Finding::InDoubt, doubt_advice(probe)),
            (_, None) => return None,
        };
        Some(Self::with(finding, advice))
    }
}

fn doubt_advice(probe: ProbeTime) -> Vec<Advice> {
    let first = match probe {
        // It may settle the doubt by itself; nothing else is taken meanwhile but a new token.
        ProbeTime::UnderWay => return vec![Advice::Wait, Advice::ReplaceRefreshToken],
        ProbeTime::BeforeExpiry | ProbeTime::Pause => vec![Advice::Wait, Advice::ProbeNow],
        ProbeTime::Manual => vec![Advice::ProbeNow],
        ProbeTime::ProbesSpent => vec![],
        ProbeTime::Disabled => vec![Advice::Enable],
    };
    first
        .into_iter()
        .chain([Advice::ReplaceRefreshToken, Advice::MarkDead])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How GitHub makes an anchor of a heading.
    fn anchor(heading: &str) -> String {
        let kept = heading
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    }

    #[test]
    fn every_finding_is_explained_where_it_says() {
        let text = include_str!("../../../docs/reliability.md");
        let anchors: Vec<String> = text
            .lines()
            .filter_map(|line| line.strip_prefix('#'))
            .map(|line| anchor(line.trim_start_matches('#').trim()))
            .collect();
        for finding in Finding::ALL {
            let see = finding.see();
            let (file, wanted) = see.split_once('#').unwrap();
            assert_eq!(file, "docs/reliability.md");
            assert!(anchors.iter().any(|anchor| anchor == wanted), "{see}");
            assert!(
                text.contains(&format!("`{finding}`")),
                "{finding} is not named in {file}"
            );
        }
        for advice in Advice::ALL {
            assert!(
                text.contains(&format!("`{advice}`")),
                "{advice} is not explained"
            );
        }
    }

    #[test]
    fn severities_are_ordered_by_their_place() {
        let places: Vec<_> = [Severity::Notice, Severity::Warning, Severity::Critical]
            .iter()
            .map(|one| Severity::ALL.iter().position(|known| known == one))
            .collect();
        assert_eq!(places, [Some(0), Some(1), Some(2)]);
    }
}
