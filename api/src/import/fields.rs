//! Lines without a header: one refresh token a line, or several fields of which one is it.
//!
//! `biz_id----RT` and `email----password----…----RT`: the refresh token is the field of its shape, else the last one. A
//! password is whatever nobody recognises, and is dropped here.

use super::{
    clean,
    entry::Draft,
    shape::{foreign, is_email, is_jwt, is_present_form, is_url},
};
use crate::credentials::Arrival;

/// What separates fields, the surest first.
const SEPARATORS: &[&str] = &["----", "|", "\t", ",", ";"];
/// A text of another form than the present one is taken for a refresh token beside other fields from this length on: a
/// password is shorter, and must never be sent or kept.
const MIN_OTHER_FORM: usize = 40;

const SEVERAL: &str = "the line has several fields that are not separated as known; use one refresh token a line, \
     biz_id----token, or CSV with a header line such as biz_id,refresh_token";
const NO_TOKEN: &str = "no field of the line looks like a refresh token; use CSV with a header line such as biz_id,refresh_token";
const SEVERAL_TOKENS: &str = "the line has more than one refresh token; use one line for each";
const BEHIND: &str =
    "the line goes on behind the refresh token with something unknown; put the refresh token last";

pub(super) fn row(line: &str) -> Result<Arrival, String> {
    let whole = clean::token(line);
    // Four dashes can stand in a token by chance; a token of the present form has none of the other separators.
    let alone = is_present_form(&whole)
        && !whole.contains(['|', '\t', ',', ';'])
        && !whole.contains("----rt.");
    let separator = SEPARATORS
        .iter()
        .find(|separator| line.contains(**separator));
    match separator.filter(|_| !alone) {
        Some(separator) => fields(line.split(separator).map(clean::token).collect()),
        None if whole.contains(' ') => Err(SEVERAL.to_owned()),
        None => token(whole),
    }
}

fn token(refresh_token: String) -> Result<Arrival, String> {
    Draft {
        refresh_token,
        ..Draft::default()
    }
    .finish()
}

fn fields(fields: Vec<String>) -> Result<Arrival, String> {
    let at = position(&fields)?;
    let mut draft = Draft::default();
    let count = fields.iter().filter(|field| !field.is_empty()).count();
    for (index, field) in fields.into_iter().enumerate() {
        if index == at {
            draft.refresh_token = field;
        } else if field.is_empty() {
        } else if is_jwt(&field) {
            draft.access_token = Some(field);
        } else if field.starts_with("app_") || field.starts_with("oaiapp_") {
            draft.client_id = Some(field);
        } else if is_url(&field) {
            // Dropped, it would send its calls out another way than its owner means.
            draft.proxy = Some(field);
        } else if is_email(&field) {
            if index == 0 && count == 2 {
                draft.biz_id = Some(field.clone());
            }
            draft.email = draft.email.or(Some(field));
        } else if index == 0 {
            draft.biz_id = Some(field);
        } else if index > at {
            return Err(BEHIND.to_owned());
        }
    }
    draft.finish()
}

/// Where the refresh token is.
fn position(fields: &[String]) -> Result<usize, String> {
    let mut present = fields
        .iter()
        .enumerate()
        .filter(|(_, field)| is_present_form(field));
    if let Some((at, first)) = present.next() {
        return match present.find(|(_, other)| *other != first) {
            Some(_) => Err(SEVERAL_TOKENS.to_owned()),
            None => Ok(at),
        };
    }
    let ours = |field: &str| {
        is_jwt(field) || field.starts_with("app_") || is_email(field) || is_url(field)
    };
    let mut others = fields.iter().filter(|field| !ours(field));
    if let Some(reason) = others.find_map(|field| foreign(field)) {
        return Err(reason.to_owned());
    }
    let last = fields
        .iter()
        .enumerate()
        .rev()
        .find(|(_, field)| !field.is_empty());
    let long = last.filter(|(_, field)| {
        field.len() >= MIN_OTHER_FORM
            && !ours(field)
            && field.bytes().all(|byte| byte.is_ascii_graphic())
    });
    long.map(|(at, _)| at).ok_or_else(|| NO_TOKEN.to_owned())
}
