//! How the credentials that a filter lets through are spread over states, labels, plans, client ids. The cost is bounded:
//! what is beyond the limit of counting is not looked at, and the answer says so.

use std::collections::BTreeMap;

use crate::model::{grant::StateName, listing::Filter};

use super::{DbError, Execute, Statement, counts, counts::Count, credentials_list::sample, sql};

/// Most values of one kind that are told, the most frequent ones: a console shows no more.
const MOST_VALUES: usize = 50;

/// A value, and how many have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share<T> {
    /// The value.
    pub value: T,
    /// How many.
    pub count: u32,
}

/// How credentials are spread.
#[derive(Debug, Default)]
pub struct Facets {
    /// How many there are.
    pub total: Count,
    /// Not all were looked at: the shares below, states aside where nothing is filtered, are those of a part.
    pub more: bool,
    /// By state; each of them.
    pub states: Vec<(StateName, Count)>,
    /// By label, the most frequent ones first.
    pub tags: Vec<Share<String>>,
    /// By plan; `None`: none is known.
    pub plans: Vec<Share<Option<String>>>,
    /// Enabled and not.
    pub enabled: Vec<Share<bool>>,
    /// By client id.
    pub client_ids: Vec<Share<String>>,
}

/// Counts.
pub async fn facets(db: &mut impl Execute, filter: &Filter) -> Result<Facets, DbError> {
    let (selection, args, total) = sample(db, filter).await?;
    let join = db.dialect().join_in_order();
    let text = format!(
        "SELECT c.tag AS tag, c.plan AS plan, c.enabled AS enabled, c.client_id AS client_id, g.state AS state, COUNT(*) AS n \
         FROM ({selection}) s {join} {{credentials}} c ON c.id = s.id {join} {{grants}} g ON g.credential_id = s.id \
         GROUP BY c.tag, c.plan, c.enabled, c.client_id, g.state"
    );
    let statement = Statement { args, ..sql(text) };
    let (mut tags, mut plans, mut enabled, mut client_ids, mut states) = (
        BTreeMap::new(),
        BTreeMap::new(),
        BTreeMap::new(),
        BTreeMap::new(),
        BTreeMap::<String, u32>::new(),
    );
    for row in db.fetch_all(statement).await? {
        let n = row.count("n")?;
        *tags.entry(row.text("tag")?).or_default() += n;
        *plans.entry(row.opt_text("plan")?).or_default() += n;
        *enabled.entry(row.flag("enabled")?).or_default() += n;
        *client_ids.entry(row.text("client_id")?).or_default() += n;
        *states.entry(row.text("state")?).or_default() += n;
    }
    let states = if *filter == Filter::default() {
        counts::states(db).await?
    } else {
        let count = |state: &StateName| Count {
            count: states.get(state.as_str()).copied().unwrap_or_default(),
            more: total.more,
        };
        StateName::ALL
            .iter()
            .map(|state| (*state, count(state)))
            .collect()
    };
    Ok(Facets {
        total,
        more: total.more,
        states,
        tags: most(tags),
        plans: most(plans),
        enabled: most(enabled),
        client_ids: most(client_ids),
    })
}

/// The most frequent values first; of equally frequent ones the lesser.
fn most<T>(counted: BTreeMap<T, u32>) -> Vec<Share<T>> {
    let mut shares: Vec<_> = counted
        .into_iter()
        .map(|(value, count)| Share { value, count })
        .collect();
    shares.sort_by_key(|share| std::cmp::Reverse(share.count));
    shares.truncate(MOST_VALUES);
    shares
}
