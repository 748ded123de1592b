use super::account_rows::AccountRows;
use crate::columns::RowRef;
use carillon_domain::catalog::Priority;
use carillon_domain::ids::{AccountId, CampaignId, RouteGroupId};
use hashbrown::HashMap;
use std::collections::VecDeque;

/// How many rows before its turn a row is told to whoever may have to fetch something for it.
const AHEAD: usize = 1_024;

/// How often higher classes may go first before a waiting lower one gets its turn.
const OVERTAKES_MAX: u32 = 16;

/// What an organisation has waiting, per route group: priority classes, and accounts inside a class by weight.
///
/// Holds references only. It is rebuilt from the columns after a restart; a reference whose row has ended or left is skipped
/// by whoever takes it.
#[derive(Debug, Default)]
pub struct TenantQueues {
    groups: HashMap<RouteGroupId, GroupQueues, foldhash::fast::RandomState>,
}

#[derive(Debug, Default)]
struct GroupQueues {
    classes: [ClassQueues; Priority::ALL.len()],
    /// How often each class waited while a higher one went first, since its last turn.
    overtaken: [u32; Priority::ALL.len()],
}

#[derive(Debug, Default)]
struct ClassQueues {
    /// Accounts with something waiting, in turn; the front one is being served.
    turns: VecDeque<AccountQueue>,
}

#[derive(Debug)]
struct AccountQueue {
    account: AccountId,
    weight: u16,
    /// Messages it may still take in this turn.
    credit: u16,
    rows: AccountRows,
}

/// Whose messages wait in one queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    pub account: AccountId,
    pub campaign: Option<CampaignId>,
}

/// One message to queue.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    pub row: RowRef,
    pub group: RouteGroupId,
    pub priority: Priority,
    pub account: AccountId,
    pub campaign: Option<CampaignId>,
    pub weight: u16,
}

/// A message that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    pub row: RowRef,
    /// One that comes later from the same source, when that is a long one.
    pub ahead: Option<RowRef>,
}

impl TenantQueues {
    pub fn push(&mut self, waiting: Waiting) {
        self.account(&waiting).push(waiting.campaign, waiting.row);
    }

    /// Puts a message back that was taken but not sent: it is the next of its account.
    pub fn push_front(&mut self, waiting: Waiting) {
        self.account(&waiting).push_front(waiting.campaign, waiting.row);
    }

    /// Whether something waits for the group that `allowed` names.
    pub fn has(&self, group: RouteGroupId, allowed: impl Fn(Source) -> bool) -> bool {
        self.groups
            .get(&group)
            .is_some_and(|queues| queues.classes.iter().any(|class| class.first(&allowed).is_some()))
    }

    /// References waiting in all groups; may count some whose row has ended.
    pub fn waiting(&self) -> usize {
        self.groups
            .values()
            .flat_map(|queues| &queues.classes)
            .map(ClassQueues::waiting)
            .sum()
    }

    /// The next message of a group among those that `allowed` names: the highest class first, but a waiting lower class never
    /// waits for more than [`OVERTAKES_MAX`] in a row; inside a class accounts by weight, and of an account its single
    /// messages and its campaigns in turn.
    pub fn take(&mut self, group: RouteGroupId, allowed: impl Fn(Source) -> bool) -> Option<Taken> {
        let queues = self.groups.get_mut(&group)?;
        let mut waiting = [None; Priority::ALL.len()];
        for (place, class) in waiting.iter_mut().zip(&queues.classes) {
            *place = class.first(&allowed);
        }
        let highest = waiting.iter().position(Option::is_some)?;
        let overdue = |class: &usize| waiting[*class].is_some() && queues.overtaken[*class] >= OVERTAKES_MAX;
        let served = (highest..waiting.len()).rev().find(overdue).unwrap_or(highest);
        queues.overtaken[served] = 0;
        for (overtaken, place) in queues.overtaken.iter_mut().zip(&waiting).skip(served + 1) {
            *overtaken += u32::from(place.is_some());
        }
        queues.classes[served].take(waiting[served]?)
    }

    /// Groups for which something waits; may name one all of whose messages have ended.
    pub fn groups_waiting(&self) -> impl Iterator<Item = RouteGroupId> {
        let waits = |queues: &GroupQueues| queues.classes.iter().any(|class| !class.turns.is_empty());
        self.groups
            .iter()
            .filter(move |(_, queues)| waits(queues))
            .map(|(group, _)| *group)
    }

    /// Takes everything that waits for the groups that `are_wanted` names, in no particular order of accounts.
    pub fn take_groups(&mut self, are_wanted: impl Fn(RouteGroupId) -> bool) -> Vec<RowRef> {
        let taken = self.groups.extract_if(|group, _| are_wanted(*group));
        let accounts = taken
            .flat_map(|(_, queues)| queues.classes)
            .flat_map(|class| class.turns);
        accounts.flat_map(|account| account.rows.into_rows()).collect()
    }

    /// Gives accounts their weights as they are now; who is not known keeps its own.
    pub fn set_weights(&mut self, weight: impl Fn(AccountId) -> Option<u16>) {
        let classes = self.groups.values_mut().flat_map(|group| &mut group.classes);
        for account in classes.flat_map(|class| &mut class.turns) {
            if let Some(weight) = weight(account.account) {
                account.weight = weight.max(1);
                account.credit = account.credit.min(account.weight);
            }
        }
    }

    /// Drops what `is_open` no longer knows.
    pub fn forget_ended(&mut self, is_open: impl Fn(RowRef) -> bool) {
        for class in self.groups.values_mut().flat_map(|group| &mut group.classes) {
            for queue in &mut class.turns {
                queue.rows.retain(&is_open);
            }
            class.turns.retain(|queue| !queue.rows.is_empty());
        }
    }

    fn account(&mut self, waiting: &Waiting) -> &mut AccountRows {
        let queues = self.groups.entry(waiting.group).or_default();
        let turns = &mut queues.classes[waiting.priority as usize].turns;
        // Few accounts wait at the same time; the newest is usually the last.
        let place = match turns.iter().rposition(|queue| queue.account == waiting.account) {
            Some(place) => place,
            None => {
                turns.push_back(AccountQueue {
                    account: waiting.account,
                    weight: waiting.weight.max(1),
                    credit: waiting.weight.max(1),
                    rows: AccountRows::default(),
                });
                turns.len() - 1
            }
        };
        &mut turns[place].rows
    }
}

impl ClassQueues {
    /// The first account in turn of which something is allowed, and the place of that among its rows.
    fn first(&self, allowed: impl Fn(Source) -> bool) -> Option<(usize, usize)> {
        self.turns.iter().enumerate().find_map(|(place, queue)| {
            let account = queue.account;
            let source = queue
                .rows
                .first(|campaign| allowed(Source { account, campaign }))?;
            Some((place, source))
        })
    }

    fn take(&mut self, (place, source): (usize, usize)) -> Option<Taken> {
        let served = self.turns.get_mut(place)?;
        let ahead = served.rows.ahead(source, AHEAD);
        let row = served.rows.take(source);
        served.credit -= 1;
        if served.rows.is_empty() {
            self.turns.remove(place);
        } else if served.credit == 0 {
            served.credit = served.weight;
            if let Some(served) = self.turns.remove(place) {
                self.turns.push_back(served);
            }
        }
        row.map(|row| Taken { row, ahead })
    }

    fn waiting(&self) -> usize {
        self.turns.iter().map(|queue| queue.rows.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: RouteGroupId = RouteGroupId(1);

    fn waiting(index: u32, account: u32, weight: u16, priority: Priority) -> Waiting {
        let row = RowRef { index, generation: 0 };
        Waiting {
            row,
            group: GROUP,
            priority,
            account: AccountId(account),
            campaign: None,
            weight,
        }
    }

    #[test]
    fn order_within_an_account_is_kept() {
        let mut queues = TenantQueues::default();
        (0..5).for_each(|index| queues.push(waiting(index, 1, 1, Priority::Medium)));
        queues.push_front(waiting(9, 1, 1, Priority::Medium));
        let taken: Vec<_> = std::iter::from_fn(|| queues.take(GROUP, |_| true))
            .map(|taken| taken.row.index)
            .collect();
        assert_eq!(taken, [9, 0, 1, 2, 3, 4]);
        assert_eq!(queues.waiting(), 0);
        assert!(!queues.has(GROUP, |_| true));
        assert_eq!(queues.take(RouteGroupId(2), |_| true), None);
    }

    #[test]
    fn a_backlogged_account_gets_its_weighted_share() {
        let mut queues = TenantQueues::default();
        for index in 0..10_000 {
            queues.push(waiting(index, 1, 3, Priority::Low));
            queues.push(waiting(100_000 + index, 2, 1, Priority::Low));
        }
        let taken: Vec<_> = (0..4_000)
            .map(|_| queues.take(GROUP, |_| true).unwrap().row.index)
            .collect();
        let of_first = taken.iter().filter(|index| **index < 100_000).count();
        assert_eq!(of_first, 3_000);
    }

    #[test]
    fn only_granted_accounts_are_served() {
        let mut queues = TenantQueues::default();
        queues.push(waiting(1, 1, 1, Priority::High));
        queues.push(waiting(2, 2, 1, Priority::Low));
        let second = |source: Source| source.account == AccountId(2);
        assert!(queues.has(GROUP, second));
        assert_eq!(queues.take(GROUP, second).unwrap().row.index, 2);
        assert!(!queues.has(GROUP, second));
        assert_eq!(queues.take(GROUP, second), None);
        assert_eq!(queues.waiting(), 1);
    }

    #[test]
    fn a_code_overtakes_and_a_low_class_is_not_starved() {
        let mut queues = TenantQueues::default();
        (0..1_000).for_each(|index| queues.push(waiting(index, 1, 1, Priority::Low)));
        queues.push(waiting(5_000, 2, 1, Priority::High));
        assert_eq!(queues.take(GROUP, |_| true).unwrap().row.index, 5_000);
        (0..1_000).for_each(|index| queues.push(waiting(10_000 + index, 2, 1, Priority::High)));
        let taken: Vec<_> = (0..170)
            .map(|_| queues.take(GROUP, |_| true).unwrap().row.index)
            .collect();
        let low = taken.iter().filter(|index| **index < 5_000).count();
        assert_eq!(low, 10);
    }
    #[test]
    fn the_lowest_of_three_waiting_classes_gets_its_turn() {
        let mut queues = TenantQueues::default();
        for index in 0..1_000 {
            queues.push(waiting(index, 1, 1, Priority::High));
            queues.push(waiting(10_000 + index, 1, 1, Priority::Medium));
            queues.push(waiting(20_000 + index, 1, 1, Priority::Low));
        }
        let taken: Vec<_> = (0..540)
            .map(|_| queues.take(GROUP, |_| true).unwrap().row.index / 10_000)
            .collect();
        let of = |class| taken.iter().filter(|taken| **taken == class).count();
        assert!(of(1) >= 28 && of(2) >= 28, "{} and {} of 540", of(1), of(2));
    }

    #[test]
    fn what_has_ended_is_forgotten() {
        let mut queues = TenantQueues::default();
        (0..100).for_each(|index| queues.push(waiting(index, index % 3, 1, Priority::Medium)));
        queues.forget_ended(|row| row.index == 42);
        assert_eq!(queues.waiting(), 1);
        assert_eq!(queues.take(GROUP, |_| true).unwrap().row.index, 42);
        assert!(!queues.has(GROUP, |_| true));
    }
}
