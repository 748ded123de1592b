//! How many messages of a business type a person gets (SEND-5).

use super::core::LaneCore;
use crate::columns::{CapKey, counted_at};
use crate::intake::IntakeError;
use carillon_domain::catalog::{Account, CapPeriods, NumberListKind};
use carillon_domain::intake::Prepared;
use carillon_domain::time::Now;

impl LaneCore {
    /// The periods in which a message counts for its person: those its business type limits. Who stands in a white list is not
    /// counted.
    pub(super) fn counted(&self, account: &Account, message: &Prepared) -> CapPeriods {
        let caps = self
            .catalog
            .business_type(message.business_type)
            .map_or(&[][..], |kind| &kind.caps);
        if caps.is_empty() || self.is_white(account, message) {
            return CapPeriods::default();
        }
        caps.iter().map(|cap| cap.period).collect()
    }

    /// Whether the message's person may get one more of its business type.
    pub(super) fn check_caps(
        &self,
        account: &Account,
        message: &Prepared,
        now: Now,
    ) -> Result<(), IntakeError> {
        if self.counted(account, message).is_empty() {
            return Ok(());
        }
        let key = CapKey::of(account.tenant, message.business_type, message.to, &message.plan);
        let (Some(key), Some(kind)) = (key, self.catalog.business_type(message.business_type)) else {
            return Ok(());
        };
        let accepted_at = self.accepted_at(now);
        let at = counted_at(accepted_at, message.not_before.unwrap_or_default());
        let mut is_new = false;
        for cap in &kind.caps {
            let used = self.columns.cap_used(key, cap.period, at);
            if used >= cap.messages {
                return Err(IntakeError::FrequencyCap {
                    messages: cap.messages,
                    period: cap.period,
                });
            }
            is_new |= used == 0;
        }
        // To forget another person instead would let messages through that are too many.
        if is_new && self.columns.caps_len(accepted_at) >= self.options.columns.caps_max {
            self.counters.caps_full.add(1);
            return Err(IntakeError::CapsFull { retry_after_s: 600 });
        }
        Ok(())
    }

    fn is_white(&self, account: &Account, message: &Prepared) -> bool {
        let number = message.to.and_then(|to| self.catalog.listed(account, to));
        let mails = message.plan.iter().filter_map(|attempt| attempt.content.mail());
        let mut listed = number.into_iter().chain(
            mails
                .take(1)
                .filter_map(|mail| self.catalog.mail_listed(account, &mail.address)),
        );
        listed.any(|listed| listed.kind == NumberListKind::White)
    }
}
