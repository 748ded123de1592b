use crate::cluster::Sized_;
use crate::directory::Directory;
use crate::place::{Kind, Under};
use carillon_domain::journey::Journey;
use carillon_storage::history::stored::{code, mail_hash};
use std::collections::HashMap;

/// kind, key, span, shard, id, tenant, account, state, TTL
pub(crate) type FoundRow = (i8, i64, i64, i32, i64, i64, i64, i8, i32);

impl Sized_ for FoundRow {
    fn bytes(&self) -> usize {
        80
    }
}

/// Under what a message is found.
pub(crate) fn unders(journey: &Journey) -> impl Iterator<Item = Under> {
    let under = |kind, key| Under { kind, key };
    [
        Some(under(Kind::Tenant, journey.tenant.0.into())),
        Some(under(Kind::Account, journey.account.0.into())),
        journey
            .campaign
            .map(|line| under(Kind::Campaign, line.campaign.0.into())),
        journey.to.map(|to| under(Kind::Phone, to.as_u64() as i64)),
        journey
            .address()
            .map(|address| under(Kind::Mail, mail_hash(address))),
    ]
    .into_iter()
    .flatten()
}

/// The spans in which journeys are to be found.
pub(crate) fn spans(journeys: &[&Journey]) -> impl Iterator<Item = (Under, i64)> {
    journeys
        .iter()
        .flat_map(|journey| unders(journey).map(|under| (under, under.span(journey.message.0))))
}

/// The rows by which journeys are found, by their partitions.
pub(crate) fn found_rows(journeys: &[&Journey], directory: &mut Directory, ttl: i32) -> Vec<Vec<FoundRow>> {
    let mut groups: HashMap<_, Vec<FoundRow>> = HashMap::new();
    for journey in journeys {
        let id = journey.message.0;
        let (tenant, account) = (journey.tenant.0.into(), journey.account.0.into());
        let state = code::encode(journey.state) as i8;
        for under in unders(journey) {
            let span = under.span(id);
            let shard = directory.take(under, span);
            let (kind, key) = (under.kind as i8, under.key);
            let row = (
                kind,
                key,
                span,
                shard,
                code::to_sql(id),
                tenant,
                account,
                state,
                ttl,
            );
            groups.entry((under, span, shard)).or_default().push(row);
        }
    }
    groups.into_values().collect()
}

/// Rows by what they have in common.
pub(crate) fn grouped<T, K: std::hash::Hash + Eq>(
    rows: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> K,
) -> Vec<Vec<T>> {
    let mut groups: HashMap<K, Vec<T>> = HashMap::new();
    for row in rows {
        groups.entry(key(&row)).or_default().push(row);
    }
    groups.into_values().collect()
}
