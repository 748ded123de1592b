use super::adaptive::{Place, QualityFigures, is_adaptive};
use super::core::LaneCore;
use super::link::{Load, Wanted};
use carillon_domain::ids::{AccountId, ConnectionId, RouteGroupId};
use carillon_domain::time::Now;

/// How a member of a route group stands towards one account's messages at this moment.
#[derive(Clone, Debug, PartialEq)]
pub struct MemberStanding {
    pub connection: ConnectionId,
    pub weight: u16,
    pub granted: bool,
    /// It has a session that can send.
    pub able: bool,
    pub draining: bool,
    /// Segments it could take at once.
    pub credit: u32,
    pub load: Load,
    /// Messages it has taken of a weighted group, divided by its weight.
    pub served: f64,
    /// In an adaptive group: its place there, and how it does lately.
    pub quality: Option<(Place, QualityFigures)>,
    pub verdict: PullVerdict,
}

/// Whether a member would take the account's next message, or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullVerdict {
    Pulls,
    /// The account may not use it (SEND-10).
    NotGranted,
    Draining,
    /// No session can send.
    Unable,
    /// Its windows are full, or its rate is used up.
    Full,
    /// By the group's strategy that one goes first.
    After(ConnectionId),
}

impl LaneCore {
    /// The members of a group in their order; empty when there is no such group.
    pub fn explain_group(&self, group: RouteGroupId, account: AccountId, now: Now) -> Vec<MemberStanding> {
        let Some(group) = self.catalog.snapshot().route_groups.get(&group) else {
            return Vec::new();
        };
        let standing = |member: &carillon_domain::catalog::Member| {
            let link = self.links.get(&member.connection)?;
            let granted = self.is_granted(account, member.connection);
            let verdict = if !granted {
                PullVerdict::NotGranted
            } else if link.wanted != Wanted::Run {
                PullVerdict::Draining
            } else if !link.able {
                PullVerdict::Unable
            } else if !link.has_credit() {
                PullVerdict::Full
            } else {
                let first = self.goes_first(member.connection, group, account);
                first.map_or(PullVerdict::Pulls, PullVerdict::After)
            };
            let quality = link.quality.filter(|_| is_adaptive(group));
            Some(MemberStanding {
                connection: member.connection,
                weight: member.weight,
                granted,
                able: link.able,
                draining: !link.wanted.pulls(),
                credit: link.credit,
                load: link.load,
                served: self.served_by(group, member.connection),
                quality: quality.map(|quality| {
                    (
                        self.place_in(group, member.connection),
                        quality.figures(now.monotonic),
                    )
                }),
                verdict,
            })
        };
        group.members.iter().filter_map(standing).collect()
    }
}
