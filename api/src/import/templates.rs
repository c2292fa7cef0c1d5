//! Examples of the forms, for people to fill in. Each is read by the parsers in a test.

/// An example.
#[derive(Debug)]
pub struct Template {
    /// What it is asked for, and saved, as.
    pub name: &'static str,
    /// Its media type.
    pub kind: &'static str,
    /// The example.
    pub text: &'static str,
}

const JSON: &str = "application/json";

/// All of them.
pub const ALL: &[Template] = &[
    Template {
        name: "lines.txt",
        kind: "text/plain; charset=utf-8",
        text: "# One refresh token a line, or fields with ---- between them. Lines that begin with # are left out.\n\
               rt.1.EXAMPLE-1\n\
               user-002----rt.1.EXAMPLE-2\n\
               someone@example.com----password----rt.1.EXAMPLE-3\n",
    },
    Template {
        name: "table.csv",
        kind: "text/csv; charset=utf-8",
        text: "biz_id,refresh_token,access_token,client_id,proxy,tag,email,memo,enabled\n\
               user-001,rt.1.EXAMPLE-1,,,,team-a,someone@example.com,\"a note, in quotes\",true\n\
               user-002,rt.1.EXAMPLE-2,,app_EMoamEEZ73f0CkXaXp7hrann,socks5://user:password@proxy.example:1080,team-b,,,false\n",
    },
    Template {
        name: "records.jsonl",
        kind: "application/jsonl",
        text: "{\"biz_id\":\"user-001\",\"refresh_token\":\"rt.1.EXAMPLE-1\",\"tag\":\"team-a\",\"enabled\":true}\n\
               {\"biz_id\":\"user-002\",\"refresh_token\":\"rt.1.EXAMPLE-2\",\"proxy\":\"http://proxy.example:8080\"}\n",
    },
    Template {
        name: "codex.json",
        kind: JSON,
        text: "{\n  \"auth_mode\": \"chatgpt\",\n  \"OPENAI_API_KEY\": null,\n  \"tokens\": {\n    \"id_token\": \"\",\n    \
               \"access_token\": \"\",\n    \"refresh_token\": \"rt.1.EXAMPLE-1\",\n    \"account_id\": \"\"\n  },\n  \
               \"last_refresh\": \"2026-01-01T00:00:00Z\"\n}\n",
    },
    Template {
        name: "cliproxyapi.json",
        kind: JSON,
        text: "{\n  \"type\": \"codex\",\n  \"id_token\": \"\",\n  \"access_token\": \"\",\n  \"refresh_token\": \"rt.1.EXAMPLE-1\",\n  \
               \"account_id\": \"\",\n  \"email\": \"someone@example.com\",\n  \"expired\": \"2026-01-01T00:00:00Z\",\n  \
               \"last_refresh\": \"2026-01-01T00:00:00Z\"\n}\n",
    },
    Template {
        name: "sub2api.json",
        kind: JSON,
        text: "{\n  \"type\": \"sub2api-data\",\n  \"version\": 1,\n  \"proxies\": [\n    {\"proxy_key\": \"p1\", \"name\": \"p1\", \
               \"protocol\": \"socks5\", \"host\": \"proxy.example\", \"port\": 1080, \"username\": \"\", \"password\": \"\"}\n  ],\n  \
               \"accounts\": [\n    {\n      \"name\": \"user-001\",\n      \"platform\": \"openai\",\n      \"type\": \"oauth\",\n      \
               \"proxy_key\": \"p1\",\n      \"credentials\": {\n        \"refresh_token\": \"rt.1.EXAMPLE-1\",\n        \
               \"access_token\": \"\",\n        \"expires_at\": 1767225600\n      }\n    }\n  ]\n}\n",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::{Said, parse};

    #[test]
    fn each_is_read_by_itself() {
        for template in ALL {
            let rows = parse(template.text.as_bytes()).unwrap();
            assert!(!rows.is_empty(), "{}", template.name);
            for row in rows {
                // Only its token keeps it out.
                let Said::Invalid(reason) = row.said else {
                    panic!("{}: {row:?}", template.name)
                };
                assert!(
                    reason.contains("example of a template"),
                    "{}: {reason}",
                    template.name
                );
            }
        }
    }
}
