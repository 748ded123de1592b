//! Today by channel kind.

use carillon_api::live::{KindRow, TotalsPanel};
use carillon_kit::{
    format::count,
    text::{fill, t, word},
};

/// A kind's row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KindLine {
    pub name: String,
    /// Of the greatest, 0 to 1.
    pub share: f64,
    pub accepted: String,
    /// What became of its segments; shown where there is room.
    pub detail: String,
}

/// Most messages first, in at most `most` rows; kinds beyond them are added up in the last one, so that the sum holds.
pub fn totals(panel: &TotalsPanel, most: usize) -> Vec<KindLine> {
    let mut kinds: Vec<KindRow> = panel.kinds.clone();
    kinds.sort_by(|a, b| b.accepted.cmp(&a.accepted).then_with(|| a.kind.cmp(&b.kind)));
    let others = (kinds.len() > most).then(|| kinds.split_off(most.saturating_sub(1)));
    let mut lines: Vec<_> = kinds
        .iter()
        .map(|kind| (word("kind", &kind.kind), kind.clone()))
        .collect();
    if let Some(others) = others {
        let name = fill("totals.others", &[("n", &others.len())]);
        lines.push((name, others.into_iter().fold(KindRow::default(), add)));
    }
    let greatest = lines
        .iter()
        .map(|(_, kind)| kind.accepted)
        .max()
        .unwrap_or(0)
        .max(1);
    lines
        .into_iter()
        .map(|(name, kind)| KindLine {
            name,
            share: kind.accepted as f64 / greatest as f64,
            accepted: count(kind.accepted),
            detail: detail(&kind),
        })
        .collect()
}

fn add(sum: KindRow, kind: KindRow) -> KindRow {
    KindRow {
        accepted: sum.accepted + kind.accepted,
        segments_submitted: sum.segments_submitted + kind.segments_submitted,
        segments_delivered: sum.segments_delivered + kind.segments_delivered,
        segments_failed: sum.segments_failed + kind.segments_failed,
        ..sum
    }
}

fn detail(kind: &KindRow) -> String {
    if kind.segments_submitted == 0 {
        return t("totals.nothing_submitted").to_owned();
    }
    let submitted = count(kind.segments_submitted);
    if kind.segments_delivered == 0 && kind.delivery_rate.is_none() {
        return fill("totals.submitted", &[("n", &submitted)]);
    }
    fill(
        "totals.outcome",
        &[
            ("delivered", &count(kind.segments_delivered)),
            ("failed", &count(kind.segments_failed)),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::super::KIND_ROWS_MAX;
    use super::*;
    use crate::texts;

    fn kind(name: &str, accepted: u64) -> KindRow {
        KindRow {
            kind: name.to_owned(),
            accepted,
            ..KindRow::default()
        }
    }

    #[test]
    fn the_greatest_come_first_and_the_sum_holds() {
        texts::load_chinese();
        let kinds = (1..=10).map(|n| kind(&format!("k{n}"), n)).collect();
        let lines = totals(
            &TotalsPanel {
                kinds,
                ..TotalsPanel::default()
            },
            KIND_ROWS_MAX,
        );
        assert_eq!(lines.len(), KIND_ROWS_MAX);
        assert_eq!((lines[0].name.as_str(), lines[0].share), ("k10", 1.0));
        let last = lines.last().unwrap();
        assert_eq!((last.name.as_str(), last.accepted.as_str()), ("其余 4 种", "10"));
        let sum: u64 = lines
            .iter()
            .map(|line| line.accepted.parse::<u64>().unwrap())
            .sum();
        assert_eq!(sum, 55);
    }

    #[test]
    fn kinds_have_names_and_outcomes() {
        texts::load_chinese();
        let sms = KindRow {
            segments_submitted: 2_000,
            segments_delivered: 1_900,
            segments_failed: 3,
            ..kind("sms", 1_500)
        };
        let mail = KindRow {
            segments_submitted: 7,
            ..kind("mail", 7)
        };
        let lines = totals(
            &TotalsPanel {
                kinds: vec![mail, sms, kind("mms", 0)],
                ..TotalsPanel::default()
            },
            KIND_ROWS_MAX,
        );
        let said: Vec<_> = lines
            .iter()
            .map(|line| (line.name.as_str(), line.detail.as_str()))
            .collect();
        assert_eq!(
            said,
            [
                ("短信", "送达 1,900 · 失败 3 段"),
                ("邮件", "已提交 7 段"),
                ("彩信", "尚未提交")
            ]
        );
        assert_eq!(lines[2].share, 0.0);
    }
}
