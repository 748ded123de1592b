//! Segments that stand in the ledgers more than once: each repetition has to be one that the policy asked for (DUP-1).

use super::books::Party;
use crate::ledger::{Answer, Record};
use carillon_api::{MessageView, SegmentView, StepWhat};

/// The reason of an INTENT that sends an uncertain segment once more.
const RESEND: &str = "resend";

#[derive(Clone, Copy, Debug, Default)]
pub struct Message {
    pub id: u64,
    /// Segments that were written and not refused: bit 0 is the first.
    seen: u32,
    /// How often one of them was written again.
    again: u8,
}

/// By marker, from the party's lowest one on.
#[derive(Default)]
pub struct Repeats(Vec<Message>);

/// A message of which segments were written again.
#[derive(Clone, Copy, Debug)]
pub struct Repeated {
    /// 0 when nobody was told that it was accepted.
    pub id: u64,
    pub again: u8,
}

impl Repeats {
    pub fn message(&mut self, marker: u64) -> &mut Message {
        let place = marker.saturating_sub(Party::Resent.markers().start) as usize;
        if place >= self.0.len() {
            self.0.resize(place + 1, Message::default());
        }
        &mut self.0[place]
    }

    pub fn written(&mut self, marker: u64, record: &Record) {
        if matches!(record.answer, Answer::Refused(_)) {
            return;
        }
        let number = record.part.map_or(1, |part| part.number);
        let bit = 1 << (number.max(1) - 1).min(31);
        let message = self.message(marker);
        if message.seen & bit != 0 {
            message.again = message.again.saturating_add(1);
        }
        message.seen |= bit;
    }

    pub fn repeated(&self) -> Vec<Repeated> {
        let again = self.0.iter().filter(|message| message.again > 0);
        again
            .map(|message| Repeated {
                id: message.id,
                again: message.again,
            })
            .collect()
    }
}

/// Why a repetition should not have been, by the message's journey.
pub fn objection(repeated: Repeated, journey: &MessageView) -> Option<String> {
    let segments = journey.attempts.iter().flat_map(|attempt| &attempt.segments);
    let mut resends = 0;
    for segment in segments {
        match resends_of(segment) {
            Some(count) => resends += count,
            None => return Some(format!("{}: sent again, and was not uncertain", journey.id)),
        }
    }
    let again = usize::from(repeated.again);
    (again > resends).then(|| {
        format!(
            "{}: written again {again} times, by its journey {resends} times",
            journey.id
        )
    })
}

/// How often it was sent once more; `None` when that was more than once, or without an unknown outcome before.
fn resends_of(segment: &SegmentView) -> Option<usize> {
    let is_resend = |place: &usize| {
        let step = &segment.steps[*place];
        step.what == StepWhat::Intent && step.reason.as_deref() == Some(RESEND)
    };
    let resends: Vec<usize> = (0..segment.steps.len()).filter(is_resend).collect();
    let after_uncertain = resends.first().is_none_or(|first| {
        let before = &segment.steps[..*first];
        before.iter().any(|step| step.what == StepWhat::Uncertain)
    });
    (resends.len() <= 1 && after_uncertain).then_some(resends.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_api::StepView;

    /// What happened, and why.
    type Told<'a> = (StepWhat, &'a str);

    fn segment(steps: &[Told<'_>]) -> SegmentView {
        let step = |(what, reason): &Told<'_>| StepView {
            at: String::new(),
            what: *what,
            words: String::new(),
            reason: Some((*reason).to_owned()),
            try_number: None,
            connection: None,
            code: None,
            error: None,
        };
        SegmentView {
            number: 1,
            status: "delivered".to_owned(),
            connection: None,
            carrier_id: None,
            code: None,
            steps: steps.iter().map(step).collect(),
        }
    }

    #[test]
    fn only_one_repetition_of_what_was_uncertain_is_right() {
        let first = (StepWhat::Intent, "rule");
        let uncertain = (StepWhat::Uncertain, "crash");
        let again = (StepWhat::Intent, RESEND);
        let cases: [(&[Told<'_>], Option<usize>); 5] = [
            (&[first], Some(0)),
            (&[first, uncertain], Some(0)),
            (&[first, uncertain, again], Some(1)),
            (&[first, again], None),
            (&[first, uncertain, again, uncertain, again], None),
        ];
        for (steps, expected) in cases {
            assert_eq!(resends_of(&segment(steps)), expected, "{steps:?}");
        }
    }
}
