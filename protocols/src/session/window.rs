//! Requests that wait for their answers.

use super::state::Millis;
use std::collections::{HashMap, VecDeque};

/// Timed-out requests whose late answer is still recognised; the oldest are forgotten first.
const LATE_LIMIT: usize = 65_536;

const NONE: u32 = u32::MAX;

/// A table indexed by the low bits of the sequence number, with a list through its open slots in the order of writing
/// (WIN-1). A number whose slot is taken is skipped by the caller, so that an unanswered request never blocks the others.
pub(super) struct Window {
    slots: Box<[Slot]>,
    limit: usize,
    open: usize,
    /// The slot written first and still open.
    oldest: u32,
    newest: u32,
    late: HashMap<u32, u64>,
    late_order: VecDeque<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    open: bool,
    sequence: u32,
    previous: u32,
    next: u32,
    request: OpenRequest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpenRequest {
    pub token: u64,
    pub offset: u64,
    pub sent_at: Millis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answered {
    pub token: u64,
    /// The request had timed out before.
    pub late: bool,
}

impl Window {
    pub fn new(limit: u16) -> Self {
        let limit = usize::from(limit);
        let empty = Slot {
            open: false,
            sequence: 0,
            previous: NONE,
            next: NONE,
            request: OpenRequest {
                token: 0,
                offset: 0,
                sent_at: 0,
            },
        };
        Self {
            slots: vec![empty; slots_for(limit)].into_boxed_slice(),
            limit,
            open: 0,
            oldest: NONE,
            newest: NONE,
            late: HashMap::new(),
            late_order: VecDeque::new(),
        }
    }

    pub fn in_flight(&self) -> usize {
        self.open
    }

    /// 0 as well when the limit was lowered below what is in flight.
    pub fn free(&self) -> usize {
        self.limit.saturating_sub(self.open)
    }

    /// Allows more or fewer from now on; what is open stays open.
    pub fn set_limit(&mut self, limit: u16) {
        self.limit = usize::from(limit);
        if slots_for(self.limit) <= self.slots.len() {
            return;
        }
        let mut larger = Window::new(limit);
        let open = std::iter::successors(self.slots.get(self.oldest as usize), |slot| {
            self.slots.get(slot.next as usize)
        });
        // Numbers with a slot each keep one each in a table a power of two larger.
        open.for_each(|slot| larger.insert(slot.sequence, slot.request));
        (larger.late, larger.late_order) = (
            std::mem::take(&mut self.late),
            std::mem::take(&mut self.late_order),
        );
        *self = larger;
    }

    /// Whether the sequence number's slot is free.
    pub fn fits(&self, sequence: u32) -> bool {
        !self.slots[self.index(sequence)].open
    }

    /// The caller has seen that something is [`Window::free`] and that the sequence number [`Window::fits`].
    pub fn insert(&mut self, sequence: u32, request: OpenRequest) {
        debug_assert!(self.free() > 0 && self.fits(sequence), "WIN-1");
        if !self.late.is_empty() {
            self.late.remove(&sequence);
        }
        let index = self.index(sequence);
        self.slots[index] = Slot {
            open: true,
            sequence,
            previous: self.newest,
            next: NONE,
            request,
        };
        match self.newest {
            NONE => self.oldest = index as u32,
            newest => self.slots[newest as usize].next = index as u32,
        }
        self.newest = index as u32;
        self.open += 1;
    }

    /// Frees the slot of an answered request; `None` for an answer to nothing, such as a second one.
    pub fn answer(&mut self, sequence: u32) -> Option<Answered> {
        let index = self.index(sequence);
        let slot = self.slots[index];
        if slot.open && slot.sequence == sequence {
            self.unlink(index);
            return Some(Answered {
                token: slot.request.token,
                late: false,
            });
        }
        let token = self.late.remove(&sequence)?;
        Some(Answered { token, late: true })
    }

    /// Frees the slot of the oldest request if it was sent at `before` or earlier.
    pub fn expire(&mut self, before: Millis) -> Option<OpenRequest> {
        let oldest = self.oldest()?;
        if oldest.sent_at > before {
            return None;
        }
        let index = self.oldest as usize;
        let sequence = self.slots[index].sequence;
        self.unlink(index);
        if self.late_order.len() == LATE_LIMIT
            && let Some(forgotten) = self.late_order.pop_front()
        {
            self.late.remove(&forgotten);
        }
        self.late_order.push_back(sequence);
        self.late.insert(sequence, oldest.token);
        Some(oldest)
    }

    pub fn oldest(&self) -> Option<OpenRequest> {
        self.slots.get(self.oldest as usize).map(|slot| slot.request)
    }

    /// In the order written.
    pub fn iter(&self) -> impl Iterator<Item = OpenRequest> {
        let first = self.slots.get(self.oldest as usize);
        std::iter::successors(first, |slot| self.slots.get(slot.next as usize)).map(|slot| slot.request)
    }

    fn index(&self, sequence: u32) -> usize {
        sequence as usize & (self.slots.len() - 1)
    }

    fn unlink(&mut self, index: usize) {
        let Slot { previous, next, .. } = self.slots[index];
        self.slots[index].open = false;
        match previous {
            NONE => self.oldest = next,
            previous => self.slots[previous as usize].next = next,
        }
        match next {
            NONE => self.newest = previous,
            next => self.slots[next as usize].previous = previous,
        }
        self.open -= 1;
    }
}

/// Twice the limit, so that at most every second slot is taken and skipping stays short.
fn slots_for(limit: usize) -> usize {
    (limit * 2).next_power_of_two()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn request(token: u64, sent_at: Millis) -> OpenRequest {
        OpenRequest {
            token,
            offset: 0,
            sent_at,
        }
    }

    #[test]
    fn an_answer_frees_its_slot_once() {
        let mut window = Window::new(2);
        window.insert(1, request(10, 0));
        window.insert(2, request(20, 0));
        assert_eq!(window.free(), 0);
        assert_eq!(
            window.answer(2),
            Some(Answered {
                token: 20,
                late: false
            })
        );
        assert_eq!(window.answer(2), None);
        assert_eq!(window.answer(7), None);
        assert_eq!((window.in_flight(), window.free()), (1, 1));
    }

    #[test]
    fn a_late_answer_is_recognised_once() {
        let mut window = Window::new(2);
        window.insert(1, request(10, 100));
        assert_eq!(window.expire(99), None);
        assert_eq!(window.expire(100), Some(request(10, 100)));
        assert_eq!(window.expire(100), None);
        assert_eq!(window.free(), 2);
        assert_eq!(
            window.answer(1),
            Some(Answered {
                token: 10,
                late: true
            })
        );
        assert_eq!(window.answer(1), None);
    }

    #[test]
    fn late_requests_are_bounded() {
        let mut window = Window::new(1);
        for sequence in 0..=LATE_LIMIT as u32 {
            window.insert(sequence, request(sequence.into(), 0));
            window.expire(0);
        }
        assert_eq!(window.late.len(), LATE_LIMIT);
        assert_eq!(window.answer(0), None);
        assert_eq!(window.answer(1), Some(Answered { token: 1, late: true }));
    }

    proptest! {
        /// Against a plain list: WIN-1, the order, and every token exactly once.
        #[test]
        fn behaves_like_a_list(limit in 1u16..20, steps in prop::collection::vec((0u8..5, 0usize..20), 1..300)) {
            let mut window = Window::new(limit);
            let mut limits = vec![usize::from(limit)];
            let mut model: Vec<(u32, u64)> = Vec::new();
            let mut sequence = u32::MAX - 20;
            for (token, (step, pick)) in steps.into_iter().enumerate() {
                match step {
                    0 | 1 if window.free() > 0 => {
                        sequence = sequence.wrapping_add(1);
                        while !window.fits(sequence) {
                            sequence = sequence.wrapping_add(1);
                        }
                        window.insert(sequence, request(token as u64, token as u64));
                        model.push((sequence, token as u64));
                    }
                    2 if !model.is_empty() => {
                        let (sequence, token) = model.remove(pick % model.len());
                        prop_assert_eq!(window.answer(sequence), Some(Answered { token, late: false }));
                    }
                    3 if !model.is_empty() => {
                        let (_, token) = model.remove(0);
                        prop_assert_eq!(window.expire(token).map(|request| request.token), Some(token));
                    }
                    4 => {
                        limits.push(pick * 3 + 1);
                        window.set_limit(pick as u16 * 3 + 1);
                    }
                    _ => {}
                }
                let limit = *limits.last().unwrap();
                prop_assert_eq!(window.free(), limit.saturating_sub(model.len()));
                let tokens: Vec<u64> = window.iter().map(|request| request.token).collect();
                let expected: Vec<u64> = model.iter().map(|&(_, token)| token).collect();
                prop_assert_eq!(tokens, expected);
                prop_assert_eq!(window.in_flight(), model.len());
                prop_assert!(window.in_flight() <= *limits.iter().max().unwrap());
            }
        }
    }
}
