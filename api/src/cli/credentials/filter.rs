//! Which credentials a command is about: the filters of the list, as a query and as a selection.

use clap::Args;
use serde_json::{Map, Value, json};

use crate::cli::client::Call;

/// The filters of the list; `docs/api.md` says what each means.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Which credentials")]
pub(super) struct FilterArgs {
    /// How `biz_id`, e-mail address or name begin.
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Tags, separated by commas; an empty one: without a tag.
    #[arg(long, value_delimiter = ',', value_name = "TAG")]
    tag: Vec<String>,
    /// Plans; an empty one: no plan is known.
    #[arg(long, value_delimiter = ',', value_name = "PLAN")]
    plan: Vec<String>,
    /// States: idle, queued, refreshing, `in_doubt`, held, dead.
    #[arg(long, value_delimiter = ',', value_name = "STATE")]
    state: Vec<String>,
    /// Client ids.
    #[arg(long, value_delimiter = ',', value_name = "ID")]
    client_id: Vec<String>,
    /// Proxies as they are shown, without user and password; default: without a proxy of its own.
    #[arg(long, value_delimiter = ',', value_name = "PROXY")]
    proxy: Vec<String>,
    /// Enabled ones, or with `false` disabled ones.
    #[arg(long, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL")]
    enabled: Option<bool>,
    /// Those that have an access token, or with `false` have none.
    #[arg(long, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL")]
    has_access_token: Option<bool>,
    /// The access token ends before this time, such as 2030-01-31T00:00:00Z.
    #[arg(long, value_name = "TIME")]
    expires_before: Option<String>,
    /// The access token ends at this time or later.
    #[arg(long, value_name = "TIME")]
    expires_after: Option<String>,
    /// Refreshed before this time.
    #[arg(long, value_name = "TIME")]
    refreshed_before: Option<String>,
    /// Refreshed at this time or later.
    #[arg(long, value_name = "TIME")]
    refreshed_after: Option<String>,
    /// Added before this time.
    #[arg(long, value_name = "TIME")]
    created_before: Option<String>,
    /// Added at this time or later.
    #[arg(long, value_name = "TIME")]
    created_after: Option<String>,
    /// Those that were deleted lately, instead of those that are there.
    #[arg(long)]
    deleted: bool,
}

impl FilterArgs {
    /// Whether nothing is left out.
    pub(super) fn is_empty(&self) -> bool {
        self.fields().is_empty()
    }

    /// The fields that were given, as a selection has them.
    pub(super) fn fields(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        for (name, values) in [
            ("tag", &self.tag),
            ("plan", &self.plan),
            ("state", &self.state),
            ("client_id", &self.client_id),
            ("proxy", &self.proxy),
        ] {
            if !values.is_empty() {
                fields.insert(name.to_owned(), json!(values));
            }
        }
        for (name, text) in [
            ("search", &self.search),
            ("expires_before", &self.expires_before),
            ("expires_after", &self.expires_after),
            ("refreshed_before", &self.refreshed_before),
            ("refreshed_after", &self.refreshed_after),
            ("created_before", &self.created_before),
            ("created_after", &self.created_after),
        ] {
            if let Some(text) = text {
                fields.insert(name.to_owned(), json!(text));
            }
        }
        for (name, flag) in [
            ("enabled", self.enabled),
            ("has_access_token", self.has_access_token),
            ("deleted", self.deleted.then_some(true)),
        ] {
            if let Some(flag) = flag {
                fields.insert(name.to_owned(), json!(flag));
            }
        }
        fields
    }

    /// The same in the query of a list.
    pub(super) fn asked_of(&self, mut call: Call) -> Call {
        for (name, value) in self.fields() {
            call = call.query(&name, crate::cli::output::cell(Some(&value)));
        }
        call
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        filter: FilterArgs,
    }

    fn parsed(arguments: &[&str]) -> FilterArgs {
        Program::parse_from(std::iter::once(&"p").chain(arguments)).filter
    }

    #[test]
    fn filters() {
        assert!(parsed(&[]).is_empty());
        let filter = parsed(&[
            "--tag",
            "a,b",
            "--tag",
            "",
            "--enabled=false",
            "--has-access-token",
            "--search",
            "x",
        ]);
        let expected = json!({"tag": ["a", "b", ""], "enabled": false, "has_access_token": true, "search": "x"});
        assert_eq!(Value::Object(filter.fields()), expected);
        Program::try_parse_from(["p", "--enabled", "false"]).unwrap_err();
    }
}
