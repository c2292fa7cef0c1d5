//! What to say about a name that nobody knows: the nearest one that exists, or where it belongs.

use super::keys::{self, SECTIONS, Section};

/// Longest part of an unknown name that a message repeats.
const SHOWN_CHARS: usize = 64;

const MISSING_SPACE: &str = "is there a space missing after the colon?";

/// The sentence about an unknown dotted key.
pub(super) fn unknown_key(written: &str) -> String {
    let (section_name, name) = keys::split(written);
    let section = SECTIONS.iter().find(|section| section.name == section_name);
    let hint = match section {
        _ if is_glued(written) => MISSING_SPACE.to_owned(),
        Some(section) => in_section(section, name),
        None => no_section(section_name),
    };
    format!("unknown key; {hint}")
}

/// The sentence about a name at the top of a file that is no section.
pub(super) fn unknown_section(written: &str) -> String {
    let hint = match keys::find(written) {
        _ if is_glued(written) => MISSING_SPACE.to_owned(),
        Some(key) => {
            let (section, name) = keys::split(key.path());
            format!("write `{name}:` on a line of its own below `{section}:`")
        }
        None => no_section(written),
    };
    format!("unknown section; {hint}")
}

/// The sentence about an environment variable that looks like ours and is not.
pub(super) fn unknown_variable(name: &str) -> String {
    let names = keys::keys().flat_map(|key| {
        let file = key.is_secret().then(|| format!("{}_FILE", key.env_name()));
        std::iter::once(key.env_name()).chain(file)
    });
    nearest(name, names).map_or_else(
        || "sets no known key; `check-config` lists them".to_owned(),
        |near| format!("sets no known key; did you mean {near}?"),
    )
}

/// A name as far as it is harmless to repeat. Only what can be part of a name is shown: in
/// `{password:hunter2}` YAML sees one key, and the rest of it is somebody's password.
pub(super) fn shown(written: &str) -> String {
    let harmless = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let name: String = written
        .chars()
        .take_while(|c| harmless(*c))
        .take(SHOWN_CHARS)
        .collect();
    if name.len() < written.len() {
        format!("{name}…")
    } else {
        name
    }
}

/// Whether a colon without a space has become part of the name.
fn is_glued(written: &str) -> bool {
    written.contains(':')
}

fn in_section(section: &Section, name: &str) -> String {
    let elsewhere: Vec<_> = SECTIONS
        .iter()
        .filter(|other| other.keys.iter().any(|key| key.name() == name))
        .map(|other| format!("`{}`", other.name))
        .collect();
    if !elsewhere.is_empty() {
        return format!("it belongs to section {}", elsewhere.join(" or "));
    }
    if let Some(near) = nearest(name, section.keys.iter().map(|key| key.name().to_owned())) {
        return format!("did you mean `{near}`?");
    }
    let names: Vec<_> = section.keys.iter().map(keys::Key::name).collect();
    format!("section `{}` has {}", section.name, names.join(", "))
}

fn no_section(name: &str) -> String {
    let owners: Vec<_> = keys::keys()
        .filter(|key| key.name() == name)
        .map(|key| format!("`{}`", keys::split(key.path()).0))
        .collect();
    if !owners.is_empty() {
        return format!("it belongs into section {}", owners.join(" or "));
    }
    nearest(name, SECTIONS.iter().map(|section| section.name.to_owned())).map_or_else(
        || {
            let names: Vec<_> = SECTIONS.iter().map(|section| section.name).collect();
            format!("the sections are {}", names.join(", "))
        },
        |near| format!("did you mean `{near}`?"),
    )
}

/// The candidate that differs least, if it is close enough to be a slip of the finger. Case, `-`
/// and `_` do not count, so that `tablePrefix` finds `table_prefix`.
fn nearest(name: &str, candidates: impl Iterator<Item = String>) -> Option<String> {
    let bare = |text: &str| text.replace(['-', '_'], "").to_lowercase();
    // A name of any length costs a distance that grows with it; ours are all short.
    let wanted: String = bare(name).chars().take(SHOWN_CHARS).collect();
    let limit = (wanted.chars().count() / 3).max(1);
    candidates
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&wanted, &bare(&candidate)),
                candidate,
            )
        })
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_find_their_neighbour() {
        for (written, hint) in [
            ("database.tabel_prefix", "did you mean `table_prefix`?"),
            ("database.tablePrefix", "did you mean `table_prefix`?"),
            ("server.api_secret", "it belongs to section `auth`"),
            (
                "server.password",
                "it belongs to section `database` or `auth`",
            ),
            ("server.colour", "section `server` has host, port, mode"),
            ("servr.port", "did you mean `server`?"),
        ] {
            let message = unknown_key(written);
            assert!(message.contains(hint), "{written}: {message}");
        }
        for (written, hint) in [
            ("databse", "did you mean `database`?"),
            ("port", "it belongs into section `server` or `database`"),
            (
                "server.port",
                "write `port:` on a line of its own below `server:`",
            ),
            ("zebra", "the sections are server, database, auth"),
        ] {
            let message = unknown_section(written);
            assert!(message.contains(hint), "{written}: {message}");
        }
        assert!(unknown_variable("RTM_SERVER__PROT").contains("RTM_SERVER__PORT?"));
        assert!(unknown_variable("RTM_AUTH__API_SECRET_FILES").contains("API_SECRET_FILE?"));
        assert!(unknown_variable("RTM_ZEBRA__CROSSING").contains("check-config"));
    }

    #[test]
    fn a_value_glued_to_its_key_is_not_repeated() {
        let message = unknown_key("auth.password:canary");
        assert_eq!(
            message,
            "unknown key; is there a space missing after the colon?"
        );
        assert_eq!(shown("auth.password:canary"), "auth.password…");
    }
}
