//! A table as wide as the terminal.

use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table, presets};
use console::Term;

use super::harmless;

/// Where the terminal does not tell.
const WIDTH: u16 = 100;

pub(super) fn print(out: &mut impl Write, names: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    let width = Term::stdout()
        .size_checked()
        .map_or(WIDTH, |(_, columns)| columns);
    let mut lines = drawn(names, rows, width).into_iter();
    if !names.is_empty()
        && let Some(header) = lines.next()
    {
        writeln!(out, "{}", console::style(header).bold())?;
    }
    for line in lines {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn drawn(names: &[&str], rows: &[Vec<String>], width: u16) -> Vec<String> {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width);
    if !names.is_empty() {
        table.set_header(names.iter().map(|name| name.to_uppercase()));
    }
    for row in rows {
        table.add_row(row.iter().map(|cell| harmless(cell)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_fit_the_terminal() {
        let rows = vec![
            vec!["user001".to_owned(), "idle".to_owned()],
            vec!["令牌\u{1b}[2J".to_owned(), String::new()],
        ];
        assert_eq!(
            drawn(&["biz_id", "state"], &rows, 80),
            [
                "BIZ_ID         STATE",
                "user001        idle",
                "令牌\\u{1b}[2J"
            ]
        );
        let wide = vec![vec!["x".repeat(60), "y".repeat(60)]];
        let lines = drawn(&["a", "b"], &wide, 40);
        assert!(lines.iter().all(|line| line.len() <= 40), "{lines:?}");
    }
}
