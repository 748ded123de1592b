//! Campaigns under way.

use carillon_api::live::{CampaignRow, CampaignsPanel, Health};
use carillon_kit::{
    format::{Moment, per_cent, rate},
    text::{fill, t},
};

/// A campaign.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CampaignLine {
    pub name: String,
    /// Paused ones are off; running ones need no sign.
    pub health: Option<Health>,
    /// Shares of all, 0 to 1; together with what is still to send they make 1.
    pub delivered: f64,
    pub failed: f64,
    pub waiting: f64,
    pub done: String,
    /// Rate, or that it is paused.
    pub pace: String,
    pub end: String,
}

/// The first `most`, largest first.
pub fn campaigns(panel: &CampaignsPanel, most: usize) -> Vec<CampaignLine> {
    let mut rows: Vec<_> = panel.campaigns.iter().collect();
    rows.sort_by(|a, b| b.total.cmp(&a.total).then_with(|| a.id.cmp(&b.id)));
    rows.into_iter().take(most).map(line).collect()
}

fn line(row: &CampaignRow) -> CampaignLine {
    let is_paused = row.state == "paused";
    let total = row.total.max(1) as f64;
    let decided = row.delivered.saturating_add(row.failed);
    CampaignLine {
        name: row.name.clone(),
        health: is_paused.then_some(Health::Off),
        delivered: (row.delivered as f64 / total).min(1.0),
        failed: (row.failed as f64 / total).min(1.0),
        waiting: (row.written.saturating_sub(decided) as f64 / total).min(1.0),
        done: per_cent((row.written as f64 * 100.0 / total).min(100.0)) + "%",
        pace: if is_paused {
            t("campaign.paused").to_owned()
        } else {
            fill("campaign.rate", &[("n", &rate(row.rate))])
        },
        end: match row.ends_at_ms {
            Some(at_ms) if !is_paused => fill("campaign.ends", &[("time", &Moment::of(at_ms).minute_text())]),
            _ => String::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts;

    #[test]
    fn bars_tell_delivered_failed_and_waiting_apart() {
        texts::load_chinese();
        let row = CampaignRow {
            id: "1".into(),
            name: "复诊提醒".into(),
            state: "running".into(),
            total: 1_000,
            written: 700,
            delivered: 600,
            failed: 20,
            rate: 120.4,
            ends_at_ms: Some(1_795_487_076_000),
            ..CampaignRow::default()
        };
        let paused = CampaignRow {
            id: "2".into(),
            state: "paused".into(),
            total: 0,
            written: 9,
            ..row.clone()
        };
        let lines = campaigns(
            &CampaignsPanel {
                campaigns: vec![paused, row],
            },
            3,
        );
        let first = &lines[0];
        assert_eq!((first.delivered, first.failed, first.waiting), (0.6, 0.02, 0.08));
        assert_eq!(
            (first.done.as_str(), first.pace.as_str(), first.end.as_str()),
            ("70.0%", "120 条/秒", "预计 10:24 完成")
        );
        assert_eq!(
            (lines[1].health, lines[1].pace.as_str(), lines[1].end.as_str()),
            (Some(Health::Off), "已暂停", "")
        );
        assert!(lines[1].waiting <= 1.0 && lines[1].done == "100%");
    }
}
