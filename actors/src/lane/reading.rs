use super::core::LaneCore;
use super::effect::Effect;
use carillon_domain::fact::Fact;
use carillon_domain::ids::{AccountId, MessageId};
use carillon_domain::time::Now;
use tokio::sync::oneshot;

/// What a report that a message was read led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// It is recorded, now or by an earlier report.
    Done,
    /// The message had ended before.
    AlreadyEnded,
    /// The account has no such message.
    Unknown,
}

impl LaneCore {
    /// The person has read or clicked an account's message, as the account says. The message ends; the answer goes out when
    /// that is durable (ACK-1). [`Read::Unknown`] as well when it has ended.
    pub fn mark_read(
        &mut self,
        account: AccountId,
        message: MessageId,
        reply: oneshot::Sender<Read>,
        now: Now,
    ) {
        let open = self.columns.find(message);
        let read = match open.filter(|(_, row)| row.account == account) {
            Some((at, _)) => {
                self.record(Fact::Read {
                    message,
                    at: now.unix,
                });
                self.settle(at, now);
                Read::Done
            }
            None => Read::Unknown,
        };
        self.hold(Effect::AnswerRead(reply, read));
    }
}
