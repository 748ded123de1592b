use super::number::share;
use crate::text::word;
use carillon_api::live::{ConnectionRow, Health};
use carillon_api::{CatalogView, ConnectionConfigView, ConnectionView};
use carillon_kit::trouble;

/// A connection as its row shows it: the live feed's figures where there are some, else what was asked for last.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConnectionLine {
    pub name: String,
    pub protocol: String,
    pub health: Health,
    /// The state's word in the API.
    pub state: String,
    pub since_ms: Option<i64>,
    pub rate: u64,
    /// 0: none is known.
    pub rate_limit: u64,
    pub sessions_bound: u32,
    pub sessions_wanted: u32,
    pub in_flight: u32,
    pub delivery_rate: Option<f64>,
    pub p99_ms: Option<u64>,
    /// Today; `None` without the live feed.
    pub submitted: Option<u64>,
    pub last_error: String,
}

impl ConnectionLine {
    pub fn of_live(row: &ConnectionRow) -> Self {
        ConnectionLine {
            name: row.name.clone(),
            protocol: row.protocol.clone(),
            health: row.health,
            state: row.state.clone(),
            since_ms: (row.since_ms > 0).then_some(row.since_ms as i64),
            rate: u64::from(row.rate),
            rate_limit: u64::from(row.rate_limit),
            sessions_bound: row.sessions_bound,
            sessions_wanted: row.sessions_wanted,
            in_flight: row.in_flight,
            delivery_rate: row.delivery_rate,
            p99_ms: row.p99_ms,
            submitted: Some(row.segments_submitted),
            last_error: row.last_error.clone(),
        }
    }

    /// From the REST API, before the live feed spoke.
    pub fn of_view(view: &ConnectionView, configured: Option<&ConnectionConfigView>) -> Self {
        ConnectionLine {
            name: view.name.clone(),
            protocol: view.protocol.clone(),
            health: health(&view.state),
            state: view.state.clone(),
            rate: u64::from(view.written_last_second),
            rate_limit: configured.map_or(0, |known| u64::from(known.rate_per_second)),
            sessions_bound: u32::from(view.sessions_bound),
            sessions_wanted: u32::from(view.sessions_wanted),
            in_flight: view.in_flight,
            last_error: view.last_error.clone().unwrap_or_default(),
            ..ConnectionLine::default()
        }
    }

    /// What more there is to say than the five words.
    pub fn state_words(&self) -> String {
        word("conn_state", &self.state)
    }

    /// What went wrong last, in words where it is known.
    pub fn error_words(&self) -> String {
        trouble(&self.last_error).map_or_else(|| self.last_error.clone(), str::to_owned)
    }

    /// Of the rate bar, in per cent; the whole bar is loud when it stands at its limit.
    pub fn load(&self) -> f64 {
        share(self.rate, self.rate_limit)
    }

    pub fn at_limit(&self) -> bool {
        self.rate_limit > 0 && self.rate >= self.rate_limit
    }

    /// It takes nothing new because an operator said so.
    pub fn is_drained(&self) -> bool {
        self.state == "draining"
    }

    /// It can be told to take nothing new.
    pub fn can_drain(&self) -> bool {
        !matches!(self.state.as_str(), "off" | "draining")
    }

    /// It waits before its next try, which can be made now.
    pub fn can_restart(&self) -> bool {
        matches!(self.state.as_str(), "down" | "failed" | "breaker_open")
    }

    /// Somebody should look at it.
    pub fn is_in_trouble(&self) -> bool {
        matches!(self.health, Health::Failed | Health::Degraded | Health::None)
    }
}

/// The most urgent first, then by name.
pub fn by_urgency(lines: &mut [ConnectionLine]) {
    let rank = |health: Health| match health {
        Health::Failed => 0,
        Health::Degraded => 1,
        Health::None => 2,
        Health::Ok => 3,
        Health::Off => 4,
    };
    lines.sort_by(|a, b| (rank(a.health), &a.name).cmp(&(rank(b.health), &b.name)));
}

/// The lines of the list: live rows, or those asked for as long as there are none.
pub fn lines(
    live: &[ConnectionRow],
    asked: &[ConnectionView],
    catalog: Option<&CatalogView>,
) -> Vec<ConnectionLine> {
    let mut lines: Vec<_> = if live.is_empty() {
        let configured = |name: &str| {
            let mut known = catalog?.connections.iter();
            known.find(|known| known.name == name)
        };
        let views = asked.iter();
        views
            .map(|view| ConnectionLine::of_view(view, configured(&view.name)))
            .collect()
    } else {
        live.iter().map(ConnectionLine::of_live).collect()
    };
    by_urgency(&mut lines);
    lines
}

/// The five words of a state of the API.
fn health(state: &str) -> Health {
    match state {
        "up" => Health::Ok,
        "degraded" | "throttled" | "connecting" => Health::Degraded,
        "down" | "failed" | "breaker_open" => Health::Failed,
        "off" | "draining" => Health::Off,
        _ => Health::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(name: &str, state: &str) -> ConnectionView {
        ConnectionView {
            name: name.to_owned(),
            protocol: "cmpp3.0".to_owned(),
            state: state.to_owned(),
            sessions_bound: 1,
            sessions_wanted: 2,
            in_flight: 3,
            written_last_second: 100,
            last_error: None,
        }
    }

    #[test]
    fn what_is_wrong_comes_first() {
        let asked = [
            view("b", "up"),
            view("c", "off"),
            view("a", "degraded"),
            view("d", "failed"),
            view("e", "of_tomorrow"),
        ];
        let names: Vec<_> = lines(&[], &asked, None)
            .into_iter()
            .map(|line| line.name)
            .collect();
        assert_eq!(names, ["d", "a", "e", "b", "c"]);
    }

    #[test]
    fn actions_fit_the_state() {
        for (state, drains, resumes, restarts) in [
            ("up", true, false, false),
            ("down", true, false, true),
            ("failed", true, false, true),
            ("draining", false, true, false),
            ("off", false, false, false),
        ] {
            let line = ConnectionLine::of_view(&view("a", state), None);
            let offered = (line.can_drain(), line.is_drained(), line.can_restart());
            assert_eq!(offered, (drains, resumes, restarts), "{state}");
            assert_ne!(line.state_words(), state, "{state} has no words");
        }
    }

    #[test]
    fn a_known_error_has_words_and_another_its_own() {
        let mut line = ConnectionLine::of_view(&view("a", "down"), None);
        for (error, words) in [
            ("the carrier closed the connection", "对端关闭了连接"),
            ("status 88", "status 88"),
            ("", ""),
        ] {
            line.last_error = error.to_owned();
            crate::text::t("page.connections");
            assert_eq!(line.error_words(), words);
        }
    }

    #[test]
    fn a_limit_is_needed_to_stand_at_it() {
        let mut line = ConnectionLine::of_view(&view("a", "up"), None);
        assert!(!line.at_limit() && line.load() == 0.0);
        line.rate_limit = 100;
        assert!(line.at_limit() && line.load() == 100.0);
    }
}
