//! Orders that change a carrier while it runs, as values and as lines of text.

use super::behaviour::Range;
use super::session::PhoneReply;
use compact_str::CompactString;
use std::str::FromStr;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Drop every session; new ones are welcome.
    Cut,
    /// Stop listening; sessions go on.
    Refuse,
    /// Listen again.
    Accept,
    /// Cut and refuse: the carrier is gone.
    Down,
    /// Read, but write nothing.
    Silent(bool),
    /// Answer every segment with "slow down".
    Throttled(bool),
    /// From request to response.
    Response(Range),
    /// From response to receipt.
    Receipt(Range),
    Reply {
        login: CompactString,
        reply: PhoneReply,
    },
    /// The totals of every account, as one line of JSON.
    Totals,
    /// Write everything that is open into the ledger, as it is.
    Flush,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an order; there are: cut, refuse, accept, down, silent on|off, throttled on|off, response MIN MAX, \
     receipt MIN MAX (ms), reply LOGIN FROM TO TEXT, totals, flush"
)]
pub struct InvalidOrder;

impl FromStr for Order {
    type Err = InvalidOrder;

    fn from_str(line: &str) -> Result<Self, InvalidOrder> {
        let line = line.trim();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let order = match word {
            "reply" => return reply(rest),
            "silent" => return Ok(Order::Silent(on_or_off(rest)?)),
            "throttled" => return Ok(Order::Throttled(on_or_off(rest)?)),
            "response" => return Ok(Order::Response(range(rest)?)),
            "receipt" => return Ok(Order::Receipt(range(rest)?)),
            "cut" => Order::Cut,
            "refuse" => Order::Refuse,
            "accept" => Order::Accept,
            "down" => Order::Down,
            "totals" => Order::Totals,
            "flush" => Order::Flush,
            _ => return Err(InvalidOrder),
        };
        if rest.is_empty() {
            Ok(order)
        } else {
            Err(InvalidOrder)
        }
    }
}

fn on_or_off(text: &str) -> Result<bool, InvalidOrder> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(InvalidOrder),
    }
}

fn range(text: &str) -> Result<Range, InvalidOrder> {
    let (min, max) = text.split_once(' ').ok_or(InvalidOrder)?;
    Ok(Range {
        min: min.parse().map_err(|_| InvalidOrder)?,
        max: max.parse().map_err(|_| InvalidOrder)?,
    })
}

fn reply(text: &str) -> Result<Order, InvalidOrder> {
    let mut words = text.splitn(4, ' ');
    let mut word = || words.next().filter(|word| !word.is_empty()).ok_or(InvalidOrder);
    let (login, from, to, text) = (word()?, word()?, word()?, word()?);
    let reply = PhoneReply {
        from: from.into(),
        to: to.into(),
        text: text.to_owned(),
    };
    Ok(Order::Reply {
        login: login.into(),
        reply,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_orders() {
        let reply = PhoneReply {
            from: "13800000001".into(),
            to: "10690000".into(),
            text: "TD 退订".into(),
        };
        let cases = [
            ("cut\r\n", Ok(Order::Cut)),
            ("silent off", Ok(Order::Silent(false))),
            ("response 5 10", Ok(Order::Response(Range { min: 5, max: 10 }))),
            (
                "reply 900001 13800000001 10690000 TD 退订",
                Ok(Order::Reply {
                    login: "900001".into(),
                    reply,
                }),
            ),
            ("reply 900001 13800000001", Err(InvalidOrder)),
            ("cut now", Err(InvalidOrder)),
            ("silent", Err(InvalidOrder)),
            ("", Err(InvalidOrder)),
        ];
        for (line, expected) in cases {
            assert_eq!(line.parse(), expected, "{line}");
        }
    }
}
