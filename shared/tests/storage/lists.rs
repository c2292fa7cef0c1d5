//! Lists of credentials against a reference in Rust over the same rows: every filter in every order, with ties and missing
//! values, by pages and by cursors, and along each way that a page can be found.

use std::cmp::Ordering;

use rt_manage_shared::{
    clock::Millis,
    db::{
        Db, Dialect,
        counts::Count,
        credentials::{self, Credential, Identity, Limits, Profile, Query},
        facets, grants,
    },
    id::{AttemptId, CredentialId},
    model::{
        grant::{Doubt, Grant, HeldReason, State, StateName},
        listing::{Filter, Position, Sort, SortBy, SortKey, Span},
    },
};

use crate::{
    fixtures::{NOW, fp, profile},
    support::Place,
};

const ROWS: u32 = 30;

/// Something that repeats, and is not in step with anything else.
fn pick<T: Clone>(n: u32, step: u32, of: &[T]) -> T {
    of[usize::try_from(n * step / 7 + n % 3).unwrap() % of.len()].clone()
}

fn at(number: i64) -> Millis {
    Millis(NOW.0 + number * 1000)
}

async fn fill(db: &Db) -> Vec<Credential> {
    let mut all = Vec::new();
    for n in 0..ROWS {
        let id = CredentialId::generate();
        let attempt = AttemptId::generate();
        let state = pick(
            n,
            5,
            &[
                State::Idle,
                State::Dead,
                State::InDoubt,
                State::Held(HeldReason::Region),
                State::Queued(attempt),
                State::Idle,
            ],
        );
        let expires = pick(n, 3, &[None, Some(at(5)), Some(at(9)), Some(at(-4))]);
        let grant = Grant {
            credential: id,
            state,
            rt_fp: fp(&format!("{n}")),
            doubt: (state == State::InDoubt).then_some(Doubt {
                since: NOW,
                probes: 1,
            }),
            failures: pick(n, 4, &[0, 0, 3]),
            last_code: None,
            next_refresh_at: pick(n, 9, &[None, Some(at(1)), Some(at(2))]),
            refreshed_at: pick(n, 11, &[Some(at(7)), None, Some(at(8)), Some(at(7))]),
            at_issued_at: expires.map(|_| NOW),
            at_expires_at: expires,
        };
        let egress = pick(n, 13, &["default", "proxy-0123456789abcdef", "proxy:1"]);
        let label = pick(n, 13, &["default", "socks5://proxy:1", "http://name:80"]);
        let own = Profile {
            client_id: pick(n, 2, &["app_x", "app_y"]).into(),
            tag: pick(n, 6, &["", "a", "b_%", "Ünï"]).into(),
            enabled: n % 4 != 0,
            egress: egress.into(),
            egress_label: label.into(),
            ..profile(&format!("{}{n}", pick(n, 8, &["user%", "User_", "x"])))
        };
        let text = |text: Option<&str>| text.map(str::to_owned);
        let email = pick(
            n,
            10,
            &[None, Some("a@b"), Some("A@c"), Some("user%@d"), Some("a@b")],
        );
        let identity = Identity {
            email: text(email),
            name: text(pick(
                n,
                12,
                &[Some("Ann"), None, Some("x\u{10ffff}y"), Some("ann")],
            )),
            plan: text(pick(n, 3, &[None, Some("plus"), Some("pro")])),
            ..Identity::default()
        };
        let created = at(i64::from(n / 4));
        let mut tx = db.begin().await.unwrap();
        credentials::insert(&mut tx, id, &own, &identity, created)
            .await
            .unwrap();
        grants::insert(&mut tx, &grant, b"sealed".to_vec(), None)
            .await
            .unwrap();
        if n % 9 == 0 {
            let now = at(i64::from(n));
            let buried = if n % 2 == 0 {
                credentials::bury(&mut tx, id, now).await
            } else {
                credentials::bury_many(&mut tx, &[id], now).await
            };
            assert!(buried.unwrap());
        }
        tx.commit().await.unwrap();
        all.push(Credential {
            id,
            profile: own,
            identity,
            grant,
            revision: 1,
            created_at: created,
            updated_at: created,
            deleted_at: (n % 9 == 0).then(|| at(i64::from(n))),
        });
    }
    all
}

/// The value that is sorted by; missing ones come first.
fn key(one: &Credential, by: SortBy) -> SortKey {
    let text = |text: &str| SortKey::Text(text.to_owned());
    let opt = |text: &Option<String>| text.clone().map_or(SortKey::Null, SortKey::Text);
    let time = |at: Option<Millis>| at.map_or(SortKey::Null, |at| SortKey::Int(at.0));
    match by {
        SortBy::Id => SortKey::Null,
        SortBy::BizId => text(&one.profile.biz_id),
        SortBy::Email => opt(&one.identity.email),
        SortBy::Name => opt(&one.identity.name),
        SortBy::Plan => opt(&one.identity.plan),
        SortBy::Tag => text(&one.profile.tag),
        SortBy::State => text(one.grant.state.name().as_str()),
        SortBy::Enabled => SortKey::Int(one.profile.enabled.into()),
        SortBy::ClientId => text(&one.profile.client_id),
        SortBy::Proxy => text(&one.profile.egress_label),
        SortBy::AtExpiresAt => time(one.grant.at_expires_at),
        SortBy::NextRefreshAt => time(one.grant.next_refresh_at),
        SortBy::RefreshedAt => time(one.grant.refreshed_at),
        SortBy::Failures => SortKey::Int(one.grant.failures.into()),
        SortBy::CreatedAt => time(Some(one.created_at)),
        SortBy::UpdatedAt => time(Some(one.updated_at)),
    }
}

fn compare(a: &SortKey, b: &SortKey) -> Ordering {
    match (a, b) {
        (SortKey::Null, SortKey::Null) => Ordering::Equal,
        (SortKey::Null, _) => Ordering::Less,
        (_, SortKey::Null) => Ordering::Greater,
        (SortKey::Int(a), SortKey::Int(b)) => a.cmp(b),
        (SortKey::Text(a), SortKey::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        _ => panic!("one column, two kinds"),
    }
}

fn fits(one: &Credential, filter: &Filter) -> bool {
    let among =
        |given: &[String], value: &str| given.is_empty() || given.iter().any(|v| v == value);
    let within = |span: Span, at: Option<Millis>| {
        let open = span == Span::default();
        open || at.is_some_and(|at| {
            span.from.is_none_or(|from| from <= at) && span.before.is_none_or(|end| at < end)
        })
    };
    let begins = |prefix: &str| {
        let starts = |text: &Option<String>, prefix: &str| {
            text.as_ref().is_some_and(|text| text.starts_with(prefix))
        };
        one.profile.biz_id.starts_with(prefix)
            || starts(&one.identity.email, prefix)
            || starts(&one.identity.email, &prefix.to_lowercase())
            || starts(&one.identity.name, prefix)
    };
    let proxy = &filter.proxies;
    let (grant, profile) = (&one.grant, &one.profile);
    let there = match filter.deleted_since {
        Some(since) => one.deleted_at.is_some_and(|at| at >= since),
        None => one.deleted_at.is_none(),
    };
    there
        && filter.search.as_deref().is_none_or(begins)
        && among(&filter.tags, &profile.tag)
        && among(
            &filter.plans,
            one.identity.plan.as_deref().unwrap_or_default(),
        )
        && (filter.states.is_empty() || filter.states.contains(&grant.state.name()))
        && filter
            .enabled
            .is_none_or(|enabled| enabled == profile.enabled)
        && among(&filter.client_ids, &profile.client_id)
        && (among(proxy, &profile.egress) || among(proxy, &profile.egress_label))
        && within(filter.expires, grant.at_expires_at)
        && within(filter.refreshed, grant.refreshed_at)
        && within(filter.created, Some(one.created_at))
        && filter
            .has_access_token
            .is_none_or(|has| has == grant.at_expires_at.is_some())
}

fn reference(all: &[Credential], filter: &Filter, sort: Sort) -> Vec<CredentialId> {
    let mut found: Vec<_> = all.iter().filter(|one| fits(one, filter)).collect();
    found.sort_by(|a, b| {
        compare(&key(a, sort.by), &key(b, sort.by))
            .then_with(|| a.id.to_string().cmp(&b.id.to_string()))
    });
    if sort.descending {
        found.reverse();
    }
    found.into_iter().map(|one| one.id).collect()
}

fn filters() -> Vec<Filter> {
    let none = Filter::default;
    let texts = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| (*text).to_owned())
            .collect::<Vec<_>>()
    };
    let span = |from: Option<i64>, before: Option<i64>| Span {
        from: from.map(at),
        before: before.map(at),
    };
    let search = |prefix: &str| Filter {
        search: Some(prefix.into()),
        ..none()
    };
    vec![
        none(),
        search("user%"),
        search("A"),
        search("x\u{10ffff}"),
        Filter {
            tags: texts(&[""]),
            ..none()
        },
        Filter {
            tags: texts(&["a", "b_%", "a"]),
            ..none()
        },
        Filter {
            plans: texts(&["", "plus"]),
            ..none()
        },
        Filter {
            plans: texts(&[""]),
            ..none()
        },
        Filter {
            states: vec![StateName::Idle],
            ..none()
        },
        Filter {
            states: vec![StateName::Dead, StateName::InDoubt, StateName::Dead],
            ..none()
        },
        Filter {
            enabled: Some(true),
            ..none()
        },
        Filter {
            client_ids: texts(&["app_y"]),
            ..none()
        },
        Filter {
            proxies: texts(&["default", "http://name:80"]),
            ..none()
        },
        Filter {
            proxies: texts(&["proxy:1"]),
            ..none()
        },
        Filter {
            expires: span(Some(-4), Some(9)),
            ..none()
        },
        Filter {
            refreshed: span(Some(8), None),
            ..none()
        },
        Filter {
            created: span(Some(2), Some(8)),
            ..none()
        },
        Filter {
            has_access_token: Some(false),
            ..none()
        },
        Filter {
            has_access_token: Some(true),
            enabled: Some(false),
            ..none()
        },
        Filter {
            deleted_since: Some(at(0)),
            enabled: Some(true),
            ..none()
        },
        Filter {
            tags: texts(&["a", ""]),
            enabled: Some(true),
            states: vec![StateName::Idle, StateName::Dead],
            expires: span(None, Some(9)),
            ..none()
        },
        Filter {
            tags: texts(&["nobody"]),
            ..none()
        },
    ]
}

/// Everything, page by page.
async fn walked(db: &Db, query: &Query<'_>, all: usize) -> Vec<CredentialId> {
    let (mut ids, mut after) = (Vec::new(), None::<Position>);
    for _ in 0..200 {
        let page = credentials::list(
            &mut &*db,
            &Query {
                after: after.clone(),
                ..query.clone()
            },
        )
        .await
        .unwrap();
        let (size, total) = (usize::try_from(query.size).unwrap(), page.total);
        assert!(page.items.len() == size || page.next.is_none() || page.incomplete);
        let count = usize::try_from(total.count).unwrap();
        assert!(
            if total.more {
                count <= all
            } else {
                count == all
            },
            "{total:?} of {all}"
        );
        ids.extend(page.items.into_iter().map(|one| one.id));
        if page.next.is_none() {
            return ids;
        }
        if let Some(next) = &page.next {
            assert!(credentials::accepts(query.sort, next));
        }
        after = page.next;
    }
    panic!("the list has no end");
}

/// So little that every way is taken.
const TIGHT: Limits = Limits {
    counted: 6,
    looked_at: 8,
    glance: 4,
};

/// So little that what is to be sorted is looked for in the index first.
const GLANCING: Limits = Limits {
    counted: 10_000,
    looked_at: 20_000,
    glance: 12,
};

pub(crate) async fn every_filter_in_every_order_lists_what_it_should(place: Place) {
    let db = place.open().await;
    let all = fill(&db).await;
    for (n, by) in SortBy::ALL.iter().enumerate() {
        for (m, filter) in filters().iter().enumerate() {
            // Servers prepare each text of a statement anew: they get a quarter of the pairs, all filters and all orders among
            // them.
            if place.dialect != Dialect::Sqlite && (n + m * 3) % 4 != 0 {
                continue;
            }
            for descending in [(n + m) % 2 == 0] {
                let sort = Sort {
                    by: *by,
                    descending,
                };
                let wanted = reference(&all, filter, sort);
                let tight = (n + m) % 4 < 2;
                let limits = if tight && filter.deleted_since.is_none() {
                    TIGHT
                } else if tight {
                    Limits::default()
                } else {
                    GLANCING
                };
                let query = Query {
                    filter,
                    sort,
                    after: None,
                    skip: 0,
                    size: 11,
                    limits,
                };
                let found = walked(&db, &query, wanted.len()).await;
                assert_eq!(found, wanted, "{sort} {filter:?} tight {tight}");
                if m % 5 != n % 5 {
                    continue;
                }
                let skipped = Query {
                    skip: 5,
                    size: 6,
                    ..query
                };
                let page = credentials::list(&mut &db, &skipped).await.unwrap();
                let ids: Vec<_> = page.items.iter().map(|one| one.id).collect();
                let wanted: Vec<_> = wanted.into_iter().skip(5).take(6).collect();
                if page.incomplete {
                    assert!(wanted.starts_with(&ids), "{sort} {filter:?}");
                } else {
                    assert_eq!(ids, wanted, "{sort} {filter:?} by page");
                }
            }
        }
    }
}

pub(crate) async fn shares_are_counted(place: Place) {
    let db = place.open().await;
    let all = fill(&db).await;
    for filter in filters() {
        let found = facets::facets(&mut &db, &filter).await.unwrap();
        let fitting: Vec<_> = all.iter().filter(|one| fits(one, &filter)).collect();
        let number = |test: &dyn Fn(&Credential) -> bool| {
            u32::try_from(fitting.iter().filter(|one| test(one)).count()).unwrap()
        };
        assert_eq!(
            found.total,
            Count {
                count: number(&|_| true),
                more: false
            }
        );
        assert!(!found.more);
        for (state, count) in &found.states {
            let wanted = number(&|one| one.grant.state.name() == *state);
            assert_eq!(
                (count.count, count.more),
                (wanted, false),
                "{state} {filter:?}"
            );
        }
        let tags: u32 = found.tags.iter().map(|share| share.count).sum();
        assert_eq!(tags, found.total.count);
        assert!(found.tags.is_sorted_by(|a, b| a.count >= b.count));
        for share in &found.tags {
            assert_eq!(share.count, number(&|one| one.profile.tag == share.value));
        }
        for share in &found.plans {
            assert_eq!(share.count, number(&|one| one.identity.plan == share.value));
        }
        for share in &found.enabled {
            assert_eq!(
                share.count,
                number(&|one| one.profile.enabled == share.value)
            );
        }
        for share in &found.client_ids {
            assert_eq!(
                share.count,
                number(&|one| one.profile.client_id == share.value)
            );
        }
    }
}
