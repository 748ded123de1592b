//! The strip at the bottom: hosts, stores, accounts.

use carillon_api::live::{AccountsPanel, Health, HostRow, HostsPanel, StoreRow};
use carillon_kit::{
    format::{Freshness, bytes, count},
    text::{fill, t, word},
};

use super::state;

/// Hosts that have a cell; of more, the worst.
const HOSTS_MAX: usize = 3;

/// Room for longer is not told.
const DAYS_WORTH_TELLING: u32 = 1_000;

/// A cell of the strip.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    pub health: Health,
    pub title: String,
    pub word: String,
    /// Of hosts.
    pub gauges: Vec<Gauge>,
    /// Of everything else.
    pub lines: Vec<Line>,
    /// How many columns it takes.
    pub columns: u8,
}

/// A share against its limit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gauge {
    pub label: &'static str,
    pub figure: String,
    /// 0 to 1; `None` where the system does not tell.
    pub share: Option<f64>,
    pub limit: f64,
    pub is_over: bool,
}

/// A label and its figure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub label: String,
    pub figure: String,
}

/// The strip never has fewer columns, so that a lonely cell is not stretched.
const COLUMNS_MIN: u8 = 3;

/// All cells, and how many columns there are; by how fresh hosts with stores are, and accounts.
pub fn strip(
    hosts: &HostsPanel,
    accounts: &AccountsPanel,
    freshness: (Freshness, Freshness),
) -> (Vec<Cell>, u8) {
    let mut rows: Vec<_> = hosts.hosts.iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.health));
    let hidden = rows.len().saturating_sub(HOSTS_MAX);
    rows.truncate(HOSTS_MAX);
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    let width = if rows.len() == 1 { 2 } else { 1 };
    let mut cells: Vec<_> = rows
        .into_iter()
        .map(|row| Cell {
            columns: width,
            ..host(row, freshness.0)
        })
        .collect();
    if let (true, Some(last)) = (hidden > 0, cells.last_mut()) {
        last.title = fill("strip.more_hosts", &[("name", &last.title), ("n", &hidden)]);
    }
    cells.extend(hosts.stores.iter().map(|row| store(row, freshness.0)));
    cells.push(accounts_cell(accounts, freshness.1));
    let columns = cells.iter().map(|cell| cell.columns).sum::<u8>().max(COLUMNS_MIN);
    (cells, columns)
}

fn host(row: &HostRow, freshness: Freshness) -> Cell {
    let (health, word) = state(row.health, freshness);
    // What a host said before it fell silent is not how it is.
    let speaks = row.health != Health::None;
    let gauge = |label, share: Option<f64>, limit| {
        let share = share.filter(|_| speaks).map(|share| share.clamp(0.0, 1.0));
        Gauge {
            label,
            figure: share.map_or("—".to_owned(), |share| format!("{:.0}%", share * 100.0)),
            share,
            limit,
            is_over: freshness.is_current() && share.is_some_and(|share| share >= limit),
        }
    };
    let mut network = gauge(t("strip.network"), row.network, 0.7);
    let bytes_per_s = row.received_bytes_per_s.zip(row.sent_bytes_per_s);
    if let (true, None, Some((received, sent))) = (speaks, row.network, bytes_per_s) {
        network.figure = fill(
            "strip.per_second",
            &[("n", &bytes(received.saturating_add(sent)))],
        );
    }
    let gauges = vec![
        gauge(t("strip.cpu"), row.cpu, 0.85),
        gauge(t("strip.memory"), row.memory, 0.85),
        gauge(t("strip.disk"), row.disk, 0.85),
        network,
    ];
    Cell {
        health,
        title: row.name.clone(),
        word: word.to_owned(),
        gauges,
        ..Cell::default()
    }
}

fn store(row: &StoreRow, freshness: Freshness) -> Cell {
    let (health, state_word) = state(row.health, freshness);
    let mut lines = vec![match (row.sync_ms, row.store.as_str()) {
        (Some(ms), _) => line(
            t("strip.sync"),
            fill("strip.milliseconds", &[("n", &format!("{ms:.1}"))]),
        ),
        (None, "catalog") => line(t("strip.free"), row.free_bytes.map_or("—".to_owned(), bytes)),
        (None, _) => line(
            t("strip.behind"),
            fill("strip.messages", &[("n", &count(row.behind))]),
        ),
    }];
    // What lasts for years is nobody's worry.
    let left = row.days_left.filter(|days| *days < DAYS_WORTH_TELLING);
    lines.push(Line {
        label: fill("strip.used", &[("bytes", &bytes(row.bytes))]),
        figure: left.map_or_else(String::new, |days| fill("strip.days_left", &[("n", &days)])),
    });
    Cell {
        health,
        title: word("store", &row.store),
        word: state_word.to_owned(),
        lines,
        columns: 1,
        ..Cell::default()
    }
}

fn accounts_cell(panel: &AccountsPanel, freshness: Freshness) -> Cell {
    let (health, word) = state(Health::Ok, freshness);
    let is_known = freshness != Freshness::Never;
    let protocol = |index: usize| {
        let (name, active) = panel.protocols.get(index)?;
        Some(format!("{} {active}", name.to_uppercase()))
    };
    let watchers = fill(
        "strip.watchers",
        &[("operators", &panel.operators), ("walls", &panel.walls)],
    );
    Cell {
        health,
        title: t("strip.accounts").to_owned(),
        word: if is_known {
            format!("{}/{}", panel.active, panel.enabled)
        } else {
            word.to_owned()
        },
        lines: vec![
            Line {
                label: protocol(0).unwrap_or_else(|| t("strip.idle").to_owned()),
                figure: protocol(1).unwrap_or_default(),
            },
            line(
                t("strip.watching"),
                if is_known { watchers } else { "—".to_owned() },
            ),
        ],
        columns: 1,
        ..Cell::default()
    }
}

fn line(label: &str, figure: String) -> Line {
    Line {
        label: label.to_owned(),
        figure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts;

    const LIVE: (Freshness, Freshness) = (Freshness::Live, Freshness::Live);

    fn host_row(name: &str, health: Health) -> HostRow {
        HostRow {
            name: name.to_owned(),
            health,
            cpu: Some(0.41),
            memory: Some(0.9),
            disk: None,
            ..HostRow::default()
        }
    }

    #[test]
    fn hosts_show_shares_against_limits() {
        texts::load_chinese();
        let mut row = host_row("node-1", Health::Ok);
        (row.received_bytes_per_s, row.sent_bytes_per_s) = (Some(1_000_000), Some(500_000));
        let panel = HostsPanel {
            hosts: vec![row],
            stores: Vec::new(),
        };
        let (cells, columns) = strip(&panel, &AccountsPanel::default(), LIVE);
        assert_eq!((cells.len(), columns, cells[0].columns), (2, COLUMNS_MIN, 2));
        let said: Vec<_> = cells[0]
            .gauges
            .iter()
            .map(|gauge| (gauge.figure.as_str(), gauge.is_over))
            .collect();
        assert_eq!(
            said,
            [("41%", false), ("90%", true), ("—", false), ("1.5 MB/秒", false)]
        );
    }

    #[test]
    fn a_silent_host_has_no_figures() {
        texts::load_chinese();
        let mut row = host_row("node-1", Health::None);
        (row.network, row.received_bytes_per_s, row.sent_bytes_per_s) =
            (None, Some(1_000_000), Some(500_000));
        let panel = HostsPanel {
            hosts: vec![row],
            stores: Vec::new(),
        };
        let (cells, _) = strip(&panel, &AccountsPanel::default(), LIVE);
        assert_eq!(cells[0].word, "无数据");
        for gauge in &cells[0].gauges {
            assert_eq!(
                (gauge.figure.as_str(), gauge.share, gauge.is_over),
                ("—", None, false),
                "{}",
                gauge.label
            );
        }
    }

    #[test]
    fn of_many_hosts_the_worst_are_seen() {
        texts::load_chinese();
        let mut hosts: Vec<_> = (1..=5)
            .map(|n| host_row(&format!("node-{n}"), Health::Ok))
            .collect();
        hosts[4].health = Health::Failed;
        let (cells, _) = strip(
            &HostsPanel {
                hosts,
                stores: Vec::new(),
            },
            &AccountsPanel::default(),
            LIVE,
        );
        let titles: Vec<_> = cells.iter().map(|cell| cell.title.as_str()).collect();
        assert_eq!(titles, ["node-1", "node-2", "node-5 +2", "接入账号"]);
    }

    #[test]
    fn stores_tell_how_long_their_room_lasts() {
        texts::load_chinese();
        let journal = StoreRow {
            store: "journal".into(),
            health: Health::Ok,
            bytes: 12_000_000_000,
            sync_ms: Some(4.12),
            days_left: Some(142),
            ..StoreRow::default()
        };
        let history = StoreRow {
            store: "history".into(),
            behind: 214,
            ..StoreRow::default()
        };
        let panel = HostsPanel {
            hosts: Vec::new(),
            stores: vec![journal, history],
        };
        let (cells, _) = strip(&panel, &AccountsPanel::default(), LIVE);
        assert_eq!(
            (cells[0].title.as_str(), cells[0].lines[0].figure.as_str()),
            ("日志", "4.1 毫秒")
        );
        assert_eq!(
            (
                cells[0].lines[1].label.as_str(),
                cells[0].lines[1].figure.as_str()
            ),
            ("12.0 GB", "够 142 天")
        );
        assert_eq!(cells[1].lines[0].figure, "214 条");
        let (stale, _) = strip(
            &panel,
            &AccountsPanel::default(),
            (Freshness::Stale, Freshness::Live),
        );
        assert_eq!(
            (stale[0].health, stale[0].word.as_str(), stale[2].health),
            (Health::None, "停更", Health::Ok)
        );
    }
}
