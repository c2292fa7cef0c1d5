//! Taking many credentials in at once, with the same rules as one: what the database knows of all of them is read in a few
//! statements, and new ones are written in a few. No row's fault touches another.
//!
//! A row that is a credential already, by its refresh token, its person in a workspace or its `biz_id`, changes that one in its
//! place, as far as "Spent tokens are remembered" (docs/architecture.md) lets it.

use std::collections::{HashMap, HashSet};

use rt_manage_shared::{
    db::{
        Tx, coordination, credentials,
        credentials::{Credential, Standing},
        grants,
        grants::TokenWrite,
        proxies,
    },
    id::{AttemptId, CredentialId, ProxyId},
    model::credential::check_biz_id,
    vault::Fingerprint,
};

use super::{
    Arrival, Created, CredentialError, Credentials, Defaults, Edit, Holder,
    arrival::is_healthy,
    create::Prepared,
    fields::{ProxyColumns, seal_token},
    token_rules::{Facts, Refused},
};

/// How arrivals are taken in.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// What they are of which the file does not tell more.
    pub defaults: Defaults,
    /// Whether a refresh token takes the place of a healthy one.
    pub replace: bool,
}

/// What became of an arrival that was no failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It is new.
    Created(Created),
    /// It changed these fields of one that was there.
    Updated(Created, Vec<&'static str>),
    /// It is there already, as it is.
    Held(Holder),
}

/// What became of several.
#[derive(Debug, Default)]
pub struct Taking {
    /// For each of them, in their order.
    pub results: Vec<Result<Taken, CredentialError>>,
    changed: Vec<(CredentialId, Option<AttemptId>)>,
}

/// What is known when the rows are looked at.
struct Known {
    facts: Facts,
    /// Those that are there, by their ids.
    standing: HashMap<CredentialId, Standing>,
    seats: HashMap<(String, String), CredentialId>,
    names: HashMap<String, CredentialId>,
    proxies: HashMap<String, ProxyId>,
}

/// One transaction's work.
struct Work<'a> {
    rules: &'a Rules,
    known: Known,
    named: HashMap<ProxyId, ProxyColumns>,
    prepared: Vec<Prepared>,
    changed: Vec<(CredentialId, Option<AttemptId>)>,
    /// What earlier rows have brought.
    tokens: HashMap<Fingerprint, Holder>,
    taken: HashSet<CredentialId>,
}

impl Credentials {
    /// Takes these in, in their order, inside the caller's transaction, which has to be committed or dropped. An error is one of
    /// the whole: the transaction has to be dropped, and may be tried again. After the commit, [`Credentials::tell`].
    pub async fn take_in(
        &self,
        tx: &mut Tx,
        arrivals: &[Arrival],
        rules: &Rules,
    ) -> Result<Taking, CredentialError> {
        // One at a time, so that what is read still holds when it is written.
        coordination::take_turn(tx, coordination::TOKEN_ADMISSION).await?;
        let tokens: Vec<_> = arrivals
            .iter()
            .map(|arrival| Fingerprint::of(&arrival.refresh_token))
            .collect();
        let mut work = Work {
            rules,
            known: Known::read(tx, arrivals, &tokens).await?,
            named: HashMap::new(),
            prepared: Vec::new(),
            changed: Vec::new(),
            tokens: HashMap::new(),
            taken: HashSet::new(),
        };
        let mut results = Vec::with_capacity(arrivals.len());
        for (arrival, rt_fp) in arrivals.iter().zip(tokens) {
            match self.take(tx, &mut work, arrival, rt_fp).await {
                // Something of it may have been written.
                Err(
                    error @ (CredentialError::Database(_)
                    | CredentialError::Vault(_)
                    | CredentialError::Contended),
                ) => return Err(error),
                result => results.push(result),
            }
        }
        let (rows, grants): (Vec<_>, Vec<_>) = work
            .prepared
            .into_iter()
            .map(|prepared| (prepared.row, prepared.grant))
            .unzip();
        credentials::insert_many(tx, rows).await?;
        grants::insert_many(tx, grants).await?;
        Ok(Taking {
            results,
            changed: work.changed,
        })
    }

    /// Announces what was taken in, once it is committed.
    pub fn tell(&self, taking: &Taking) {
        for (id, ended) in &taking.changed {
            self.changed(*id, *ended);
        }
    }

    async fn take(
        &self,
        tx: &mut Tx,
        work: &mut Work<'_>,
        arrival: &Arrival,
        rt_fp: Fingerprint,
    ) -> Result<Taken, CredentialError> {
        let named = arrival.proxy_name.as_ref();
        let named = named.and_then(|name| work.known.proxies.get(name)).copied();
        let new = arrival.becomes(named, &work.rules.defaults);
        let proxy = new.check()?;
        if let Some(holder) = work.tokens.get(&rt_fp) {
            return Ok(Taken::Held(holder.clone()));
        }
        let admitted = match work.known.facts.judge(&rt_fp, None) {
            Ok(admitted) => admitted,
            Err(Refused::InUse(id)) => {
                let edit = arrival.edits(named, false);
                return self.put_in_place(tx, work, arrival, id, &edit).await;
            }
            Err(Refused::Spent(id)) => return Err(CredentialError::Spent(work.known.holder(id))),
            Err(Refused::Refreshing(id)) => {
                return Err(CredentialError::Refreshing(work.known.holder(id)));
            }
        };
        if let Some(id) = work.known.same(arrival)? {
            let edit = arrival.edits(named, true);
            return self.put_in_place(tx, work, arrival, id, &edit).await;
        }
        let columns = match new.proxy_id {
            Some(id) => work.columns(tx, id).await?,
            None => ProxyColumns::default(),
        };
        let prepared = self.prepare(&new, rt_fp.clone(), proxy, columns, &admitted)?;
        let created = Created {
            id: prepared.row.id,
            biz_id: prepared.row.profile.biz_id.clone(),
        };
        admitted.purge(tx).await?;
        work.created(&created, arrival, rt_fp);
        work.prepared.push(prepared);
        Ok(Taken::Created(created))
    }

    /// Changes a credential that is there. With another refresh token it has to be a bad one that it replaces.
    async fn put_in_place(
        &self,
        tx: &mut Tx,
        work: &mut Work<'_>,
        arrival: &Arrival,
        id: CredentialId,
        edit: &Edit,
    ) -> Result<Taken, CredentialError> {
        let replaces = !matches!(edit.refresh_token, super::Patch::Keep);
        // One that an earlier row brought is as good as can be, and is not in the database yet.
        if work.taken.contains(&id) && replaces {
            return Err(CredentialError::Healthy(id));
        }
        let before = credentials::by_id(tx, id).await?;
        let before = before.ok_or(CredentialError::Contended)?;
        if replaces && is_healthy(&before.grant) && !work.rules.replace {
            return Err(CredentialError::Healthy(id));
        }
        let proxy = edit.check()?;
        let (after, ended, mut fields) = self.edit_in(tx, id, edit, proxy.as_ref()).await?;
        if let Some(identity) = arrival.teaches(&before, replaces) {
            credentials::learn_identity(tx, id, &identity).await?;
            fields.push("identity");
        }
        if replaces && self.put_access_token(tx, arrival, &after).await? {
            fields.push("access_token");
        }
        let biz_id = before.profile.biz_id;
        if fields.is_empty() {
            let biz_id = Some(biz_id);
            return Ok(Taken::Held(Holder { id, biz_id }));
        }
        let holder = Holder {
            id,
            biz_id: Some(biz_id.clone()),
        };
        work.tokens.insert(after.grant.rt_fp, holder);
        work.taken.insert(id);
        work.changed.push((id, ended));
        Ok(Taken::Updated(Created { id, biz_id }, fields))
    }

    /// Stores the access token that came with a new refresh token, unless what is there is good for longer.
    async fn put_access_token(
        &self,
        tx: &mut Tx,
        arrival: &Arrival,
        after: &Credential,
    ) -> Result<bool, CredentialError> {
        let now = self.clock.now();
        let ends = arrival.told.ends(now, self.settings.default_life);
        let Some(token) = &arrival.access_token else {
            return Ok(false);
        };
        if after.grant.at_expires_at.is_some_and(|held| held >= ends) {
            return Ok(false);
        }
        let ctx = self.context(now, after.profile.enabled);
        let grant = after.grant.clone().with_access_token(ends, &ctx);
        let tokens = TokenWrite {
            rt: None,
            access_token: Some(seal_token(&self.vault, after.id, "access_token", token)?),
        };
        if grants::compare_and_set(tx, &after.grant.guard(), &grant, tokens).await? {
            Ok(true)
        } else {
            Err(CredentialError::Contended)
        }
    }
}

impl Known {
    async fn read(
        tx: &mut Tx,
        arrivals: &[Arrival],
        tokens: &[Fingerprint],
    ) -> Result<Self, CredentialError> {
        let facts = Facts::read(tx, tokens).await?;
        let (accounts, users): (Vec<_>, Vec<_>) = arrivals
            .iter()
            .filter_map(|arrival| arrival.told.seat())
            .unzip();
        let names: Vec<_> = arrivals
            .iter()
            .filter_map(|arrival| arrival.biz_id.as_deref())
            .filter(|name| check_biz_id(name).is_ok())
            .collect();
        let refused: Vec<_> = tokens
            .iter()
            .filter_map(|rt_fp| facts.judge(rt_fp, None).err().map(Refused::by))
            .collect();
        let mut standing = credentials::seated(tx, &accounts, &users).await?;
        standing.extend(credentials::named(tx, &names).await?);
        standing.extend(credentials::standing(tx, &refused).await?);
        let mut known = Self {
            facts,
            standing: HashMap::new(),
            seats: HashMap::new(),
            names: HashMap::new(),
            proxies: HashMap::new(),
        };
        if arrivals.iter().any(|arrival| arrival.proxy_name.is_some()) {
            let all = proxies::all(tx).await?;
            known.proxies = all
                .into_iter()
                .map(|entry| (entry.name, entry.id))
                .collect();
        }
        for one in standing {
            known.add(one);
        }
        Ok(known)
    }

    /// Of several that are one person, the first counts.
    fn add(&mut self, one: Standing) {
        if let (Some(account), Some(user)) = (&one.account_id, &one.user_id) {
            let seat = (account.clone(), user.clone());
            self.seats.entry(seat).or_insert(one.id);
        }
        self.names.insert(one.biz_id.clone(), one.id);
        self.standing.insert(one.id, one);
    }

    fn holder(&self, id: CredentialId) -> Holder {
        let biz_id = self.standing.get(&id).map(|one| one.biz_id.clone());
        Holder { id, biz_id }
    }

    /// The credential that an arrival is, by its person in a workspace, else by its name.
    fn same(&self, arrival: &Arrival) -> Result<Option<CredentialId>, CredentialError> {
        let seat = arrival.told.seat();
        let by_seat =
            seat.and_then(|(account, user)| self.seats.get(&(account.to_owned(), user.to_owned())));
        if let Some(id) = by_seat {
            return Ok(Some(*id));
        }
        let by_name = arrival
            .biz_id
            .as_ref()
            .and_then(|name| self.names.get(name));
        let Some(one) = by_name.and_then(|id| self.standing.get(id)) else {
            return Ok(None);
        };
        let theirs = one.account_id.as_deref().zip(one.user_id.as_deref());
        if seat.is_some() && theirs.is_some() {
            // Somebody else's.
            return Err(CredentialError::BizIdTaken);
        }
        Ok(Some(one.id))
    }
}

impl Work<'_> {
    fn created(&mut self, created: &Created, arrival: &Arrival, rt_fp: Fingerprint) {
        let identity = &arrival.told.identity;
        self.known.add(Standing {
            id: created.id,
            biz_id: created.biz_id.clone(),
            account_id: identity.account_id.clone(),
            user_id: identity.user_id.clone(),
        });
        let holder = Holder {
            id: created.id,
            biz_id: Some(created.biz_id.clone()),
        };
        self.tokens.insert(rt_fp, holder);
        self.taken.insert(created.id);
        self.changed.push((created.id, None));
    }

    /// The columns of a named proxy, which stays as it is until the transaction ends.
    async fn columns(&mut self, tx: &mut Tx, id: ProxyId) -> Result<ProxyColumns, CredentialError> {
        if let Some(columns) = self.named.get(&id) {
            return Ok(columns.clone());
        }
        let columns = ProxyColumns::named(tx, id).await?;
        self.named.insert(id, columns.clone());
        Ok(columns)
    }
}
