//! What a reader makes of whole, cut, flipped, mixed and foreign bytes.

use std::{io, path::Path};

use rt_manage_shared::{
    clock::Millis,
    id::{AttemptId, BootId},
};

use super::super::{
    Done, Intent, JournalEntry,
    entry::Entry,
    frame::{self, Salt},
    header::{HEADER_LEN, Header},
    reader::{Source, Tail},
    segment_scan::SegmentScan,
};

pub(super) const SEGMENT: u64 = 3;

impl Source for Vec<u8> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = self
            .get(usize::try_from(offset).unwrap()..)
            .unwrap_or_default();
        let len = rest.len().min(buffer.len());
        buffer[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }
}

pub(super) fn worker() -> BootId {
    "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap()
}

pub(super) fn header() -> Vec<u8> {
    Header {
        segment: SEGMENT,
        worker: worker(),
        kernel_boot_id: Some("0".repeat(36)),
    }
    .encode()
}

pub(super) fn frame(entry: &Entry) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame::encode(entry, &Salt::new(worker(), SEGMENT), &mut bytes);
    bytes
}

/// A segment, and where each of its entries begins.
pub(super) fn segment(entries: &[Entry]) -> (Vec<u8>, Vec<usize>) {
    let mut bytes = header();
    let mut starts = Vec::new();
    for entry in entries {
        starts.push(bytes.len());
        bytes.extend(frame(entry));
    }
    (bytes, starts)
}

pub(super) fn scan(bytes: &Vec<u8>) -> SegmentScan {
    let mut scan = SegmentScan::new(Path::new("0000000003.journal"), SEGMENT, worker());
    scan.read(bytes).unwrap();
    scan
}

pub(super) fn is_damaged(scan: &SegmentScan) -> bool {
    scan.damage_of_header().is_some()
        || !scan.damage_inside().is_empty()
        || matches!(scan.tail(), Tail::Damaged(_))
}

/// What of an entry a scan can show; payloads by their checksum.
fn shown(entry: &JournalEntry) -> String {
    match entry {
        JournalEntry::Answer(answer) => format!(
            "{:?} {:?} {} {:?}",
            answer.identity(),
            answer.credential,
            answer.rt_fp,
            answer.at
        ),
        other => format!("{other:?}"),
    }
}

pub(super) fn found(scan: &SegmentScan) -> Vec<String> {
    scan.entries().iter().map(shown).collect()
}

pub(super) fn expected(entries: &[Entry]) -> Vec<String> {
    let show = |entry: &Entry| match entry {
        Entry::Intent(intent) => Some(format!("Intent({intent:?})")),
        Entry::Done(done) => Some(format!("Done({done:?})")),
        Entry::Answer(answer) => {
            let mut body = Vec::new();
            entry.encode_body(&mut body);
            Some(format!(
                "{:?} {:?} {} {:?}",
                (answer.attempt, crc32fast::hash(&body)),
                answer.credential,
                answer.rt_fp,
                answer.at
            ))
        }
        Entry::Close(_) => None,
    };
    entries.iter().filter_map(show).collect()
}

fn some_entries() -> Vec<Entry> {
    let intent = Intent {
        rt_fp: "0a1b".to_owned(),
        ..super::intent()
    };
    vec![
        Entry::Intent(intent.clone()),
        Entry::Answer(super::answer_to(&intent, vec![0, 1, 2, 0, 0])),
        Entry::Done(Done {
            attempt: intent.attempt,
            at: Millis(0),
        }),
        Entry::Intent(Intent {
            attempt: AttemptId::generate(),
            ..intent
        }),
    ]
}

#[test]
fn any_single_flipped_bit_costs_at_most_its_own_entry_and_is_reported() {
    let entries = some_entries();
    let (bytes, starts) = segment(&entries);
    for zeros in [0, 50] {
        let whole = [bytes.clone(), vec![0; zeros]].concat();
        // Zeros behind the entries only matter to the last of them.
        let from = if zeros == 0 { 0 } else { starts[3] };
        for bit in from * 8..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let scan = scan(&flipped);
            let mut rest = entries.clone();
            if let Some(hit) = starts.iter().rposition(|start| *start <= bit / 8)
                && bit / 8 < bytes.len()
            {
                rest.remove(hit);
            }
            assert_eq!(found(&scan), expected(&rest), "bit {bit}");
            assert!(is_damaged(&scan), "bit {bit}");
        }
    }
}

#[test]
fn a_cut_at_any_byte_is_torn_and_never_damage() {
    let entries = some_entries();
    let (bytes, starts) = segment(&entries);
    for zeros in [0, 50, 5000] {
        for cut in 0..=bytes.len() {
            let torn = [&bytes[..cut], &vec![0; zeros]].concat();
            let scan = scan(&torn);
            let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
            let whole = ends.take_while(|end| *end <= cut).count();
            assert_eq!(found(&scan), expected(&entries[..whole]), "cut at {cut}");
            assert!(!is_damaged(&scan), "cut at {cut}");
            let boundary =
                cut == 0 || cut == HEADER_LEN || starts.contains(&cut) || cut == bytes.len();
            assert_eq!(scan.tail() == Tail::Clean, boundary, "cut at {cut}");
        }
    }
}

#[test]
fn a_segment_whose_beginning_was_lost_still_gives_its_entries() {
    let entries = some_entries();
    let (mut bytes, starts) = segment(&entries);
    bytes[..starts[1]].fill(0);
    let long = [vec![0; 10_000], bytes.clone()].concat();
    for lost in [bytes, long] {
        let scan = scan(&lost);
        assert_eq!(found(&scan), expected(&entries[1..]));
        assert!(is_damaged(&scan));
    }
}

#[test]
fn an_unknown_version_is_set_aside_and_a_damaged_version_is_not() {
    let (mut bytes, _) = segment(&some_entries());
    bytes[8] = 9;
    assert_eq!(
        scan(&bytes).entries().len(),
        4,
        "the checksum tells that 9 is an accident"
    );
    let checksum = crc32fast::hash(&bytes[..HEADER_LEN - 5]).to_le_bytes();
    bytes[HEADER_LEN - 5..HEADER_LEN - 1].copy_from_slice(&checksum);
    let set_aside = scan(&bytes);
    assert!(set_aside.entries().is_empty());
    let reason = set_aside.damage_of_header().unwrap().to_string();
    assert_eq!(reason, "format version 9 is unknown: the file is set aside");
}

#[test]
fn entries_of_another_segment_are_not_taken_for_this_ones() {
    let entries = some_entries();
    let (mut bytes, _) = segment(&entries);
    frame::encode(
        &Entry::Intent(super::intent()),
        &Salt::new(worker(), SEGMENT + 1),
        &mut bytes,
    );
    frame::encode(
        &Entry::Intent(super::intent()),
        &Salt::new(BootId::generate(), SEGMENT),
        &mut bytes,
    );
    let scan = scan(&bytes);
    assert_eq!(found(&scan), expected(&entries));
    assert!(is_damaged(&scan));
}

#[test]
fn sound_frames_of_unknown_kind_or_without_sense_are_reported_and_skipped() {
    let salt = Salt::new(worker(), SEGMENT);
    let entries = some_entries();
    let (mut bytes, _) = segment(&entries);
    // Built by hand: kind 77, and an intent without a body.
    for kind in [77, 1] {
        bytes.extend(frame::encode_parts(kind, b"", &salt));
    }
    bytes.extend(frame(&entries[0]));
    let scan = scan(&bytes);
    assert_eq!(
        found(&scan),
        expected(&[&entries[..], &entries[..1]].concat())
    );
    let reasons: Vec<String> = scan
        .damage_inside()
        .iter()
        .map(|damage| damage.reason.to_string())
        .collect();
    assert_eq!(
        reasons,
        [
            "an entry of unknown kind 77",
            "an entry that makes no sense"
        ]
    );
}

#[test]
fn a_huge_length_is_not_believed() {
    let salt = Salt::new(worker(), SEGMENT);
    let entries = some_entries();
    let mut bytes = header();
    bytes.extend(frame::encode_head(1, u32::MAX, &salt));
    bytes.extend(frame(&entries[0]));
    let scan = scan(&bytes);
    assert_eq!(found(&scan), expected(&entries[..1]));
    assert!(is_damaged(&scan));
}

#[test]
fn a_bad_block_costs_only_what_lies_in_it() {
    struct BadBlock(Vec<u8>);
    impl Source for BadBlock {
        fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
            if (4096..8192).contains(&offset) {
                return Err(io::Error::other("bad block"));
            }
            let before = usize::try_from(4096_u64.saturating_sub(offset)).unwrap();
            let len = if before > 0 {
                before.min(buffer.len())
            } else {
                buffer.len()
            };
            self.0.read_at(&mut buffer[..len], offset)
        }
    }
    let entries: Vec<Entry> = (0..100).map(|_| Entry::Intent(super::intent())).collect();
    let (bytes, starts) = segment(&entries);
    let mut scan = SegmentScan::new(Path::new("0000000003.journal"), SEGMENT, worker());
    scan.read(&BadBlock(bytes.clone())).unwrap();
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
    let rest: Vec<Entry> = entries
        .iter()
        .zip(starts.iter().zip(ends))
        .filter(|(_, (start, end))| *end <= 4096 || **start >= 8192)
        .map(|(entry, _)| entry.clone())
        .collect();
    assert!(rest.len() < 100);
    assert_eq!(found(&scan), expected(&rest));
    assert_eq!(scan.unreadable(), Some("bad block"));
    assert!(is_damaged(&scan));
}
