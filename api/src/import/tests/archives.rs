//! ZIPs.

use std::io::{Cursor, Write as _};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{rows, short};
use crate::{
    import::{FormError, parse},
    routes::admin::tests::CANARY,
};

fn zip(files: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = SimpleFileOptions::default().compression_method(method);
        if name.ends_with('/') {
            writer.add_directory(*name, options).unwrap();
        } else {
            writer.start_file(*name, options).unwrap();
            writer.write_all(bytes).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn all_files_of_all_forms_are_read() {
    let inner = zip(&[("x.txt", b"rt.1.inner")], CompressionMethod::Stored);
    let long = format!("{}.txt", "n".repeat(300));
    let files: [(&str, &[u8]); 11] = [
        ("a/", b""),
        ("a/auth.json", br#"{"tokens": {"refresh_token": "rt.1.a"}}"#),
        ("b.csv", b"biz_id,refresh_token\nx,rt.1.b\n"),
        ("../../etc/passwd", b"\nrt.1.c\n"),
        ("__MACOSX/._a", b"\x00\x01"),
        (".DS_Store", b"\x00\x01"),
        ("picture.png", b"\x89PNG\xff"),
        ("table.csv", b"refresh_token,proxi\nrt.1.canary,x\n"),
        ("inner.zip", &inner),
        ("again.txt", b"rt.1.a"),
        (&long, b"rt.1.d"),
    ];
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let found: Vec<_> = rows(&zip(&files, method))
            .into_iter()
            .map(|row| (row.source.as_deref().unwrap().to_owned(), short(row)))
            .collect();
        let shown: Vec<_> = found
            .iter()
            .map(|(source, (line, said))| {
                let said = match said {
                    Ok(token) => token.clone(),
                    Err(error) => error.split([',', ':', ';']).next().unwrap().to_owned(),
                };
                format!("{} {line} {said}", source.get(..20).unwrap_or(source))
            })
            .collect();
        assert_eq!(
            shown,
            [
                "a/auth.json 1 rt.1.a",
                "b.csv 2 rt.1.b",
                "../../etc/passwd 2 rt.1.c",
                "picture.png 1 the file is neither UTF-8 text nor a ZIP",
                "table.csv 1 line 1",
                "inner.zip 1 this is a ZIP inside a ZIP",
                "again.txt 1 repeats",
                "nnnnnnnnnnnnnnnnnnnn 1 rt.1.d",
            ]
        );
        assert_eq!(found.last().unwrap().0.len(), 200);
        let (_, (_, repeated)) = &found[6];
        assert!(
            repeated
                .as_ref()
                .unwrap_err()
                .contains("line 1 of a/auth.json")
        );
    }
    assert!(rows(&zip(&[], CompressionMethod::Stored)).is_empty());
}

#[test]
fn bombs_and_broken_archives_are_refused() {
    let blanks = vec![b'\n'; 20 * 1024 * 1024];
    let bomb = zip(&[("bomb.txt", &blanks)], CompressionMethod::Deflated);
    assert!(bomb.len() < 64 * 1024);
    assert_eq!(parse(&bomb).unwrap_err(), FormError::Bomb);
    // What unpacks to little is no bomb, however it was packed.
    let little = zip(
        &[("x.txt", &vec![b'\n'; 1024 * 1024])],
        CompressionMethod::Deflated,
    );
    assert!(rows(&little).is_empty());
    assert_eq!(
        parse(b"PK\x03\x04 and nothing else").unwrap_err(),
        FormError::Archive
    );
    // Its size is stated as less than it is: what comes out counts.
    let text = format!("rt.1.{CANARY}\n").repeat(10);
    let mut liar = zip(&[("x.txt", text.as_bytes())], CompressionMethod::Stored);
    let length = u32::try_from(text.len()).unwrap().to_le_bytes();
    while let Some(at) = liar.windows(4).position(|window| window == length) {
        liar[at..at + 4].copy_from_slice(&3_u32.to_le_bytes());
    }
    if let Ok(found) = parse(&liar) {
        assert!(found.len() <= 1, "{found:?}");
    }
    // One that was damaged on its way: every byte in turn.
    let whole = zip(
        &[("x.txt", b"rt.1.a\nrt.1.b\n"), ("y.json", b"{}")],
        CompressionMethod::Deflated,
    );
    for at in 0..whole.len() {
        let mut broken = whole.clone();
        broken[at] ^= 0xff;
        let _ = parse(&broken);
        let _ = parse(&whole[..at]);
    }
}
