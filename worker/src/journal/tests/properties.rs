//! Properties of the framing that hold for arbitrary entries.

use proptest::prelude::*;
use rt_manage_shared::{
    clock::Millis,
    id::{AttemptId, CredentialId},
};

use super::{
    super::{
        Answer, Done, Intent,
        entry::Entry,
        frame::{MARKER, Salt, to_u64},
        header::HEADER_LEN,
        reader::{Frames, Step, Tail},
    },
    framing::{SEGMENT, expected, found, frame, header, is_damaged, scan, segment, worker},
};

fn any_entry() -> impl Strategy<Value = Entry> {
    let sealed = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..200),
        // Payloads that look like the format itself.
        Just([MARKER.as_slice(), &[0; 40], &MARKER].concat()),
        Just(vec![0; 100]),
    ];
    let call = (
        "[0-7][0-9A-HJKMNP-TV-Z]{25}",
        any::<i64>(),
        "[0-9a-f]{64}|.{0,20}",
    );
    (call, sealed, 0..4_u8).prop_map(|((id, at, rt_fp), sealed, kind)| {
        let attempt: AttemptId = id.parse().unwrap();
        let credential: CredentialId = id.parse().unwrap();
        let at = Millis(at);
        match kind {
            0 => Entry::Intent(Intent {
                attempt,
                credential,
                rt_fp,
                at,
            }),
            1 => Entry::Done(Done { attempt, at }),
            _ => Entry::Answer(Answer {
                attempt,
                credential,
                rt_fp,
                at,
                sealed,
            }),
        }
    })
}

proptest! {
    #[test]
    fn entries_round_trip(entries in proptest::collection::vec(any_entry(), 0..20)) {
        let (bytes, _) = segment(&entries);
        let salt = Salt::new(worker(), SEGMENT);
        let mut frames = Frames::new(&bytes, &salt, to_u64(HEADER_LEN));
        for entry in &entries {
            let Step::Frame { kind, body, .. } = frames.step().unwrap() else { panic!("no frame") };
            prop_assert_eq!(&Entry::decode(kind, &body).unwrap(), entry);
            prop_assert_eq!(entry.frame_len(), to_u64(frame(entry).len()));
        }
        prop_assert_eq!(frames.step().unwrap(), Step::End(Tail::Clean));
    }

    #[test]
    fn flipped_bits_never_make_an_entry(
        entries in proptest::collection::vec(any_entry(), 1..10),
        at in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        let (mut bytes, starts) = segment(&entries);
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        let mut rest = entries.clone();
        if let Some(hit) = starts.iter().rposition(|start| *start <= at) {
            rest.remove(hit);
        }
        let scan = scan(&bytes);
        prop_assert_eq!(found(&scan), expected(&rest));
        prop_assert!(is_damaged(&scan));
    }

    #[test]
    fn garbage_between_entries_hides_none_of_them(
        parts in proptest::collection::vec(
            (any_entry(), proptest::collection::vec(any::<u8>(), 1..300)), 1..8),
    ) {
        let mut bytes = header();
        for (entry, garbage) in &parts {
            bytes.extend(garbage);
            bytes.extend(frame(entry));
        }
        let entries: Vec<Entry> = parts.into_iter().map(|(entry, _)| entry).collect();
        let scan = scan(&bytes);
        prop_assert_eq!(found(&scan), expected(&entries));
        prop_assert_eq!(scan.damage_inside().len(), entries.len());
    }

    #[test]
    fn pure_garbage_is_no_entry(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(scan(&bytes).entries().is_empty());
        prop_assert!(scan(&[header(), bytes].concat()).entries().is_empty());
    }

    #[test]
    fn entries_in_any_order_are_all_read(
        entries in proptest::collection::vec(any_entry(), 0..20).prop_shuffle(),
        lost in any::<prop::sample::Index>(),
    ) {
        let (mut bytes, starts) = segment(&entries);
        prop_assert_eq!(found(&scan(&bytes)), expected(&entries));
        // Without one of them nothing else changes: frames do not depend on each other.
        if let Some(first) = starts.get(lost.index(starts.len() + 1)) {
            let end = starts.iter().copied().find(|start| start > first).unwrap_or(bytes.len());
            bytes.drain(first..&end);
            prop_assert_eq!(scan(&bytes).entries().len(), entries.len() - 1);
        }
    }
}
