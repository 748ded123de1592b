use super::frame::{LiveMessage, Place};
use super::panels::{
    AccountsPanel, AlarmsPanel, BacklogPanel, CampaignsPanel, ConnectionsPanel, HostsPanel, LatencyPanel,
    LatencyPoint, OverviewPanel, Panels, ProvincesPanel, RatePoint, RatesPanel, TotalsPanel,
};

/// Points of a curve: 30 minutes of 15 seconds.
pub const POINTS_MAX: usize = 120;

/// What a screen knows. Plain data: the server uses it in tests, the browser in its client.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LiveState {
    /// `None` before the first snapshot.
    pub place: Option<Place>,
    /// The server's clock at the last message.
    pub at_ms: u64,
    pub build: String,
    pub scope: String,
    pub scopes: Vec<String>,
    pub panels: Panels,
}

/// A change that does not follow on what is known; only a snapshot helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfStep;

impl LiveState {
    /// Takes a message; other kinds than snapshots and changes do nothing. On an error nothing is changed.
    pub fn apply(&mut self, message: LiveMessage) -> Result<(), OutOfStep> {
        match message {
            LiveMessage::Snapshot {
                place,
                at_ms,
                build,
                scope,
                scopes,
                panels,
            } => {
                *self = LiveState {
                    place: Some(place),
                    at_ms,
                    build,
                    scope,
                    scopes,
                    panels: *panels,
                };
            }
            LiveMessage::Change { place, at_ms, panels } => {
                let known = self.place.ok_or(OutOfStep)?;
                if known.epoch != place.epoch || known.seq.checked_add(1) != Some(place.seq) {
                    return Err(OutOfStep);
                }
                self.place = Some(place);
                self.at_ms = at_ms;
                self.panels.apply(*panels);
            }
            LiveMessage::Pong | LiveMessage::End { .. } => {}
        }
        Ok(())
    }
}

/// How a panel's data is told as a change, and taken as one.
pub(super) trait Changing: Clone + PartialEq {
    fn change_since(&self, before: &Self) -> Option<Self> {
        (self != before).then(|| self.clone())
    }

    fn apply(&mut self, change: Self) {
        *self = change;
    }
}

impl Changing for OverviewPanel {}
impl Changing for BacklogPanel {}
impl Changing for TotalsPanel {}
impl Changing for ProvincesPanel {}
impl Changing for CampaignsPanel {}
impl Changing for AlarmsPanel {}
impl Changing for HostsPanel {}
impl Changing for AccountsPanel {}

impl Changing for RatesPanel {
    fn change_since(&self, before: &Self) -> Option<Self> {
        (self != before).then(|| RatesPanel {
            points: newer(&self.points, &before.points, |point: &RatePoint| point.at_ms),
            ..*self
        })
    }

    fn apply(&mut self, change: Self) {
        let points = append(std::mem::take(&mut self.points), change.points, |point| {
            point.at_ms
        });
        *self = RatesPanel { points, ..change };
    }
}

impl Changing for LatencyPanel {
    fn change_since(&self, before: &Self) -> Option<Self> {
        (self != before).then(|| LatencyPanel {
            points: newer(&self.points, &before.points, |point: &LatencyPoint| point.at_ms),
            now: self.now,
        })
    }

    fn apply(&mut self, change: Self) {
        let points = append(std::mem::take(&mut self.points), change.points, |point| {
            point.at_ms
        });
        *self = LatencyPanel { points, ..change };
    }
}

impl Changing for ConnectionsPanel {
    fn change_since(&self, before: &Self) -> Option<Self> {
        let rows = self.connections.iter();
        let changed: Vec<_> = rows
            .filter(|row| !before.connections.contains(row))
            .cloned()
            .collect();
        let is_gone = |name: &String| self.connections.iter().all(|row| row.name != *name);
        let names = before.connections.iter().map(|row| row.name.clone());
        let removed: Vec<_> = names.filter(is_gone).collect();
        (!changed.is_empty() || !removed.is_empty()).then_some(ConnectionsPanel {
            connections: changed,
            removed,
        })
    }

    fn apply(&mut self, change: Self) {
        self.connections.retain(|row| !change.removed.contains(&row.name));
        for row in change.connections {
            match self
                .connections
                .binary_search_by(|known| known.name.cmp(&row.name))
            {
                Ok(index) => self.connections[index] = row,
                Err(index) => self.connections.insert(index, row),
            }
        }
    }
}

/// What follows the newest point that is known. When the server's clock was set back, points take the place of later ones.
fn newer<P: Clone + PartialEq>(points: &[P], before: &[P], at_ms: impl Fn(&P) -> u64) -> Vec<P> {
    let is_known = |point: &P| {
        let place = before.binary_search_by_key(&at_ms(point), &at_ms);
        place.is_ok_and(|place| before[place] == *point)
    };
    let known = points.iter().rposition(is_known).map_or(0, |last| last + 1);
    points[known..].to_vec()
}

fn append<P>(mut points: Vec<P>, more: Vec<P>, at_ms: impl Fn(&P) -> u64) -> Vec<P> {
    if let Some(first) = more.first() {
        points.retain(|point| at_ms(point) < at_ms(first));
    }
    points.extend(more);
    let surplus = points.len().saturating_sub(POINTS_MAX);
    points.drain(..surplus);
    points
}

#[cfg(test)]
mod tests {
    use super::super::panels::{ConnectionRow, Panel};
    use super::*;

    fn panels(second: u64) -> Panels {
        let row = |name: &str, rate: u32| ConnectionRow {
            name: name.to_owned(),
            rate,
            ..ConnectionRow::default()
        };
        let connections = match second % 3 {
            0 => vec![row("a", 1), row("c", second as u32)],
            1 => vec![row("a", 1), row("b", 2), row("c", 3)],
            _ => vec![row("b", second as u32)],
        };
        let points = (second.saturating_sub(POINTS_MAX as u64 - 1)..=second)
            .map(|at_ms| RatePoint {
                at_ms: at_ms + 1,
                ..RatePoint::default()
            })
            .collect();
        Panels {
            connections: Panel {
                at_ms: second,
                data: ConnectionsPanel {
                    connections,
                    removed: Vec::new(),
                },
            },
            rates: Panel {
                at_ms: second,
                data: RatesPanel {
                    points,
                    ..RatesPanel::default()
                },
            },
            ..Panels::default()
        }
    }

    fn snapshot(seq: u64) -> LiveMessage {
        LiveMessage::Snapshot {
            place: Place { epoch: 1, seq },
            at_ms: seq,
            build: String::new(),
            scope: String::new(),
            scopes: Vec::new(),
            panels: Box::new(panels(seq)),
        }
    }

    #[test]
    fn changes_lead_where_a_snapshot_would() {
        let mut state = LiveState::default();
        state.apply(snapshot(0)).unwrap();
        for seq in 1..=300 {
            let change = LiveMessage::Change {
                place: Place { epoch: 1, seq },
                at_ms: seq,
                panels: Box::new(panels(seq).change_since(&panels(seq - 1))),
            };
            let text = serde_json::to_string(&change).unwrap();
            state.apply(serde_json::from_str(&text).unwrap()).unwrap();
            assert_eq!(state.panels, panels(seq));
        }
    }

    /// The server's clock was wrong for a while: the points of that time go.
    #[test]
    fn points_that_are_taken_back_go_from_the_screen() {
        let points = |times: &[u64]| RatesPanel {
            points: times
                .iter()
                .map(|at_ms| RatePoint {
                    at_ms: *at_ms,
                    ..RatePoint::default()
                })
                .collect(),
            ..RatesPanel::default()
        };
        let steps: [&[u64]; 6] = [
            &[15, 30],
            &[15, 30, 45],
            &[15, 30, 45, 9_000, 9_015],
            &[15, 30, 45, 60],
            &[15, 30, 45, 60, 75, 90],
            &[15, 20],
        ];
        let mut screen = RatesPanel::default();
        let mut before = RatesPanel::default();
        for step in steps {
            let now = points(step);
            let change = now.change_since(&before).expect("something changed");
            Changing::apply(&mut screen, change);
            assert_eq!(screen, now, "{step:?}");
            before = now;
        }
    }

    #[test]
    fn only_the_next_change_is_taken() {
        let change = |epoch, seq| LiveMessage::Change {
            place: Place { epoch, seq },
            at_ms: 9,
            panels: Box::default(),
        };
        let mut state = LiveState::default();
        assert_eq!(state.apply(change(1, 1)), Err(OutOfStep));
        state.apply(snapshot(5)).unwrap();
        let before = state.clone();
        for (epoch, seq) in [(1, 5), (1, 7), (2, 6), (1, u64::MAX)] {
            assert_eq!(state.apply(change(epoch, seq)), Err(OutOfStep));
            assert_eq!(state, before);
        }
        assert_eq!(state.apply(change(1, 6)), Ok(()));
    }

    #[test]
    fn nothing_changed_is_told_in_few_bytes() {
        let nothing = panels(5).change_since(&panels(5));
        assert_eq!(serde_json::to_string(&nothing).unwrap(), "{}");
    }
}
