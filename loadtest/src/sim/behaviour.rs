//! What a carrier decides about one segment. Pure: the same seed and order of arrival give the same decisions.

use compact_str::CompactString;
use rand::RngExt;
use rand::rngs::SmallRng;
use serde::{Deserialize, Serialize};

/// How a carrier behaves. Shares are 0…1 of all segments; everything is off by default except receipts.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Behaviour {
    /// From the request to its response.
    pub response_ms: Range,
    /// This share of responses takes `slow_response_ms` instead.
    pub slow_share: f64,
    pub slow_response_ms: Range,
    /// From the response to the receipt.
    pub receipt_ms: Range,
    /// Which receipts are given, by weight.
    pub receipts: Vec<WeightedStatus>,
    /// Receipts that are written before the response.
    pub receipt_first_share: f64,
    /// Receipts that are written twice.
    pub doubled_share: f64,
    /// Accepted segments that never get a receipt.
    pub lost_receipt_share: f64,
    /// Receipts that come on any session of the account instead of the one that submitted.
    pub other_session_share: f64,
    /// Segments answered with `reject_code`.
    pub reject_share: f64,
    pub reject_code: u32,
    /// Segments that are taken and never answered.
    pub silent_share: f64,
    /// The session is cut after this many segments on it; 0 never.
    pub cut_after: u64,
    /// Delivered messages whose recipient answers with `reply_text`.
    pub reply_share: f64,
    pub reply_ms: Range,
    pub reply_text: String,
    /// Receipt ids of an SMPP carrier.
    pub id_form: IdForm,
}

impl Default for Behaviour {
    fn default() -> Self {
        Behaviour {
            response_ms: Range::default(),
            slow_share: 0.0,
            slow_response_ms: Range { min: 500, max: 2_000 },
            receipt_ms: Range { min: 0, max: 0 },
            receipts: vec![WeightedStatus {
                status: "DELIVRD".into(),
                error: "000".into(),
                weight: 1,
            }],
            receipt_first_share: 0.0,
            doubled_share: 0.0,
            lost_receipt_share: 0.0,
            other_session_share: 0.0,
            reject_share: 0.0,
            reject_code: 9,
            silent_share: 0.0,
            cut_after: 0,
            reply_share: 0.0,
            reply_ms: Range {
                min: 1_000,
                max: 5_000,
            },
            reply_text: "收到".to_owned(),
            id_form: IdForm::Same,
        }
    }
}

/// Both ends are included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    pub min: u64,
    pub max: u64,
}

impl Range {
    fn pick(self, random: &mut SmallRng) -> u64 {
        if self.min >= self.max {
            self.min
        } else {
            random.random_range(self.min..=self.max)
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WeightedStatus {
    /// At most seven characters, e.g. `DELIVRD`, `MA:0001`.
    pub status: CompactString,
    /// SMPP's `err:` field.
    #[serde(default = "no_error")]
    pub error: CompactString,
    pub weight: u32,
}

fn no_error() -> CompactString {
    "000".into()
}

/// How an SMPP carrier names a segment in the response and in the receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IdForm {
    /// Decimal in both.
    Same,
    /// Hexadecimal in the response, decimal in the receipt.
    ResponseHex,
    /// Decimal in the response, hexadecimal in the receipt.
    ReceiptHex,
}

/// What happens to one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    pub answer: DecidedAnswer,
    /// From now to the response.
    pub response_ms: u64,
    pub receipt: Option<DecidedReceipt>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecidedAnswer {
    Accept,
    Refuse(u32),
    Silence,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecidedReceipt {
    /// Index into [`Behaviour::receipts`].
    pub status: u16,
    /// From the response to the receipt; unused when `before_response`.
    pub after_ms: u64,
    pub before_response: bool,
    pub doubled: bool,
    pub other_session: bool,
    /// The recipient answers this long after the receipt.
    pub reply_after_ms: Option<u64>,
}

impl Behaviour {
    /// What is wrong with the numbers, if anything.
    pub fn check(&self) -> Result<(), &'static str> {
        let shares = [
            self.slow_share,
            self.receipt_first_share,
            self.doubled_share,
            self.lost_receipt_share,
            self.other_session_share,
            self.reject_share,
            self.silent_share,
            self.reply_share,
        ];
        if shares.iter().any(|share| !(0.0..=1.0).contains(share)) {
            return Err("a share is not between 0 and 1");
        }
        if self.receipts.iter().any(|receipt| receipt.status.len() > 7) {
            return Err("a receipt status has more than seven characters");
        }
        if self.receipts.len() > usize::from(u16::MAX) {
            return Err("there are too many receipt statuses");
        }
        Ok(())
    }

    pub fn decide(&self, receipt_wanted: bool, random: &mut SmallRng) -> Decision {
        let slow = happens(self.slow_share, random);
        let response = if slow {
            self.slow_response_ms
        } else {
            self.response_ms
        };
        let response_ms = response.pick(random);
        let refused = |answer| Decision {
            answer,
            response_ms,
            receipt: None,
        };
        if happens(self.silent_share, random) {
            return refused(DecidedAnswer::Silence);
        }
        if happens(self.reject_share, random) {
            return refused(DecidedAnswer::Refuse(self.reject_code));
        }
        let receipt = if receipt_wanted {
            self.decide_receipt(random)
        } else {
            None
        };
        Decision {
            answer: DecidedAnswer::Accept,
            response_ms,
            receipt,
        }
    }

    fn decide_receipt(&self, random: &mut SmallRng) -> Option<DecidedReceipt> {
        if happens(self.lost_receipt_share, random) {
            return None;
        }
        let status = self.pick_status(random)?;
        Some(DecidedReceipt {
            status,
            after_ms: self.receipt_ms.pick(random),
            before_response: happens(self.receipt_first_share, random),
            doubled: happens(self.doubled_share, random),
            other_session: happens(self.other_session_share, random),
            reply_after_ms: happens(self.reply_share, random).then(|| self.reply_ms.pick(random)),
        })
    }

    fn pick_status(&self, random: &mut SmallRng) -> Option<u16> {
        if self.receipts.len() == 1 {
            return Some(0);
        }
        let total: u64 = self
            .receipts
            .iter()
            .map(|receipt| u64::from(receipt.weight))
            .sum();
        if total == 0 {
            return None;
        }
        let mut left = random.random_range(0..total);
        let place = self.receipts.iter().position(|receipt| {
            let weight = u64::from(receipt.weight);
            let found = left < weight;
            left = left.saturating_sub(weight);
            found
        });
        place.map(|place| place as u16)
    }
}

fn happens(share: f64, random: &mut SmallRng) -> bool {
    share > 0.0 && random.random_bool(share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn decisions(behaviour: &Behaviour, count: usize) -> Vec<Decision> {
        let mut random = SmallRng::seed_from_u64(7);
        (0..count).map(|_| behaviour.decide(true, &mut random)).collect()
    }

    #[test]
    fn the_same_seed_decides_the_same() {
        let behaviour = Behaviour {
            silent_share: 0.2,
            slow_share: 0.5,
            ..Behaviour::default()
        };
        assert_eq!(decisions(&behaviour, 1_000), decisions(&behaviour, 1_000));
    }

    #[test]
    fn statuses_come_by_weight_and_weight_0_never() {
        let status = |status: &str, weight| WeightedStatus {
            status: status.into(),
            error: no_error(),
            weight,
        };
        let receipts = vec![status("DELIVRD", 3), status("NEVER", 0), status("UNDELIV", 1)];
        let behaviour = Behaviour {
            receipts,
            ..Behaviour::default()
        };
        let mut counts = [0; 3];
        for decision in decisions(&behaviour, 10_000) {
            counts[usize::from(decision.receipt.expect("a receipt").status)] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((7_200..7_800).contains(&counts[0]), "{counts:?}");
    }

    #[test]
    fn without_a_wish_there_is_no_receipt_and_refused_segments_get_none() {
        let mut random = SmallRng::seed_from_u64(1);
        assert_eq!(Behaviour::default().decide(false, &mut random).receipt, None);
        let refusing = Behaviour {
            reject_share: 1.0,
            ..Behaviour::default()
        };
        let decision = refusing.decide(true, &mut random);
        assert_eq!(
            (decision.answer, decision.receipt),
            (DecidedAnswer::Refuse(9), None)
        );
    }

    #[test]
    fn impossible_shares_are_refused() {
        for share in [-0.1, 1.1, f64::NAN] {
            assert!(
                Behaviour {
                    reply_share: share,
                    ..Behaviour::default()
                }
                .check()
                .is_err()
            );
        }
    }
}
