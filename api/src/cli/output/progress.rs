//! A bar on standard error, where that is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Output, harmless};

const BAR: &str = "{msg} {wide_bar} {pos}/{len} {eta}";
const UNKNOWN: &str = "{spinner} {msg} {pos}";

/// How far something is.
#[derive(Debug)]
pub(in crate::cli) struct Progress(ProgressBar);

impl Progress {
    /// Nothing is drawn for programs.
    pub(in crate::cli) fn new(out: Output) -> Self {
        let target = if out.is_json() {
            ProgressDrawTarget::hidden()
        } else {
            // Hidden where it is no terminal.
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        Self(bar)
    }

    /// So much is done, of what is known by now.
    pub(in crate::cli) fn show(&self, what: &str, done: u64, total: Option<u64>) {
        let bar = &self.0;
        if bar.is_hidden() {
            return;
        }
        if bar.length() != total || bar.position() == 0 {
            let template = if total.is_some() { BAR } else { UNKNOWN };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            match total {
                Some(total) => bar.set_length(total),
                None => bar.unset_length(),
            }
        }
        bar.set_message(harmless(what));
        bar.set_position(done);
        bar.tick();
    }

    /// Takes the bar away.
    pub(in crate::cli) fn clear(&self) {
        self.0.finish_and_clear();
    }
}
