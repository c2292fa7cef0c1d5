//! Metrics of several processes, added up.

use std::{collections::HashMap, fmt::Write as _};

/// Adds up texts in Prometheus' format, value by value; comments are left out. A sample that is missing in one text
/// counts as nothing there.
pub(super) fn sum(texts: &[String]) -> String {
    let mut names = Vec::new();
    let mut values: HashMap<&str, f64> = HashMap::new();
    for line in texts.iter().flat_map(|text| text.lines()) {
        let Some((name, value)) = line.rsplit_once(' ') else {
            continue;
        };
        let Ok(value) = value.parse::<f64>() else {
            continue;
        };
        let total = values.entry(name).or_insert_with(|| {
            names.push(name);
            0.0
        });
        *total += value;
    }
    let mut text = String::new();
    for name in names {
        let _ = writeln!(text, "{name} {}", values[name]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::sum;

    #[test]
    fn values_are_added_by_name_and_labels() {
        let texts = [
            "# TYPE a counter\na{x=\"1 2\"} 2\nb 0.5\n".to_owned(),
            "a{x=\"1 2\"} 3\nc 1\n".to_owned(),
        ];
        assert_eq!(sum(&texts), "a{x=\"1 2\"} 5\nb 0.5\nc 1\n");
    }
}
