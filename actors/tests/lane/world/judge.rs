use super::{LedgerEntry, World};
use carillon_actors::columns::{ColumnLimits, Restoring};
use carillon_storage::journal::Part;
use std::collections::{BTreeMap, BTreeSet};

/// No segment is with a carrier twice (DUP-1).
pub fn assert_no_doubles(world: &World) {
    let mut taken: BTreeMap<(&[u8], u8), usize> = BTreeMap::new();
    for entry in world.ledger.entries.iter().filter(|entry| entry.taken) {
        *taken.entry((&entry.payload, entry.part)).or_default() += 1;
    }
    if let Some(((payload, part), _)) = taken.into_iter().find(|(_, count)| *count > 1) {
        let is_it = |entry: &&LedgerEntry| entry.payload == payload && entry.part == part;
        let entries: Vec<_> = world.ledger.entries.iter().filter(is_it).collect();
        let text = entries[0].text();
        let marker = text.split('#').nth(1).unwrap_or_default();
        let journey = world
            .finished
            .values()
            .find(|journey| journey.headline().contains(&format!("#{marker}#")));
        panic!("part {part} of #{marker}# is with carriers twice (DUP-1)\n{entries:#?}\n{journey:#?}");
    }
}

/// The state is the fold over its facts: living and replaying come to the same.
pub fn assert_same_state(lived: &[Part], replayed: &[Part], seed: u64) {
    if lived == replayed {
        return;
    }
    let rows = |state: &[Part]| {
        let mut restoring = Restoring::new(ColumnLimits::default());
        state.iter().for_each(|part| restoring.part(part).unwrap());
        let columns = restoring.end().unwrap().columns;
        columns
            .rows()
            .map(|(_, row)| (row.key(0), row.clone()))
            .collect::<BTreeMap<_, _>>()
    };
    let (lived, replayed) = (rows(lived), rows(replayed));
    let ids: BTreeSet<_> = lived.keys().chain(replayed.keys()).collect();
    for id in ids {
        assert_eq!(
            lived.get(id),
            replayed.get(id),
            "seed {seed}: {id:?} lived and replayed"
        );
    }
    panic!("seed {seed}: what the columns keep beside open messages differs between living and replaying");
}
