//! The plain form: one refresh token a line.

use rt_manage_shared::openai;

use super::{
    Line, clean,
    shape::{foreign, several},
};
use crate::credentials::NewCredential;

pub(super) fn parse(text: &str) -> Vec<Line> {
    let numbered = text.split('\n').enumerate();
    let said = numbered.filter(|(_, line)| clean::is_said(line));
    said.map(|(index, line)| Line {
        number: index + 1,
        row: row(line),
    })
    .collect()
}

fn row(line: &str) -> Result<NewCredential, String> {
    let token = clean::token(line);
    if let Some(reason) = foreign(&token).or_else(|| several(&token)) {
        return Err(reason.to_owned());
    }
    let refresh_token = openai::validate(&token).map_err(|error| error.to_string())?;
    Ok(NewCredential {
        refresh_token,
        enabled: true,
        ..NewCredential::default()
    })
}
