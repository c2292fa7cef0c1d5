//! The forms as other programs read them.

use rt_manage_shared::{
    clock::Millis,
    db::credentials::{Credential, Identity, Profile},
    id::CredentialId,
    model::grant::{Grant, State},
    vault::{Fingerprint, Secret},
};
use serde_json::{Value, json};

use super::{Format, rows::Row};

const END: Millis = Millis(1_800_000_000_000);

fn row(biz_id: &str, proxy: Option<&str>) -> Row {
    let id = CredentialId::generate();
    let refresh_token = Secret::new(format!("rt.1.{biz_id}"));
    Row {
        credential: Credential {
            id,
            profile: Profile {
                biz_id: biz_id.to_owned(),
                client_id: "app_x".into(),
                proxy: None,
                egress: String::new(),
                egress_label: String::new(),
                tag: "=tag".into(),
                memo: "two\nlines, \"quoted\" ".into(),
                enabled: false,
            },
            identity: Identity {
                email: Some("a@example.com".into()),
                name: None,
                account_id: Some("acc".into()),
                user_id: Some("user".into()),
                plan: Some("plus".into()),
            },
            grant: Grant {
                credential: id,
                state: State::Idle,
                rt_fp: Fingerprint::of(&refresh_token),
                doubt: None,
                failures: 0,
                last_code: None,
                next_refresh_at: None,
                refreshed_at: Some(Millis(1_700_000_000_123)),
                at_issued_at: None,
                at_expires_at: Some(END),
            },
            revision: 1,
            created_at: Millis(1_600_000_000_001),
            updated_at: Millis(0),
            deleted_at: None,
        },
        refresh_token,
        access_token: Some(Secret::new("eyJ.a.t")),
        proxy: proxy.map(Secret::new),
        proxy_name: None,
    }
}

/// The whole file, written in two pages.
fn written(format: Format, rows: &[Row]) -> Vec<u8> {
    let mut shape = format.shape(rows.len());
    let mut bytes = Vec::new();
    for pass in 0..shape.passes() {
        bytes.extend(shape.begin(pass).unwrap());
        for page in rows.chunks(2) {
            bytes.extend(shape.rows(pass, page).unwrap());
        }
    }
    bytes.extend(shape.end().unwrap());
    bytes
}

fn json_of(format: Format, rows: &[Row]) -> Value {
    serde_json::from_slice(&written(format, rows)).unwrap()
}

/// Names and contents of an archive.
fn members(bytes: Vec<u8>) -> Vec<(String, Value)> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let count = archive.len();
    let mut read = |index| {
        let file = archive.by_index(index).unwrap();
        let name = file.name().unwrap().into_owned();
        // Unpacking it leads nowhere else.
        assert_eq!(file.enclosed_name().unwrap().to_str(), Some(name.as_str()));
        assert_eq!(file.unix_mode().map(|mode| mode & 0o777), Some(0o600));
        (name, serde_json::from_reader(file).unwrap())
    };
    (0..count).map(&mut read).collect()
}

#[test]
fn our_table_and_our_lines_say_the_same() {
    let rows = [
        row("=a", Some("http://u:p@h:1")),
        row(" b ", None),
        row("c", None),
    ];
    let table = String::from_utf8(written(Format::Csv, &rows)).unwrap();
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let names = reader.headers().unwrap().clone();
    assert_eq!(names.iter().collect::<Vec<_>>(), super::COLUMNS);
    let records: Vec<_> = reader.records().map(Result::unwrap).collect();
    let lines = String::from_utf8(written(Format::Jsonl, &rows)).unwrap();
    let objects: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!((records.len(), objects.len()), (3, 3));
    for (record, object) in records.iter().zip(&objects) {
        for (name, cell) in names.iter().zip(record) {
            assert!(!cell.starts_with(['=', '+', '-', '@']), "{name}");
            let value = match &object[name] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            assert_eq!(crate::sheet::restored(cell), value, "{name}");
        }
    }
    let first = &objects[0];
    assert_eq!(
        (
            &first["biz_id"],
            &first["enabled"],
            &first["refreshed_at"],
            &first["created_at"]
        ),
        (
            &json!("=a"),
            &json!(false),
            &json!("2023-11-14T22:13:20.123Z"),
            &json!("2020-09-13T12:26:40.001Z")
        )
    );
    assert_eq!(
        (&first["proxy"], &first["state"]),
        (&json!("http://u:p@h:1"), &json!("idle"))
    );
}

#[test]
fn one_codex_login_is_a_file_and_several_are_an_archive() {
    let expected = json!({
        "auth_mode": "chatgpt", "OPENAI_API_KEY": null, "last_refresh": "2023-11-14T22:13:20.123Z",
        "tokens": {"id_token": "eyJ.a.t", "access_token": "eyJ.a.t", "refresh_token": "rt.1.a", "account_id": "acc"},
    });
    assert_eq!(json_of(Format::Codex, &[row("a", None)]), expected);
    assert_eq!(Format::Codex.file(1), ("auth.json", "application/json"));
    let rows = [
        row("../../etc/x", None),
        row("a\\b\r\nc: d", None),
        row(".hidden", None),
    ];
    let found = members(written(Format::Codex, &rows));
    let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
    let expected: Vec<_> = [".._.._etc_x", "a_b__c__d", ".hidden"]
        .iter()
        .zip(&rows)
        .map(|(name, row)| format!("{}-{name}/auth.json", row.credential.id))
        .collect();
    assert_eq!(names, expected);
    assert_eq!(found[1].1["tokens"]["refresh_token"], "rt.1.a\\b\r\nc: d");
}

#[test]
fn accounts_of_cliproxyapi_are_files_of_one_folder() {
    let one = json_of(Format::Cliproxyapi, &[row("a", None)]);
    let expected = json!({
        "type": "codex", "id_token": "eyJ.a.t", "access_token": "eyJ.a.t", "refresh_token": "rt.1.a", "account_id": "acc",
        "last_refresh": "2023-11-14T22:13:20.123Z", "email": "a@example.com", "expired": "2027-01-15T08:00:00Z",
    });
    assert_eq!(one, expected);
    let found = members(written(
        Format::Cliproxyapi,
        &[row("a", None), row("b", None)],
    ));
    assert!(
        found
            .iter()
            .all(|(name, _)| name.starts_with("codex-") && !name.contains('/'))
    );
    assert_eq!(found[1].1["refresh_token"], "rt.1.b");
}

#[test]
fn accounts_of_sub2api_refer_to_their_proxies() {
    let proxy = "socks5h://us%40er:p%2Fw%2B@h.example:1080";
    let rows = [row("a", Some(proxy)), row("b", None), row("c", Some(proxy))];
    let file = json_of(Format::Sub2api, &rows);
    assert_eq!(
        (&file["type"], &file["version"]),
        (&json!("sub2api-data"), &json!(1))
    );
    let proxies = file["proxies"].as_array().unwrap();
    assert_eq!(proxies.len(), 1);
    let key = &proxies[0]["proxy_key"];
    assert_eq!(
        proxies[0],
        json!({"proxy_key": key, "name": "socks5h://h.example:1080", "protocol": "socks5h", "host": "h.example", "port": 1080,
            "username": "us@er", "password": "p/w+", "status": "active"})
    );
    let accounts = file["accounts"].as_array().unwrap();
    let keys: Vec<_> = accounts.iter().map(|one| &one["proxy_key"]).collect();
    assert_eq!(keys, [key, &Value::Null, key]);
    assert_eq!(
        accounts[1]["credentials"],
        json!({"access_token": "eyJ.a.t", "id_token": "eyJ.a.t", "refresh_token": "rt.1.b", "client_id": "app_x", "email": "a@example.com",
            "chatgpt_account_id": "acc", "chatgpt_user_id": "user", "plan_type": "plus", "expires_at": 1_800_000_000})
    );
    let none = json_of(Format::Sub2api, &[row("a", None)]);
    assert_eq!(none["proxies"], json!([]));
}
