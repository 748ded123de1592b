use super::books::{Books, DELIVERED, FAILED, MESSAGES, REFUSED, SUBMITTED, Sums};
use super::figures::{Figures, total};
use carillon_api::StatisticsRow;
use std::collections::{BTreeMap, BTreeSet};

const UNCERTAIN: &str = "segments_uncertain";

/// Everything in which screens, rollups and the others' books differ.
///
/// Messages are exact. So are segments, but for uncertain ones (UNC-1): what a carrier took or reported on and nobody could
/// say so any more is in its ledger only. A receipt on a part of a long message that had ended by another part's is no part of
/// its journey.
pub fn differences(figures: &Figures, books: &Books) -> Vec<String> {
    let mut found = Vec::new();
    let dimensions: [(&str, &[StatisticsRow], Name, &Sums); 5] = [
        (
            "account",
            &figures.by_account,
            |row| &row.account,
            &books.by_account,
        ),
        ("kind", &figures.by_kind, |row| &row.kind, &books.by_kind),
        (
            "connection",
            &figures.by_connection,
            |row| &row.connection,
            &books.by_connection,
        ),
        (
            "carrier",
            &figures.by_carrier,
            |row| &row.carrier,
            &books.by_carrier,
        ),
        (
            "province",
            &figures.by_province,
            |row| &row.province,
            &books.by_province,
        ),
    ];
    let uncertain = total(&figures.by_connection, UNCERTAIN);
    let unmatched = uncertain + books.late_receipts;
    for (dimension, rows, name, sums) in dimensions {
        if dimension != "connection" {
            let theirs = sums.get(MESSAGES).cloned().unwrap_or_default();
            compare(
                dimension,
                MESSAGES,
                &ours(rows, name, MESSAGES),
                &theirs,
                0,
                &mut found,
            );
        }
        if dimension != "account" {
            for (measure, spare) in [
                (SUBMITTED, uncertain),
                (REFUSED, uncertain),
                (DELIVERED, unmatched),
                (FAILED, unmatched),
            ] {
                let theirs = sums.get(measure).cloned().unwrap_or_default();
                compare(
                    dimension,
                    measure,
                    &ours(rows, name, measure),
                    &theirs,
                    spare,
                    &mut found,
                );
            }
        }
    }
    let by_code = |codes: &BTreeMap<(String, String), i64>, relay: bool| -> BTreeMap<String, i64> {
        let codes = codes
            .iter()
            .filter(|((connection, _), _)| (connection == super::catalog::RELAY) == relay);
        codes
            .map(|((connection, code), count)| (format!("{connection} {code}"), *count))
            .collect()
    };
    // The relay's ledger has no codes of reports.
    compare(
        "code",
        "receipts",
        &by_code(&figures.codes, false),
        &by_code(&books.codes, false),
        unmatched,
        &mut found,
    );
    found.extend(uneven(figures));
    found.extend(on_screen(figures));
    found
}

type Name = fn(&StatisticsRow) -> &Option<String>;

fn ours(rows: &[StatisticsRow], name: Name, measure: &str) -> BTreeMap<String, i64> {
    let counts = rows.iter().map(|row| {
        let count = row.counts.get(measure).copied().unwrap_or(0);
        (name(row).clone().unwrap_or_default(), count)
    });
    counts.filter(|(_, count)| *count != 0).collect()
}

/// Together the others may have `spare` more than we, and nowhere less.
fn compare(
    dimension: &str,
    measure: &str,
    ours: &BTreeMap<String, i64>,
    theirs: &BTreeMap<String, i64>,
    spare: i64,
    found: &mut Vec<String>,
) {
    let names: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let count = |counts: &BTreeMap<String, i64>, name: &String| counts.get(name).copied().unwrap_or(0);
    let more: Vec<_> = names
        .into_iter()
        .map(|name| (name, count(ours, name), count(theirs, name)))
        .filter(|(_, ours, theirs)| ours != theirs)
        .collect();
    let surplus: i64 = more.iter().map(|(_, ours, theirs)| theirs - ours).sum();
    if surplus > spare || more.iter().any(|(_, ours, theirs)| ours > theirs) {
        found.push(format!(
            "{measure} by {dimension}: (name, ours, theirs) {more:?}, of which {spare} may be more"
        ));
    }
}

/// Every dimension adds up to the same.
fn uneven(figures: &Figures) -> Vec<String> {
    let others: [(&str, &[StatisticsRow]); 6] = [
        ("organisation", &figures.by_organisation),
        ("kind", &figures.by_kind),
        ("connection", &figures.by_connection),
        ("carrier", &figures.by_carrier),
        ("province", &figures.by_province),
        ("minute", &figures.by_minute),
    ];
    let measures: BTreeSet<&String> = figures
        .by_account
        .iter()
        .flat_map(|row| row.counts.keys())
        .collect();
    let mut found = Vec::new();
    for measure in measures {
        let whole = total(&figures.by_account, measure);
        for (dimension, rows) in others {
            let sum = total(rows, measure);
            if sum != whole {
                found.push(format!("{measure}: {sum} by {dimension}, {whole} by account"));
            }
        }
    }
    found
}

/// The screen shows what the rollups have.
fn on_screen(figures: &Figures) -> Vec<String> {
    let mut found = Vec::new();
    let mut same = |what: String, shown: u64, stored: i64| {
        if i64::try_from(shown) != Ok(stored) {
            found.push(format!("{what}: {shown} on the screen, {stored} in the rollups"));
        }
    };
    let totals = &figures.screen.totals.data;
    for (measure, shown) in [
        (MESSAGES, totals.accepted),
        ("delivered", totals.delivered),
        ("failed", totals.failed),
        (SUBMITTED, totals.segments_submitted),
        (DELIVERED, totals.segments_delivered),
        (FAILED, totals.segments_failed),
    ] {
        same(measure.to_owned(), shown, total(&figures.by_account, measure));
    }
    let stored = |rows: &[StatisticsRow], name: Name, of: &str, measure: &str| {
        ours(rows, name, measure).get(of).copied().unwrap_or(0)
    };
    for row in &totals.kinds {
        for (measure, shown) in [
            (MESSAGES, row.accepted),
            (SUBMITTED, row.segments_submitted),
            (DELIVERED, row.segments_delivered),
            (FAILED, row.segments_failed),
        ] {
            let stored = stored(&figures.by_kind, |row| &row.kind, &row.kind, measure);
            same(format!("{measure} of {}", row.kind), shown, stored);
        }
    }
    let provinces = &figures.screen.provinces.data.provinces;
    for row in provinces {
        for (measure, shown) in [
            (MESSAGES, row.accepted),
            (DELIVERED, row.segments_delivered),
            (FAILED, row.segments_failed),
        ] {
            let stored = stored(&figures.by_province, |row| &row.province, &row.province, measure);
            same(format!("{measure} in {}", row.province), shown, stored);
        }
    }
    let shown = provinces.iter().map(|row| row.accepted).sum();
    same(
        "all provinces".to_owned(),
        shown,
        total(&figures.by_account, MESSAGES),
    );
    for row in &figures.screen.connections.data.connections {
        let stored = stored(
            &figures.by_connection,
            |row| &row.connection,
            &row.name,
            SUBMITTED,
        );
        same(
            format!("{SUBMITTED} by {}", row.name),
            row.segments_submitted,
            stored,
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(pairs: &[(&str, i64)]) -> BTreeMap<String, i64> {
        pairs
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect()
    }

    #[test]
    fn only_the_uncertain_may_be_missing() {
        let wrong = |ours: &[(&str, i64)], theirs: &[(&str, i64)], spare| {
            let mut found = Vec::new();
            compare("kind", "sent", &counts(ours), &counts(theirs), spare, &mut found);
            !found.is_empty()
        };
        assert!(!wrong(&[("a", 1), ("b", 2)], &[("b", 2), ("a", 1)], 0));
        assert!(wrong(&[("a", 1)], &[("a", 2)], 0));
        assert!(!wrong(&[("a", 1)], &[("a", 2)], 1));
        assert!(wrong(&[("a", 2)], &[("a", 1)], 1), "never more than the others");
        assert!(wrong(&[("a", 1), ("b", 1)], &[("a", 2), ("b", 2)], 1));
        assert!(wrong(&[], &[("a", 1)], 0));
        assert!(wrong(&[("a", 1)], &[], 5));
    }
}
