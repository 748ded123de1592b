use super::message::DemoMessage;
use super::people::Person;
use crate::clock::LocalTime;
use carillon_domain::time::UnixMs;
use rand::RngExt;
use rand::rngs::SmallRng;

/// What one system sends for one purpose.
#[derive(Debug)]
pub struct Stream {
    pub account: &'static str,
    pub words: Words,
    pub strategy: Option<&'static str>,
    /// The strategy does.
    pub begins_with_mail: bool,
    /// Of a hundred messages.
    pub percent: u32,
    /// Messages of one request, about; 1: each has its own.
    pub batch: u32,
    values: &'static [Value],
}

#[derive(Clone, Copy, Debug)]
pub enum Words {
    Template(&'static str),
    Text(&'static str),
}

/// What fills a variable.
#[derive(Clone, Copy, Debug)]
enum Value {
    Name,
    Code,
    Date,
    Time,
    Department,
    Item,
    Amount,
}

use Value::{Amount, Code, Date, Department, Item, Name, Time};

const fn stream(
    account: &'static str,
    template: &'static str,
    percent: u32,
    batch: u32,
    values: &'static [Value],
) -> Stream {
    Stream {
        account,
        words: Words::Template(template),
        strategy: None,
        begins_with_mail: false,
        percent,
        batch,
        values,
    }
}

pub const STREAMS: &[Stream] = &[
    stream("his", "登录验证码", 14, 1, &[Code]),
    stream("his", "预约成功", 16, 1, &[Name, Date, Time, Department]),
    stream("his", "复诊提醒", 12, 60, &[Name, Date, Time, Department]),
    stream("his", "缴费通知", 10, 1, &[Name, Department, Amount]),
    stream("his", "停诊通知", 1, 20, &[Name, Date, Department]),
    Stream {
        words: Words::Text("您的药品已配好，请凭取药码到门诊药房窗口领取。"),
        ..stream("his", "", 7, 1, &[])
    },
    stream("lis", "报告已出", 16, 25, &[Name, Item]),
    Stream {
        strategy: Some("短信不达转邮件"),
        ..stream("pacs", "报告已出", 7, 1, &[Name, Item])
    },
    stream("ward", "住院通知", 4, 1, &[Name, Department, Date]),
    stream("ward", "手术通知", 2, 1, &[Name, Department, Date, Time]),
    stream("ward", "费用清单", 6, 40, &[Name, Amount]),
    stream("checkup", "体检预约", 3, 1, &[Name, Date, Time]),
    Stream {
        strategy: Some("邮件不达转短信"),
        begins_with_mail: true,
        ..stream("checkup", "体检报告", 2, 10, &[Name])
    },
];

const DEPARTMENTS: [&str; 12] = [
    "心内科",
    "呼吸科",
    "消化科",
    "骨科",
    "眼科",
    "口腔科",
    "皮肤科",
    "儿科",
    "妇科",
    "神经内科",
    "内分泌科",
    "中医科",
];
const ITEMS: [&str; 10] = [
    "血常规",
    "尿常规",
    "肝功能",
    "肾功能",
    "血脂",
    "甲状腺功能",
    "胸部CT",
    "腹部B超",
    "心电图",
    "膝关节核磁",
];
/// Addresses where the relay has something to say: nobody is there, or nothing is taken.
const BAD_ADDRESS_PERCENT: u32 = 4;

impl Stream {
    fn uses_mail(&self) -> bool {
        self.strategy.is_some()
    }
}

/// A message of a stream.
pub(super) fn message(
    stream: usize,
    to: Person,
    serial: u64,
    at: UnixMs,
    random: &mut SmallRng,
) -> DemoMessage {
    let kind = &STREAMS[stream];
    let values = kind
        .values
        .iter()
        .map(|value| value.made(&to, at, random))
        .collect();
    let mail = kind.uses_mail().then(|| {
        let local = match random.random_range(0..100) {
            ..BAD_ADDRESS_PERCENT => "gone",
            _ => "p",
        };
        format!("{local}{}@mail.example", to.phone)
    });
    DemoMessage {
        stream,
        mail,
        values,
        reference: format!("{}-{serial:09}", kind.account),
        to,
    }
}

impl Value {
    fn made(self, to: &Person, at: UnixMs, random: &mut SmallRng) -> (&'static str, String) {
        match self {
            Name => ("name", to.name.clone()),
            Code => ("code", format!("{:06}", random.random_range(0..1_000_000_u32))),
            Date => {
                let days = random.random_range(1..14_u64);
                let day = LocalTime::of(at.0 / 1_000 + days * 86_400);
                ("date", format!("{}-{:02}-{:02}", day.year, day.month, day.day))
            }
            Time => {
                let quarter = random.random_range(0..34_u32);
                ("time", format!("{:02}:{:02}", 8 + quarter / 4, quarter % 4 * 15))
            }
            Department => ("department", one_of(&DEPARTMENTS, random)),
            Item => ("item", one_of(&ITEMS, random)),
            Amount => {
                let cents = random.random_range(500..98_000_u32);
                ("amount", format!("{}.{:02}", cents / 100, cents % 100))
            }
        }
    }
}

fn one_of(texts: &[&str], random: &mut SmallRng) -> String {
    texts[random.random_range(0..texts.len())].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_streams_are_all_there_is() {
        assert_eq!(STREAMS.iter().map(|stream| stream.percent).sum::<u32>(), 100);
        assert!(STREAMS.iter().all(|stream| stream.batch > 0));
    }
}
