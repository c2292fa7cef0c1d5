//! The predecessor's keys that are met in the wild and are not ours (seed/contract.md).

/// A key of the predecessor.
pub(super) struct Legacy {
    pub(super) path: &'static str,
    pub(super) effect: Effect,
}

/// What a key of the predecessor does here.
pub(super) enum Effect {
    /// It sets this key.
    Sets(&'static str),
    /// Nothing, for this reason.
    Nothing(&'static str),
}

/// All of them.
pub(super) static LEGACY: &[Legacy] = &[
    Legacy {
        path: "openai.refresh_interval",
        effect: Effect::Sets("refresh.interval_days"),
    },
    Legacy {
        path: "openai.schedule_enabled",
        effect: Effect::Sets("refresh.auto"),
    },
    Legacy {
        path: "log.encoding",
        effect: Effect::Sets("log.format"),
    },
    Legacy {
        path: "log.output_paths",
        effect: Effect::Nothing(TO_STDERR),
    },
    Legacy {
        path: "log.error_output_paths",
        effect: Effect::Nothing(TO_STDERR),
    },
];

const TO_STDERR: &str =
    "has no effect any more: logs go to the standard streams, and whoever starts us stores them";
