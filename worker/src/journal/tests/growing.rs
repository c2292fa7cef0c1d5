//! A segment that is written while it is read: whatever its owner does between two reads, no damage is seen that is not
//! there.

use std::{cell::RefCell, io};

use proptest::prelude::*;
use rt_manage_shared::clock::Millis;

use super::{
    super::{
        entry::Entry,
        header::HEADER_LEN,
        reader::{Source, Tail},
        segment_scan::SegmentScan,
    },
    answer_to, cases,
    framing::{SEGMENT, segment, worker},
    intent, payload,
};

/// Shows more of a segment at each read.
struct Growing {
    bytes: Vec<u8>,
    /// How much is there at each of the next reads; behind them all of it is.
    steps: RefCell<Vec<usize>>,
    /// Zeros up to here where room is set aside by writing them; 0 where the file ends with what was written.
    room: usize,
}

impl Growing {
    /// The steps come in any order, and are taken in ascending order.
    fn new(bytes: &[u8], mut steps: Vec<usize>, room: usize) -> Self {
        steps.sort_unstable_by(|a, b| b.cmp(a));
        Self {
            bytes: bytes.to_vec(),
            steps: RefCell::new(steps),
            room,
        }
    }

    fn is_complete(&self) -> bool {
        self.steps.borrow().is_empty()
    }
}

impl Source for Growing {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let written = self.steps.borrow_mut().pop().unwrap_or(self.bytes.len());
        let mut there = self.bytes[..written].to_vec();
        there.resize(written.max(self.room), 0);
        there.read_at(buffer, offset)
    }
}

/// Intents, answers of these lengths, and notes that they are recorded.
fn entries(lengths: &[usize]) -> Vec<Entry> {
    lengths
        .iter()
        .flat_map(|length| {
            let intent = intent();
            let answer = answer_to(&intent, payload(&intent, *length));
            let done = super::super::Done {
                attempt: intent.attempt,
                at: Millis(5),
            };
            [
                Entry::Intent(intent),
                Entry::Answer(answer),
                Entry::Done(done),
            ]
        })
        .collect()
}

/// Reads it again and again, as a scanner does; says what is wrong.
fn read(source: &Growing) -> Result<SegmentScan, String> {
    let name = std::path::Path::new("0000000003.journal");
    let mut scan = SegmentScan::new(name, SEGMENT, worker());
    loop {
        let last = source.is_complete();
        if scan.header().is_none() {
            scan = SegmentScan::new(name, SEGMENT, worker());
        }
        scan.read(source).unwrap();
        if let Some(reason) = scan.damage_of_header() {
            return Err(format!("header: {reason}"));
        }
        if let Some(damage) = scan.damage_inside().first() {
            return Err(format!("{damage:?}"));
        }
        if let Tail::Damaged(offset) = scan.tail() {
            return Err(format!("tail from {offset}"));
        }
        if last {
            return Ok(scan);
        }
    }
}

/// More than a reader holds at once, so that it comes back to a place that it has left.
const ROOM: usize = 600 * 1024;

#[test]
fn a_header_that_is_being_written_is_no_damage() {
    let (bytes, _) = segment(&entries(&[100]));
    for room in [0, ROOM] {
        for first in 0..=HEADER_LEN {
            for second in [first, HEADER_LEN, HEADER_LEN + 1, bytes.len()] {
                let source = Growing::new(&bytes, vec![first, second.max(first)], room);
                let scan = read(&source).map_err(|why| format!("{first}, {second}: {why}"));
                assert_eq!(scan.unwrap().entries().len(), 3);
            }
        }
    }
}

#[test]
fn an_entry_that_is_written_while_the_room_behind_it_is_searched_is_no_damage() {
    let (bytes, starts) = segment(&entries(&[100, 300_000]));
    // The first reads find the header and the first entry; what follows appears at each later read.
    for appears in 2..12 {
        let mut steps = vec![starts[1]; appears];
        steps.push(starts[2]);
        let source = Growing::new(&bytes, steps, 2 * ROOM);
        let scan = read(&source).map_err(|why| format!("{appears}: {why}"));
        assert_eq!(scan.unwrap().entries().len(), 6);
    }
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn a_segment_that_is_being_written_shows_no_damage(
        lengths in proptest::collection::vec(0..200_000_usize, 1..4),
        parts in proptest::collection::vec(0.0..1.0_f64, 0..30),
        early in proptest::collection::vec(0..200_usize, 0..6),
        room: bool,
    ) {
        let (bytes, _) = segment(&entries(&lengths));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let parts = parts.iter().map(|part| (bytes.len() as f64 * part) as usize);
        let steps = parts.chain(early.iter().map(|byte| (*byte).min(bytes.len()))).collect();
        let source = Growing::new(&bytes, steps, if room { ROOM } else { 0 });
        match read(&source) {
            Ok(scan) => prop_assert_eq!(scan.entries().len(), 3 * lengths.len()),
            Err(why) => prop_assert!(false, "{}", why),
        }
    }
}
