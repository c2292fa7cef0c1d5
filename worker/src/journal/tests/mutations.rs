//! Whatever happens to the files of a journal: what is read is true, what is missing shows, and nothing that is damaged or
//! still needed is ever changed or deleted.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Duration,
};

use proptest::{prelude::*, sample::Index};
use rt_manage_shared::{clock::Clock, id::AttemptId};

use super::{
    super::{
        Journal, JournalOptions, Retention, Scan, delete_expired,
        disk::segment_name,
        frame::{self, Salt},
        header::{HEADER_LEN, HEADER_LOOK, Header, HeaderState},
        scan,
    },
    call, cases, options,
};

const LIMIT: Duration = Duration::from_hours(72);

/// The files of two workers, and what they answered.
struct Original {
    files: BTreeMap<PathBuf, Vec<u8>>,
    answers: HashMap<AttemptId, Vec<u8>>,
}

fn original() -> &'static Original {
    static ORIGINAL: OnceLock<Original> = OnceLock::new();
    ORIGINAL.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let mut answers = HashMap::new();
        for _ in 0..2 {
            let options = JournalOptions {
                segment_bytes: 6 * 1024,
                answer_reserve_bytes: 1024,
                ..options(directory.path())
            };
            runtime.block_on(async {
                let journal = Journal::open(&options).unwrap();
                for _ in 0..12 {
                    let answer = call(&journal, 900).await;
                    answers.insert(answer.attempt, answer.sealed);
                }
                journal.close().await;
            });
        }
        Original {
            files: content(directory.path()),
            answers,
        }
    })
}

/// All files below a directory, by their paths in it.
fn content(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for folder in fs::read_dir(directory).unwrap() {
        let folder = folder.unwrap().path();
        for file in fs::read_dir(&folder).unwrap() {
            let path = file.unwrap().path();
            let name = path.strip_prefix(directory).unwrap().to_owned();
            files.insert(name, fs::read(&path).unwrap());
        }
    }
    files
}

fn is_segment(path: &Path) -> bool {
    path.extension().is_some_and(|suffix| suffix == "journal")
}

/// What can happen to a file. Files and places are chosen among those that are there.
#[derive(Debug, Clone)]
enum Mutation {
    Truncate(Index, Index),
    Flip(Index, Index, u8),
    Garble(Index, Index, Vec<u8>),
    Append(Index, Vec<u8>),
    Empty(Index),
    Delete(Index),
    Swap(Index, Index),
    Rename(Index, u64),
    Duplicate(Index, u64),
    /// Into the folder of the file chosen second.
    Move(Index, Index, u64),
    Version(Index, u16),
    /// A sound frame of a kind that nobody knows, or with a body that makes no sense.
    Frame(Index, u8),
    Stray(Index),
}

fn any_mutation() -> impl Strategy<Value = Mutation> {
    let file = any::<Index>;
    let noise = || proptest::collection::vec(any::<u8>(), 1..200);
    prop_oneof![
        (file(), file()).prop_map(|(f, to)| Mutation::Truncate(f, to)),
        (file(), file(), 0..8_u8).prop_map(|(f, at, bit)| Mutation::Flip(f, at, bit)),
        (file(), file(), noise()).prop_map(|(f, at, noise)| Mutation::Garble(f, at, noise)),
        (file(), noise()).prop_map(|(f, noise)| Mutation::Append(f, noise)),
        file().prop_map(Mutation::Empty),
        file().prop_map(Mutation::Delete),
        (file(), file()).prop_map(|(f, other)| Mutation::Swap(f, other)),
        (file(), 1..20_u64).prop_map(|(f, number)| Mutation::Rename(f, number)),
        (file(), 1..20_u64).prop_map(|(f, number)| Mutation::Duplicate(f, number)),
        (file(), file(), 1..20_u64).prop_map(|(f, to, number)| Mutation::Move(f, to, number)),
        (file(), 2..u16::MAX).prop_map(|(f, version)| Mutation::Version(f, version)),
        (file(), prop_oneof![Just(1_u8), 5..u8::MAX])
            .prop_map(|(f, kind)| Mutation::Frame(f, kind)),
        file().prop_map(Mutation::Stray),
    ]
}

type Files = BTreeMap<PathBuf, Vec<u8>>;

fn chosen(files: &Files, index: Index) -> Option<PathBuf> {
    let segments: Vec<_> = files.keys().filter(|path| is_segment(path)).collect();
    (!segments.is_empty()).then(|| (*index.get(&segments)).clone())
}

fn mutate(files: &mut Files, mutation: &Mutation) -> Option<()> {
    let pick = |files: &Files, index: &Index| chosen(files, *index);
    match mutation {
        Mutation::Truncate(f, to) => {
            let bytes = files.get_mut(&pick(files, f)?)?;
            bytes.truncate(to.index(bytes.len() + 1));
        }
        Mutation::Flip(f, at, bit) => {
            let bytes = files.get_mut(&pick(files, f)?)?;
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
        }
        Mutation::Garble(f, at, noise) => {
            let bytes = files.get_mut(&pick(files, f)?)?;
            let at = at.index(bytes.len() + 1);
            for (byte, noise) in bytes[at..].iter_mut().zip(noise) {
                *byte = *noise;
            }
        }
        Mutation::Append(f, noise) => files.get_mut(&pick(files, f)?)?.extend(noise),
        Mutation::Empty(f) => files.get_mut(&pick(files, f)?)?.clear(),
        Mutation::Delete(f) => drop(files.remove(&pick(files, f)?)),
        Mutation::Swap(f, other) => {
            let (one, other) = (pick(files, f)?, pick(files, other)?);
            let (a, b) = (files[&one].clone(), files[&other].clone());
            files.insert(one, b);
            files.insert(other, a);
        }
        Mutation::Rename(f, number) => {
            let from = pick(files, f)?;
            let bytes = files.remove(&from)?;
            files.insert(from.with_file_name(segment_name(*number)), bytes);
        }
        Mutation::Duplicate(f, number) => {
            let from = pick(files, f)?;
            let bytes = files[&from].clone();
            files.insert(from.with_file_name(segment_name(*number)), bytes);
        }
        Mutation::Move(f, to, number) => {
            let (from, to) = (pick(files, f)?, pick(files, to)?);
            let bytes = files.remove(&from)?;
            files.insert(to.with_file_name(segment_name(*number)), bytes);
        }
        Mutation::Version(f, version) => {
            let bytes = files.get_mut(&pick(files, f)?)?;
            if bytes.len() >= HEADER_LEN {
                bytes[8..10].copy_from_slice(&version.to_le_bytes());
                let checksum = crc32fast::hash(&bytes[..HEADER_LEN - 5]).to_le_bytes();
                bytes[HEADER_LEN - 5..HEADER_LEN - 1].copy_from_slice(&checksum);
            }
        }
        Mutation::Frame(f, kind) => {
            let bytes = files.get_mut(&pick(files, f)?)?;
            let look = bytes.len().min(HEADER_LOOK);
            if let HeaderState::Good(header) = Header::read(&bytes[..look]) {
                let salt = Salt::new(header.worker, header.segment);
                bytes.extend(frame::encode_parts(*kind, b"no sense", &salt));
            }
        }
        Mutation::Stray(f) => {
            let path = pick(files, f)?.with_extension("bak");
            files.insert(path, b"x".to_vec());
        }
    }
    Some(())
}

fn put(files: &Files) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    directory
}

fn read(scan: &Scan) -> HashMap<AttemptId, Vec<u8>> {
    scan.folders
        .iter()
        .flat_map(|folder| folder.answers())
        .map(|answer| (answer.attempt, answer.read().unwrap().sealed))
        .collect()
}

/// Whether anything says that something may be missing. A folder that does not end in order looks as after a crash.
fn shows_a_loss(scan: &Scan) -> bool {
    let ends_in_order = |folder: &super::super::FolderScan| {
        folder
            .segments()
            .last()
            .is_some_and(|segment| segment.closed() == Some(0))
    };
    scan.damage().count() > 0
        || scan
            .folders
            .iter()
            .any(|folder| folder.torn.is_some() || folder.pruned || !ends_in_order(folder))
}

/// Deletes all that may go, when everything is old and nobody lives; `recorded`: the database has everything, too.
fn expire(directory: &Path, recorded: bool) {
    let retention = Retention {
        own: None,
        older_than: LIMIT,
        now: Clock::new().now() + LIMIT + Duration::from_hours(1),
    };
    let report = delete_expired(directory, &retention, |_| true, |_| recorded);
    assert!(report.failures.is_empty(), "{report:?}");
}

proptest! {
    #![proptest_config(cases(120))]

    #[test]
    fn nothing_is_made_up_and_nothing_goes_in_silence(
        mutations in proptest::collection::vec(any_mutation(), 1..6),
    ) {
        let original = original();
        let mut files = original.files.clone();
        for mutation in &mutations {
            mutate(&mut files, mutation);
        }
        let directory = put(&files);
        let scanned = scan(directory.path());
        let found = read(&scanned);
        for (attempt, sealed) in &found {
            prop_assert_eq!(original.answers.get(attempt), Some(sealed), "made up");
        }
        if found.len() < original.answers.len() {
            prop_assert!(shows_a_loss(&scanned), "answers are missing and nothing says so");
        }
        prop_assert_eq!(content(directory.path()), files.clone(), "looking changes nothing");

        // No answer goes that the database may lack.
        expire(directory.path(), false);
        prop_assert_eq!(read(&scan(directory.path())), found);
        // And no damage goes, whatever the database has.
        let harmed: Vec<PathBuf> = scanned
            .folders
            .iter()
            .filter(|folder| !folder.damage.is_empty())
            .map(|folder| folder.path.clone())
            .collect();
        expire(directory.path(), true);
        for folder in harmed {
            let name = folder.strip_prefix(directory.path()).unwrap();
            for (path, bytes) in files.iter().filter(|(path, _)| path.starts_with(name)) {
                let kept = fs::read(directory.path().join(path));
                prop_assert_eq!(&kept.unwrap(), bytes, "{} was damaged", path.display());
            }
        }
    }
}
