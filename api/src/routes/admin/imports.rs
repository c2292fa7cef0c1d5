//! `/imports`: taking credentials in from files, as a job.

#![allow(
    unused_qualifications,
    reason = "the macro qualifies what a query is documented by"
)]

use std::time::Duration;

use axum::{
    body::Bytes,
    extract::{FromRequest, Multipart, Query, Request, State, multipart::Field},
    http::{HeaderName, StatusCode, header},
    response::IntoResponse as _,
};
use rt_manage_shared::vault::Secret;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    document::Problems,
    input::once,
    jobs::{Accepted, JobView, accepted},
};
use crate::{
    auth::{Look, Manage},
    error::{FieldError, Problem},
    import::{ImportError, Options, Wish, start, templates},
    state::App,
};

/// Largest file, or all files of a request together. Everything else takes a megabyte.
pub(super) const MAX_IMPORT_BYTES: usize = 64 * 1024 * 1024;

/// How long a file may take to arrive: the largest one at a megabit a second. Its turn is not others' for so long.
const ARRIVAL: Duration = Duration::from_mins(10);
/// When to come again, in seconds, where too many are read.
const COME_AGAIN: u64 = 5;

/// What is wanted of an import.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ImportQuery {
    /// A label for rows that bring none.
    #[param(max_length = 255)]
    tag: Option<String>,
    /// A named proxy for rows that bring none. The URL of another one stands in a form's field `proxy`, never in an address.
    proxy_id: Option<String>,
    /// The client id of rows that bring no token that tells it.
    #[param(max_length = 255)]
    client_id: Option<String>,
    /// How names begin that are generated.
    #[param(max_length = 100)]
    biz_id_prefix: Option<String>,
    /// Whether rows that do not say it may be refreshed and handed out.
    #[param(default = true)]
    enabled: Option<bool>,
    /// Refreshes those at once, too, whose access token is good for a while.
    #[param(default = false)]
    refresh_now: Option<bool>,
    /// Lets a refresh token take the place of a healthy one of the same credential.
    #[param(default = false)]
    replace: Option<bool>,
    /// Takes nothing in, and says what would become of each row.
    #[param(default = false)]
    dry_run: Option<bool>,
}

/// A form with files, and with what else could stand in the address.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "documentation only: the form is read field by field"
)]
pub(super) struct ImportForm {
    /// Any number of files.
    #[schema(value_type = Vec<String>, format = Binary)]
    file: (),
    /// What was pasted.
    text: Option<String>,
    /// A proxy for rows that bring none: an http, https, socks5 or socks5h URL.
    proxy: Option<String>,
}

/// What a request brings.
struct Upload {
    files: Vec<(Option<String>, Vec<u8>)>,
    query: ImportQuery,
    proxy: Option<Secret>,
}

/// Starts an import. Its items are the rows, each with its line and what became of it.
#[utoipa::path(post, path = "/imports", tag = "imports", operation_id = "startImport",
    params(ImportQuery, ("Idempotency-Key" = Option<String>, Header, description = "the same request with the same key is done once")),
    request_body(description = "a file in any of the forms, at most 64 MiB; what it is is recognised by its content", content(
        (String = "text/plain"), (String = "text/csv"), (String = "application/json"), (String = "application/zip"),
        (String = "application/octet-stream"), (ImportForm = "multipart/form-data"))),
    responses((status = 202, body = JobView, headers(("Location" = String))), Problems))]
pub(super) async fn create(
    State(app): State<App>,
    Manage(actor): Manage,
    request: Request,
) -> Result<Accepted, Problem> {
    let (parts, body) = request.into_parts();
    let head = parts.clone();
    let query = Query::try_from_uri(&head.uri).map_err(|_| unknown_query())?;
    // Until the rows are in the database, nothing of the file is left in memory, and the next may come.
    let _turn = app.uploads.turn().await.ok_or_else(too_many)?;
    let arrival = Upload::read(Request::from_parts(parts, body), query.0);
    let upload = tokio::time::timeout(ARRIVAL, arrival).await;
    let upload = upload.map_err(|_| too_slow())??;
    let request = once(&head, || upload.said().into())?;
    let wish = Wish {
        dry_run: upload.query.dry_run.unwrap_or_default(),
        options: options(upload.query, upload.proxy)?,
        files: upload.files,
        request,
    };
    let job = start(&app.jobs, wish, &actor).await?;
    Ok(accepted(&app, job))
}

fn unknown_query() -> Problem {
    let detail = "the query takes `tag`, `proxy_id`, `client_id`, `biz_id_prefix`, and `enabled`, `refresh_now`, `replace` and \
                  `dry_run` (true or false)";
    Problem::new(StatusCode::BAD_REQUEST, "invalid_query", detail)
}

fn options(query: ImportQuery, proxy: Option<Secret>) -> Result<Options, Problem> {
    let proxy_id = query.proxy_id.filter(|text| !text.is_empty());
    let proxy_id = proxy_id.map(|text| text.parse()).transpose();
    let proxy_id = proxy_id.map_err(|_| invalid("proxy_id", "names no proxy that there is"))?;
    Ok(Options {
        tag: query.tag.filter(|text| !text.is_empty()),
        client_id: query.client_id.filter(|text| !text.is_empty()),
        biz_id_prefix: query.biz_id_prefix.filter(|text| !text.is_empty()),
        enabled: query.enabled,
        refresh_now: query.refresh_now.unwrap_or_default(),
        replace: query.replace.unwrap_or_default(),
        proxy_id,
        proxy,
    })
}

impl Upload {
    async fn read(request: Request, query: ImportQuery) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let mut upload = Self {
            files: Vec::new(),
            query,
            proxy: None,
        };
        if kind
            .trim_start()
            .to_ascii_lowercase()
            .starts_with("multipart/form-data")
        {
            let form = Multipart::from_request(request, &()).await;
            let mut form =
                form.map_err(|rejection| unreadable(rejection.into_response().status()))?;
            while let Some(field) = form
                .next_field()
                .await
                .map_err(|error| unreadable(error.status()))?
            {
                upload.field(field).await?;
            }
        } else {
            let body = Bytes::from_request(request, &()).await;
            let body = body.map_err(|rejection| unreadable(rejection.into_response().status()))?;
            upload.files.push((None, body.into()));
        }
        Ok(upload)
    }

    async fn field(&mut self, field: Field<'_>) -> Result<(), Problem> {
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.file_name().map(str::to_owned);
        let bytes = field
            .bytes()
            .await
            .map_err(|error| unreadable(error.status()))?;
        if file.is_some() || matches!(name.as_str(), "file" | "files" | "text") {
            self.files.push((file, bytes.into()));
            return Ok(());
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| invalid(&name, "must be UTF-8 text"))?;
        let flag = |text: &str| match text {
            "true" => Ok(Some(true)),
            "false" | "" => Ok(Some(false)),
            _ => Err(invalid(&name, "must be true or false")),
        };
        let query = &mut self.query;
        match name.as_str() {
            "tag" => query.tag = Some(text.to_owned()),
            "proxy_id" => query.proxy_id = Some(text.to_owned()),
            "proxy" => self.proxy = (!text.trim().is_empty()).then(|| Secret::new(text)),
            "client_id" => query.client_id = Some(text.to_owned()),
            "biz_id_prefix" => query.biz_id_prefix = Some(text.to_owned()),
            "enabled" => query.enabled = flag(text)?,
            "refresh_now" => query.refresh_now = flag(text)?,
            "replace" => query.replace = flag(text)?,
            "dry_run" => query.dry_run = flag(text)?,
            _ => {
                let known = "is not a field of this form; known are file, text, tag, proxy_id, proxy, client_id, biz_id_prefix, \
                             enabled, refresh_now, replace and dry_run";
                return Err(invalid("form", known));
            }
        }
        Ok(())
    }

    /// All that the body says, however a client divides it: two forms are the same whose fields are.
    fn said(&self) -> Vec<u8> {
        let mut said = format!("{:?}", self.query).into_bytes();
        let mut add = |part: &[u8]| {
            said.extend(part.len().to_be_bytes());
            said.extend(part);
        };
        add(self.proxy.as_ref().map_or("", Secret::expose).as_bytes());
        for (name, bytes) in &self.files {
            add(name.as_deref().unwrap_or_default().as_bytes());
            add(bytes);
        }
        said
    }
}

fn too_many() -> Problem {
    let detail = "other files are being read; send it again in a moment";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_uploads", detail)
        .retry_after(COME_AGAIN)
}

fn too_slow() -> Problem {
    let detail = "the files did not arrive within ten minutes; split them, or send a ZIP";
    Problem::new(StatusCode::REQUEST_TIMEOUT, "body_too_slow", detail)
}

fn invalid(field: &str, message: &str) -> Problem {
    Problem::invalid(vec![FieldError::new(field, message)])
}

fn unreadable(status: StatusCode) -> Problem {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        let detail = "the files are larger than 64 MiB; split them, or send a ZIP";
        Problem::new(status, "body_too_large", detail)
    } else {
        let detail = "the body did not arrive whole, or is no form";
        Problem::new(StatusCode::BAD_REQUEST, "body_unreadable", detail)
    }
}

impl From<ImportError> for Problem {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Form(error) => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "unreadable_import",
                error.to_string(),
            ),
            ImportError::Jobs(error) => error.into(),
            ImportError::Lost => {
                let detail = error.to_string();
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
            }
        }
    }
}

/// An example of a form, to begin with.
#[utoipa::path(get, path = "/imports/templates/{name}", tag = "imports", operation_id = "readImportTemplate",
    params(("name" = String, Path, description = "`lines.txt`, `table.csv`, `records.jsonl`, `codex.json`, `cliproxyapi.json` or `sub2api.json`")),
    responses((status = 200, content((String = "text/plain"), (String = "text/csv"), (String = "application/json"))), Problems))]
pub(super) async fn template(
    _: Look,
    axum::extract::Path(name): axum::extract::Path<String>,
) -> Result<([(HeaderName, String); 2], &'static str), Problem> {
    let found = templates::ALL.iter().find(|template| template.name == name);
    let found = found.ok_or_else(|| {
        let names: Vec<_> = templates::ALL
            .iter()
            .map(|template| template.name)
            .collect();
        Problem::not_found(format!(
            "there is no such template; there are {}",
            names.join(", ")
        ))
    })?;
    let headers = [
        (header::CONTENT_TYPE, found.kind.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}\"", found.name),
        ),
    ];
    Ok((headers, found.text))
}
