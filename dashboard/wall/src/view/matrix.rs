//! The channel matrix: one tile per connection.

use carillon_api::live::{ConnectionRow, ConnectionsPanel, Health};
use carillon_kit::{
    format::{Freshness, Moment, clock_span, count, per_cent, seconds},
    text::{fill, t, word},
    trouble,
};

use super::state;

/// Most tiles; where there are more connections, the last tile stands for the rest.
pub const TILES_MAX: usize = 15;

/// All tiles, of one size.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MatrixView {
    /// Connections there are.
    pub count: usize,
    pub size: Size,
    pub tiles: Vec<Tile>,
}

/// How much a tile tells; fewer tiles are larger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Size {
    /// One row of up to four: every figure has its label.
    Large,
    /// Two rows of four.
    Medium,
    /// Three rows of four.
    #[default]
    Normal,
    /// Three rows of five.
    Narrow,
}

impl Size {
    fn of(tiles: usize) -> Self {
        match tiles {
            0..=4 => Self::Large,
            5..=8 => Self::Medium,
            9..=12 => Self::Normal,
            _ => Self::Narrow,
        }
    }

    /// The class of the grid.
    pub fn class(self) -> &'static str {
        match self {
            Self::Large => "large",
            Self::Medium => "medium",
            Self::Normal => "normal",
            Self::Narrow => "narrow",
        }
    }
}

/// A connection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tile {
    pub health: Health,
    pub name: String,
    pub word: String,
    /// Kind and protocol.
    pub about: String,
    pub rate: String,
    pub limit: String,
    /// Of the limit, 0 to 1.
    pub share: f64,
    pub is_at_limit: bool,
    pub delivery: String,
    /// In seconds.
    pub p99: String,
    pub sessions: String,
    pub in_flight: String,
    pub submitted: String,
    /// What stands instead of the figures, e.g. since when it is down.
    pub note: String,
    /// The last error, where there is room for it.
    pub error: String,
}

/// All tiles. What is stale has no state.
pub fn matrix(panel: &ConnectionsPanel, freshness: Freshness, now_ms: u64) -> MatrixView {
    let mut rows: Vec<_> = panel.connections.iter().collect();
    let count = rows.len();
    let mut rest = Vec::new();
    if count > TILES_MAX {
        // What is wrong must be seen; among equals the names' order stays.
        rows.sort_by_key(|row| std::cmp::Reverse(row.health));
        rest = rows.split_off(TILES_MAX - 1);
    }
    let mut tiles: Vec<_> = rows.into_iter().map(|row| tile(row, freshness, now_ms)).collect();
    if !rest.is_empty() {
        tiles.push(tile_of_rest(&rest, freshness));
    }
    MatrixView {
        count,
        size: Size::of(tiles.len()),
        tiles,
    }
}

fn tile(row: &ConnectionRow, freshness: Freshness, now_ms: u64) -> Tile {
    let (health, word_of_state) = state(row.health, freshness);
    let span = clock_span(now_ms.saturating_sub(row.since_ms));
    let is_idle = row.health == Health::Ok && row.rate == 0 && row.segments_submitted == 0;
    let note = match row.health {
        _ if !freshness.is_current() => String::new(),
        Health::Failed => fill("tile.down", &[("span", &span)]),
        Health::Off => fill("tile.off", &[("time", &Moment::of(row.since_ms).minute_text())]),
        _ if is_idle => t("tile.idle").to_owned(),
        _ => String::new(),
    };
    let wanted = row.rate_limit.max(1);
    Tile {
        health,
        name: row.name.clone(),
        word: word_of_state.to_owned(),
        about: format!("{} · {}", word("kind", &row.kind), row.protocol.to_uppercase()),
        rate: if row.health == Health::Off {
            "—".into()
        } else {
            count(u64::from(row.rate))
        },
        limit: count(u64::from(row.rate_limit)),
        share: (f64::from(row.rate) / f64::from(wanted)).min(1.0),
        is_at_limit: freshness.is_current() && row.rate_limit > 0 && row.rate >= row.rate_limit,
        delivery: row
            .delivery_rate
            .map_or("—".to_owned(), |rate| per_cent(rate) + "%"),
        p99: row.p99_ms.map_or("—".to_owned(), seconds),
        sessions: format!("{}/{}", row.sessions_bound, row.sessions_wanted),
        in_flight: count(u64::from(row.in_flight)),
        submitted: count(row.segments_submitted),
        note,
        error: if matches!(health, Health::Failed | Health::Degraded) {
            trouble(&row.last_error).map_or_else(|| row.last_error.clone(), str::to_owned)
        } else {
            String::new()
        },
    }
}

/// One tile for connections that have none: the worst of their states, and their sums.
fn tile_of_rest(rest: &[&ConnectionRow], freshness: Freshness) -> Tile {
    let worst = rest.iter().map(|row| row.health).max().unwrap_or_default();
    let (health, word_of_state) = state(worst, freshness);
    let sum = |figure: fn(&ConnectionRow) -> u32| rest.iter().map(|row| u64::from(figure(row))).sum::<u64>();
    let (rate, limit) = (sum(|row| row.rate), sum(|row| row.rate_limit));
    Tile {
        health,
        name: fill("tile.rest", &[("n", &rest.len())]),
        word: word_of_state.to_owned(),
        rate: count(rate),
        limit: count(limit),
        share: (rate as f64 / limit.max(1) as f64).min(1.0),
        sessions: format!(
            "{}/{}",
            sum(|row| row.sessions_bound),
            sum(|row| row.sessions_wanted)
        ),
        note: t("tile.sum").to_owned(),
        ..Tile::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts;

    const NOW_MS: u64 = 10_000_000;

    fn row(name: &str, health: Health) -> ConnectionRow {
        ConnectionRow {
            name: name.to_owned(),
            kind: "sms".into(),
            protocol: "cmpp20".into(),
            health,
            since_ms: NOW_MS - 164_000,
            rate: 96,
            rate_limit: 200,
            delivery_rate: Some(98.9),
            p99_ms: Some(2_800),
            sessions_bound: 4,
            sessions_wanted: 4,
            ..ConnectionRow::default()
        }
    }

    fn view(rows: Vec<ConnectionRow>) -> MatrixView {
        texts::load_chinese();
        matrix(
            &ConnectionsPanel {
                connections: rows,
                removed: Vec::new(),
            },
            Freshness::Live,
            NOW_MS,
        )
    }

    #[test]
    fn a_tile_says_state_and_figures() {
        let view = view(vec![row("移动主", Health::Ok)]);
        let tile = &view.tiles[0];
        assert_eq!(
            (tile.word.as_str(), tile.share, tile.about.as_str()),
            ("正常", 0.48, "短信 · CMPP20")
        );
        assert_eq!(
            (tile.delivery.as_str(), tile.p99.as_str(), tile.sessions.as_str()),
            ("98.9%", "2.8", "4/4")
        );
        assert!(tile.note.is_empty());
    }

    #[test]
    fn what_is_down_says_since_when() {
        let down = ConnectionRow {
            rate: 0,
            last_error: "127.0.0.1:17890 cannot be reached: Connection refused (os error 111)".into(),
            ..row("移动主", Health::Failed)
        };
        let off = row("支付宝", Health::Off);
        let full = ConnectionRow {
            rate: 200,
            ..row("移动备", Health::Degraded)
        };
        let view = view(vec![down, off, full]);
        assert_eq!(
            (view.tiles[0].note.as_str(), view.tiles[0].error.as_str()),
            ("断开 02:44", "对端拒绝连接")
        );
        assert_eq!(
            (view.tiles[1].rate.as_str(), view.tiles[1].note.as_str()),
            ("—", "自 10:43 起")
        );
        assert!(view.tiles[2].is_at_limit && !view.tiles[0].is_at_limit);
    }

    #[test]
    fn stale_tiles_have_no_state() {
        texts::load_chinese();
        let failed = ConnectionRow {
            last_error: "the carrier closed the connection".into(),
            ..row("移动主", Health::Failed)
        };
        let panel = ConnectionsPanel {
            connections: vec![failed],
            removed: Vec::new(),
        };
        let view = matrix(&panel, Freshness::Stale, NOW_MS);
        assert_eq!(
            (view.tiles[0].health, view.tiles[0].word.as_str()),
            (Health::None, "停更")
        );
        assert!(view.tiles[0].note.is_empty() && view.tiles[0].error.is_empty());
    }

    #[test]
    fn many_connections_keep_the_worst_in_sight() {
        let mut rows: Vec<_> = (0..40).map(|n| row(&format!("c{n:02}"), Health::Ok)).collect();
        rows[39].health = Health::Failed;
        let view = view(rows);
        assert_eq!(
            (view.tiles.len(), view.count, view.size),
            (TILES_MAX, 40, Size::Narrow)
        );
        assert_eq!(view.tiles[0].name, "c39");
        let last = view.tiles.last().unwrap();
        assert_eq!(
            (last.name.as_str(), last.rate.as_str(), last.health),
            ("其余 26 条", "2,496", Health::Ok)
        );
    }

    #[test]
    fn sizes_follow_the_number() {
        for (count, size) in [
            (0, Size::Large),
            (4, Size::Large),
            (5, Size::Medium),
            (12, Size::Normal),
            (15, Size::Narrow),
        ] {
            assert_eq!(Size::of(count), size);
        }
    }
}
