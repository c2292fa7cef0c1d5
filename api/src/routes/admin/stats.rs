//! `GET /stats`: what a dashboard shows.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Query, State},
    http::{StatusCode, Uri},
};
use rt_manage_shared::{
    clock::Millis,
    db::{counts::Count, statistics::Census},
    model::attempt::OutcomeKind,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::document::Problems;
use crate::{
    auth::Look,
    error::{FieldError, Problem},
    state::App,
    stats::{HourOfRefreshes, Stats, TopCode},
};

/// A day.
const HOURS: u32 = 24;
/// A week: more is for the metrics.
const MAX_HOURS: u32 = 168;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatsQuery {
    hours: Option<u32>,
}

/// What a dashboard shows.
#[derive(Serialize, ToSchema)]
#[schema(as = Stats)]
pub(super) struct StatsView {
    /// `null` until the leading replica has counted for the first time.
    credentials: Option<CredentialsView>,
    refreshes: RefreshesView,
    queue: QueueView,
    /// How many workers live.
    workers_alive: usize,
}

/// Counts over all credentials that were not deleted, made in the background.
#[derive(Serialize, ToSchema)]
#[schema(as = CredentialStats)]
struct CredentialsView {
    /// When they were counted.
    #[schema(format = DateTime)]
    as_of: String,
    total: u64,
    enabled: u64,
    #[schema(value_type = BTreeMap<String, u64>)]
    by_state: BTreeMap<&'static str, u64>,
    /// How many are due within an hour and within a day, those included that wait already.
    due: Soon,
    /// How many access tokens end within an hour and within a day without a refresh before that.
    expiring_unrefreshed: Soon,
}

#[derive(Serialize, ToSchema)]
struct Soon {
    within_1_hour: u64,
    within_24_hours: u64,
}

/// How attempts ended. What ended within the last seconds may be missing.
#[derive(Serialize, ToSchema)]
#[schema(as = RefreshStats)]
struct RefreshesView {
    succeeded: i64,
    failed: i64,
    /// One entry for each hour, the oldest first.
    by_hour: Vec<HourView>,
    /// The most frequent codes of failures, the most frequent first.
    top_codes: Vec<TopCodeView>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = HourOfRefreshes)]
struct HourView {
    #[schema(format = DateTime)]
    hour: String,
    succeeded: i64,
    failed: i64,
    #[schema(value_type = BTreeMap<String, i64>)]
    by_outcome: BTreeMap<&'static str, i64>,
    /// `null` where there were none.
    mean_duration_ms: Option<i64>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = TopCode)]
struct TopCodeView {
    code: String,
    outcome: OutcomeKind,
    count: i64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = QueueStats)]
struct QueueView {
    waiting: Count,
    /// `null` where nothing waits.
    oldest_wait_seconds: Option<u64>,
}

/// What a dashboard shows, at a cost that does not grow with the number of credentials.
#[utoipa::path(get, path = "/stats", tag = "live", operation_id = "stats", 
    params(("hours" = Option<u32>, Query, minimum = 1, maximum = 168,
        description = "how many hours are told of, the current one included; 24 where nothing is said")),
    responses((status = 200, body = StatsView), Problems))]
pub(super) async fn stats(
    State(app): State<App>,
    _: Look,
    uri: Uri,
) -> Result<Json<StatsView>, Problem> {
    let hours = hours(&uri)?;
    let (now, heartbeat) = (app.clock.now(), app.settings.current().heartbeat);
    let stats = Stats::read(&app.db, now, hours, heartbeat).await?;
    Ok(Json(stats.into()))
}

fn hours(uri: &Uri) -> Result<u32, Problem> {
    let detail = "the query takes `hours` (1 to 168)";
    let query = Query::<StatsQuery>::try_from_uri(uri);
    let Query(query) =
        query.map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "invalid_query", detail))?;
    let hours = query.hours.unwrap_or(HOURS);
    if (1..=MAX_HOURS).contains(&hours) {
        return Ok(hours);
    }
    let message = format!("must be from 1 to {MAX_HOURS}");
    Err(Problem::invalid(vec![FieldError::new("hours", message)]))
}

impl From<Stats> for StatsView {
    fn from(stats: Stats) -> Self {
        let sum = |of: fn(&HourOfRefreshes) -> i64| stats.hours.iter().map(of).sum();
        Self {
            refreshes: RefreshesView {
                succeeded: sum(|hour| hour.succeeded),
                failed: sum(|hour| hour.failed),
                by_hour: stats.hours.into_iter().map(HourView::from).collect(),
                top_codes: stats.top_codes.into_iter().map(TopCodeView::from).collect(),
            },
            credentials: stats.census.map(CredentialsView::from),
            queue: QueueView {
                waiting: stats.waiting,
                oldest_wait_seconds: stats.oldest_wait.map(|wait| wait.as_secs()),
            },
            workers_alive: stats.workers,
        }
    }
}

impl From<(Census, Millis)> for CredentialsView {
    fn from((census, as_of): (Census, Millis)) -> Self {
        let states = census.states.into_iter();
        Self {
            as_of: as_of.to_rfc3339(),
            total: census.total,
            enabled: census.enabled,
            by_state: states
                .map(|(state, count)| (state.as_str(), count))
                .collect(),
            due: Soon {
                within_1_hour: census.due_hour,
                within_24_hours: census.due_day,
            },
            expiring_unrefreshed: Soon {
                within_1_hour: census.expiring_hour,
                within_24_hours: census.expiring_day,
            },
        }
    }
}

impl From<HourOfRefreshes> for HourView {
    fn from(hour: HourOfRefreshes) -> Self {
        Self {
            hour: hour.starts_at.to_rfc3339(),
            succeeded: hour.succeeded,
            failed: hour.failed,
            by_outcome: hour.outcomes,
            mean_duration_ms: hour.mean_duration_ms,
        }
    }
}

impl From<TopCode> for TopCodeView {
    fn from(top: TopCode) -> Self {
        Self {
            code: top.code,
            outcome: top.outcome,
            count: top.count,
        }
    }
}
