//! The file with the sealing keys: made at the first start, and the mark in it that asks for a backup.

use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
    time::Duration,
};

use zeroize::Zeroizing;

use crate::vault::Keyring;

/// First line of a key file that we made ourselves. As long as it stands there, a backup is asked for.
const UNCONFIRMED: &str = "# Made by rt-manage at its first start. Without this key no stored token can be read: back it up, \
     then delete this line.";

/// How often, and at which distance, an empty key file is looked at again.
const LOOKS: u32 = 20;
const LOOK: Duration = Duration::from_millis(50);

/// Nobody but this user reads what stands in a key file.
const MODE: u32 = 0o600;

/// Whether this is the text of a file that we made, and nobody has said yet that it is backed up.
pub fn is_unconfirmed(text: &str) -> bool {
    text.contains(UNCONFIRMED)
}

/// Reads the file; `None`: there is none. One without content is one that another process has just made and is about to
/// write: it is looked at again.
pub async fn read(path: &Path) -> io::Result<Option<Zeroizing<String>>> {
    for _ in 0..LOOKS {
        match fs::read_to_string(path) {
            Ok(text) if text.is_empty() => tokio::time::sleep(LOOK).await,
            Ok(text) => return Ok(Some(text.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    // What is wrong with it is found when it is parsed.
    Ok(Some(Zeroizing::default()))
}

/// Makes a key that only this user can read, and lets it reach the disk before anything is sealed with it. A process that is
/// faster wins, and its file is read instead.
pub async fn make(path: &Path) -> io::Result<Zeroizing<String>> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder(path))?;
    let text = Zeroizing::new(format!("{UNCONFIRMED}\n{}", *Keyring::generate_text("k1")));
    let mut options = fs::OpenOptions::new();
    match options.write(true).create_new(true).mode(MODE).open(path) {
        Ok(file) => {
            write(file, &text)?;
            sync_folder(path)?;
            tracing::warn!(file = %path.display(), "made a sealing key; without it no stored token can be read: back it up");
            Ok(text)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // Gone again: whoever removed it wants no key made here.
            read(path).await?.ok_or(error)
        }
        Err(error) => Err(error),
    }
}

/// Takes the mark out of the file: whoever is responsible has said that it is backed up. `false`: there is no mark. The keys
/// are never without a whole file: the new one replaces the old one when it is on the disk.
pub async fn confirm(path: &Path) -> io::Result<bool> {
    let Some(text) = read(path).await?.filter(|text| is_unconfirmed(text)) else {
        return Ok(false);
    };
    let mut rest = Zeroizing::new(String::with_capacity(text.len()));
    for line in text.lines().filter(|line| !is_unconfirmed(line)) {
        rest.push_str(line);
        rest.push('\n');
    }
    // A link to the file stays one.
    let path = &fs::canonicalize(path)?;
    let new = path.with_added_extension("new");
    let mut options = fs::OpenOptions::new();
    let options = options.write(true).create(true).truncate(true).mode(MODE);
    write(options.open(&new)?, &rest)?;
    fs::rename(&new, path)?;
    sync_folder(path)?;
    Ok(true)
}

fn write(mut file: fs::File, text: &str) -> io::Result<()> {
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// A file's name is on the disk when its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    fs::File::open(folder(path))?.sync_all()
}

fn folder(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| *folder != Path::new(""))
        .unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[tokio::test]
    async fn a_key_that_is_just_being_made_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/master.keys");
        assert!(read(&path).await.unwrap().is_none());
        let made = make(&path).await.unwrap();
        // Whoever comes second takes what is there.
        assert_eq!(make(&path).await.unwrap(), made);

        fs::write(&path, "").unwrap();
        let writer = async {
            tokio::time::sleep(LOOK * 2).await;
            fs::write(&path, made.as_str()).unwrap();
        };
        let (found, ()) = tokio::join!(read(&path), writer);
        assert_eq!(found.unwrap(), Some(made));
        fs::write(&path, "").unwrap();
        let empty = read(&path).await.unwrap().unwrap();
        Keyring::parse(&empty).unwrap_err();
    }

    #[tokio::test]
    async fn the_mark_is_taken_out_and_the_keys_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.keys");
        assert!(!confirm(&path).await.unwrap());
        let made = make(&path).await.unwrap();
        assert!(is_unconfirmed(&made));
        assert!(confirm(&path).await.unwrap());
        let left = read(&path).await.unwrap().unwrap();
        assert!(!is_unconfirmed(&left) && made.ends_with(left.as_str()));
        Keyring::parse(&left).unwrap();
        let permissions = fs::metadata(&path).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, MODE);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(!confirm(&path).await.unwrap());
    }

    #[tokio::test]
    async fn a_link_to_the_file_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("keys"), folder.path().join("link"));
        make(&path).await.unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(confirm(&link).await.unwrap());
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(!is_unconfirmed(&fs::read_to_string(&path).unwrap()));
    }
}
