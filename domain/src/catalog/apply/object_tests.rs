//! Mail relays, windows, strategies, lists and webhooks in the apply file.

use super::tests::{FILE, Fixture, NEXT, file};
use super::*;
use crate::catalog::{
    Cap, CapPeriod, MailSecurity, NextIds, NumberListKind, Protocol, Snapshot, Strategy, WebhookEvent,
};
use crate::ids::{
    AccountId, BusinessTypeId, ConnectionId, NumberListId, RouteGroupId, StrategyId, TemplateId, TenantId,
    WordListId,
};
use crate::plan::{ChannelKind, Condition};

const MORE: &str = r#"
[[organisation]]
name = "示范学校"
quiet_hours = "22:00-07:00"

[[business_type]]
name = "marketing"
sending_window = "08:00-20:00"
caps = [{ messages = 1, period = "hour" }, { messages = 3, period = "day" }]

[[business_type]]
name = "alarm"
ignore_quiet_hours = true

[[connection]]
name = "relay"
protocol = "smtp"
host = "mail.hospital.example"
login = "carillon"
password = { env = "SMTP_PASSWORD" }
sessions = 4
mail = { from = "notice@hospital.example", from_name = "示范医院", return_path_domain = "bounces.hospital.example" }

[[connection]]
name = "inside"
protocol = "smtp"
host = "10.0.0.25"
mail = { security = "none", from = "notice@hospital.example" }

[[route_group]]
name = "mail"
strategy = "least_busy"
members = ["relay", "inside"]

[[route_rule]]
name = "mails"
group = "mail"

[[account]]
name = "lis"
organisation = "示范医院"
modules = { send = true, campaigns = true }
connections = ["relay"]
business_type = "notice"
api_key = "0123456789abcdef-lis"
webhook = { url = "https://lis.hospital.example/carillon", secret = { env = "WEBHOOK_SECRET_OF_LIS" } }
hmac_secret = "0123456789abcdef-hmac"

[[template]]
name = "report"
organisation = "示范医院"
text = "{name}的报告已出。"
subject = "{name}的报告"
html = "<p>{name}的报告已出。</p>"
business_type = "notice"

[[strategy]]
name = "sms then mail"
organisation = "示范医院"
steps = [
  { channel = "sms" },
  { channel = "mail", template = "report", when = { not_delivered_within_s = 300 } },
  { channel = "sms", template = "visit", when = { failed = ["550"] } },
]

[[word_list]]
name = "law"
file = "words.txt"

[[word_list]]
name = "his only"
organisations = ["示范医院"]
accounts = ["his"]
words = ["内部"]

[[number_list]]
name = "refused"
kind = "black"
file = "numbers.txt"

[[number_list]]
name = "on call"
kind = "white"
accounts = ["his"]
numbers = ["13800000009"]
"#;

/// Every kind of object, resolved in an empty catalog.
pub(super) fn whole() -> Snapshot {
    let applied = resolve(
        &whole_file(),
        &Snapshot::default(),
        NextIds::default(),
        &LongSecrets::default(),
    );
    applied.unwrap().snapshot
}

pub(super) fn whole_file() -> ApplyFile {
    file(&format!("{FILE}{MORE}"))
}

/// Secrets of webhooks are longer than what carriers take.
#[derive(Default)]
pub(super) struct LongSecrets(Fixture);

impl Environment for LongSecrets {
    fn variable(&self, name: &str) -> Result<String, String> {
        let value = self.0.variable(name)?;
        Ok(if name.starts_with("WEBHOOK") {
            format!("{value}-{name}")
        } else {
            value
        })
    }

    fn file(&self, path: &str) -> Result<String, String> {
        self.0.file(path)
    }

    fn sha256(&self, text: &str) -> [u8; 32] {
        self.0.sha256(text)
    }

    fn new_api_key(&self) -> crate::catalog::Secret {
        self.0.new_api_key()
    }
}

fn errors(text: &str) -> Vec<String> {
    let applied = resolve(&file(text), &whole(), NEXT, &LongSecrets::default());
    applied.expect_err(text).iter().map(ToString::to_string).collect()
}

#[test]
fn defaults_and_values_of_the_new_objects() {
    let snapshot = whole();
    assert!(snapshot.organisations[&TenantId(1)].quiet_hours.is_none());
    let quiet = snapshot.organisations[&TenantId(2)].quiet_hours.unwrap();
    assert_eq!(quiet.to_string(), "22:00-07:00");

    let marketing = &snapshot.business_types[&BusinessTypeId(3)];
    assert_eq!(marketing.sending_window.unwrap().to_string(), "08:00-20:00");
    let cap = |messages, period| Cap { messages, period };
    assert_eq!(marketing.caps, [cap(1, CapPeriod::Hour), cap(3, CapPeriod::Day)]);
    assert!(!marketing.ignore_quiet_hours && snapshot.business_types[&BusinessTypeId(4)].ignore_quiet_hours);

    let relay = &snapshot.connections[&ConnectionId(3)];
    assert_eq!(
        (relay.protocol, relay.kind()),
        (Protocol::Smtp, ChannelKind::Mail)
    );
    assert_eq!((relay.port, relay.window, relay.sessions), (587, 1, 4));
    let mail = relay.mail.as_ref().unwrap();
    assert_eq!(
        (mail.security, mail.bounce_window_s),
        (MailSecurity::Starttls, 86_400)
    );
    let inside = &snapshot.connections[&ConnectionId(4)];
    assert_eq!(
        (inside.port, inside.login.as_str(), inside.password.reveal()),
        (25, "", "")
    );
    assert_eq!(
        snapshot.route_groups[&RouteGroupId(2)].strategy,
        Strategy::LeastBusy
    );

    let lis = &snapshot.accounts[&AccountId(2)];
    assert!(lis.modules.campaigns && !snapshot.accounts[&AccountId(1)].modules.campaigns);
    let webhook = lis.webhook.as_ref().unwrap();
    assert_eq!(webhook.secret.reveal(), "888888-WEBHOOK_SECRET_OF_LIS");
    assert_eq!(webhook.events, [WebhookEvent::Receipts, WebhookEvent::Replies]);
    assert_eq!(
        lis.hmac_secret.as_ref().unwrap().reveal(),
        "0123456789abcdef-hmac"
    );

    let strategy = &snapshot.strategies[&StrategyId(1)];
    let conditions: Vec<_> = strategy.steps.iter().map(|step| step.when.clone()).collect();
    let failed = Condition::Failed {
        codes: vec!["550".into()],
    };
    let late = Condition::NotDeliveredWithin { seconds: 300 };
    assert_eq!(conditions, [None, Some(late), Some(failed)]);
    assert_eq!(strategy.steps[1].template, Some(TemplateId(2)));

    assert_eq!(snapshot.word_lists[&WordListId(1)].words, ["free cash", "赌博"]);
    assert_eq!(snapshot.word_lists[&WordListId(2)].accounts, [AccountId(1)]);
    let refused = &snapshot.number_lists[&NumberListId(1)];
    let numbers: Vec<u64> = refused.numbers.iter().map(|number| number.as_u64()).collect();
    assert_eq!(numbers, [8_613_800_000_001, 8_613_800_000_002]);
    assert_eq!(refused.mails, ["one@home.example"]);
    assert_eq!(
        snapshot.number_lists[&NumberListId(2)].kind,
        NumberListKind::White
    );
}

#[test]
fn ports_follow_the_security_of_a_relay() {
    for (security, port) in [("none", 25), ("starttls", 587), ("tls", 465)] {
        let text = MORE.replace("security = \"none\"", &format!("security = \"{security}\""));
        let applied = resolve(
            &file(&(FILE.to_owned() + &text)),
            &whole(),
            NEXT,
            &LongSecrets::default(),
        );
        assert_eq!(applied.unwrap().snapshot.connections[&ConnectionId(4)].port, port);
    }
}

#[test]
fn the_same_file_again_changes_nothing() {
    let snapshot = whole();
    let applied = resolve(&whole_file(), &snapshot, NEXT, &LongSecrets::default()).unwrap();
    assert_eq!(applied.changes, []);
    assert_eq!(applied.snapshot, snapshot);
}

#[test]
fn every_difference_is_said_in_a_line() {
    let cases: &[(&str, &str, &[&str])] = &[
        (
            "\"22:00-07:00\"",
            "\"21:00-07:00\"",
            &["~ organisation `示范学校`: quiet_hours 22:00-07:00 → 21:00-07:00"],
        ),
        (
            "messages = 3",
            "messages = 2",
            &["~ business_type `marketing`: caps 1 per hour, 3 per day → 1 per hour, 2 per day"],
        ),
        (
            "from_name = \"示范医院\"",
            "from_name = \"\"",
            &["~ connection `relay`: mail.from_name 示范医院 → (none)"],
        ),
        (
            "SECRET_OF_LIS\" }",
            "OTHER_SECRET_OF_LIS\" }",
            &["~ account `lis`: webhook.secret changed"],
        ),
        (
            "hmac_secret = \"0123456789abcdef-hmac\"",
            "",
            &["~ account `lis`: hmac_secret changed"],
        ),
        (
            "subject = \"{name}的报告\"",
            "",
            &["~ template `示范医院/report`: subject {name}的报告 → (none)"],
        ),
        (
            "{ not_delivered_within_s = 300 }",
            "\"failed\"",
            &[
                "~ strategy `示范医院/sms then mail`: steps sms, mail `report` when not delivered within 300 s, sms `visit` \
                 when failed with 550 → sms, mail `report` when failed, sms `visit` when failed with 550",
            ],
        ),
        (
            "words = [\"内部\"]",
            "words = [\"外部\", \"机密\"]",
            &["~ word_list `his only`: words 1 → 2 (+2 −1)"],
        ),
        (
            "[\"13800000009\"]",
            "[\"13800000009\", \"a@home.example\", \"13800000008\"]",
            &[
                "~ number_list `on call`: numbers 1 → 2 (+1 −0)",
                "~ number_list `on call`: mails 0 → 1 (+1 −0)",
            ],
        ),
        (
            "kind = \"white\"",
            "kind = \"black\"",
            &["~ number_list `on call`: kind white → black"],
        ),
    ];
    for (from, to, lines) in cases {
        let text = FILE.to_owned() + &MORE.replacen(from, to, 1);
        let applied = resolve(&file(&text), &whole(), NEXT, &LongSecrets::default()).unwrap();
        let said: Vec<String> = applied.changes.iter().map(ToString::to_string).collect();
        assert_eq!(&said, lines, "{from} → {to}");
    }
}

#[test]
fn each_mistake_is_named_with_its_place_and_what_to_do() {
    let cases: &[(&str, &str, &str)] = &[
        (
            "host = \"10.0.0.25\"\nmail = { security = \"none\", from = \"notice@hospital.example\" }",
            "host = \"10.0.0.25\"",
            "connection `inside`, mail: is empty; give it a value",
        ),
        (
            "protocol = \"smtp\"\nhost = \"10.0.0.25\"",
            "protocol = \"cmpp2.0\"\nhost = \"10.0.0.25\"\npassword = \"\"\nlogin = \"900001\"\nsource_number = \"1069\"",
            "connection `inside`, mail: is not for cmpp2.0; remove it",
        ),
        (
            "protocol = \"smtp\"\nhost = \"10.0.0.25\"\nmail = { security = \"none\", from = \"notice@hospital.example\" }",
            "protocol = \"cmpp2.0\"\nhost = \"10.0.0.25\"\nlogin = \"900001\"\nsource_number = \"1069\"",
            "connection `inside`, password: is empty; give it a value",
        ),
        (
            "sessions = 4",
            "window = 16",
            "connection `relay`, window: is 16, and a session with a mail relay has one mail in flight; leave it out, and set \
             `sessions` for mails at the same time",
        ),
        (
            "sessions = 4",
            "source_number = \"10690001\"",
            "connection `relay`, source_number: is not for smtp; remove it",
        ),
        (
            "sessions = 4",
            "service_id = \"A\"",
            "connection `relay`, service_id: is not for smtp; remove it",
        ),
        (
            "\"notice@hospital.example\", from_name",
            "\"示范医院 <notice@hospital.example>\", from_name",
            "connection `relay`, mail.from: is not a mail address; write it as name@host",
        ),
        (
            "\"bounces.hospital.example\"",
            "\"bounces@hospital.example\"",
            "connection `relay`, mail.return_path_domain: is not the name of a host",
        ),
        (
            "from_name = \"示范医院\"",
            "bounce_window_s = 59",
            "connection `relay`, mail.bounce_window_s: is 59, outside 60…604800; choose a value inside",
        ),
        (
            "[\"relay\", \"inside\"]",
            "[\"relay\", \"cmpp-main\"]",
            "route_group `mail`, members: mixes channels: `relay` carries mail, `cmpp-main` carries sms; make a group for each \
             channel",
        ),
        (
            "messages = 3",
            "messages = 0",
            "business_type `marketing`, caps.messages: is 0, outside 1…1000; choose a value inside",
        ),
        (
            "period = \"day\"",
            "period = \"hour\"",
            "business_type `marketing`, caps: is given more than once: `hour`",
        ),
        (
            "https://lis",
            "ftp://lis",
            "account `lis`, webhook.url: is not an http or https address",
        ),
        (
            "{ env = \"WEBHOOK_SECRET_OF_LIS\" }",
            "\"short\"",
            "account `lis`, webhook.secret: has 5 characters, less than 16; take a longer one",
        ),
        (
            "hmac_secret = \"0123456789abcdef-hmac\"",
            "hmac_secret = \"0123456789abcde\"",
            "account `lis`, hmac_secret: has 15 characters, less than 16; take a longer one",
        ),
        (
            "subject = \"{name}的报告\"",
            "subject = \"{name\"",
            "template `示范医院/report`, subject: is not a template: a variable is opened and not closed",
        ),
        (
            "subject = \"{name}的报告\"",
            "subject = \"one\\nBcc: two\"",
            "template `示范医院/report`, subject: holds '\\n', and only printable characters are allowed",
        ),
        (
            "<p>{name}",
            "<p>{name:colour}",
            "template `示范医院/report`, html: is not a template: the type `colour` is unknown",
        ),
        (
            "{ channel = \"sms\" },",
            "{ channel = \"wechat\" },",
            "strategy `示范医院/sms then mail`, steps.channel: names the channel wechat, which is not available in this \
             version; use sms or mail",
        ),
        (
            ", when = { not_delivered_within_s = 300 }",
            "",
            "strategy `示范医院/sms then mail`, steps: is not a plan: attempt 2 has no condition on which it starts; correct the \
             steps",
        ),
        (
            "template = \"report\"",
            "template = \"reports\"",
            "strategy `示范医院/sms then mail`, steps.template: names the template `示范医院/reports`, which the file does not \
             have",
        ),
        (
            "words = [\"内部\"]",
            "words = [\"内部\", \"***\"]",
            "word_list `his only`, words: entry 2 holds no letter or digit; correct or remove it",
        ),
        (
            "words = [\"内部\"]",
            "",
            "word_list `his only`, words: needs exactly one of `words`, `file` and `stored`; keep one of them",
        ),
        (
            "words = [\"内部\"]",
            "words = [\"内部\"]\nfile = \"words.txt\"",
            "word_list `his only`, words: needs exactly one of `words`, `file` and `stored`; keep one of them",
        ),
        (
            "name = \"his only\"",
            "stored = true\nname = \"new\"",
            "word_list `new`, words: needs exactly one of",
        ),
        (
            "\"words.txt\"",
            "\"absent.txt\"",
            "word_list `law`, file: cannot be read from file `absent.txt`: does not exist",
        ),
        (
            "[\"13800000009\"]",
            "[\"13800000009\", \"12\"]",
            "number_list `on call`, numbers: entry 2 is not a phone number; correct or remove it",
        ),
        (
            "\"numbers.txt\"",
            "\"broken.txt\"",
            "number_list `refused`, numbers: entry 4 is not a mail address; correct or remove it",
        ),
        (
            "accounts = [\"his\"]\nnumbers",
            "accounts = [\"hers\"]\nnumbers",
            "number_list `on call`, accounts: names the account `hers`, which the file does not have",
        ),
    ];
    for (from, to, line) in cases {
        let more = MORE.replacen(from, to, 1);
        assert_ne!(more, MORE, "{from}");
        let said = errors(&(FILE.to_owned() + &more));
        assert!(
            said.iter().any(|error| error.starts_with(line)),
            "{from} → {to}: {said:#?}"
        );
    }
}

#[test]
fn what_is_to_stay_as_stored_must_be_stored() {
    let fresh = "[[word_list]]\nname = \"new\"\nstored = true\n\
                 [[number_list]]\nname = \"new\"\nkind = \"black\"\nstored = true\n";
    let said = errors(&format!("{FILE}{MORE}{fresh}"));
    for section in ["word_list", "number_list"] {
        let line = format!("{section} `new`, stored: is to stay as it is stored, and nothing is stored");
        assert!(said.iter().any(|error| error.starts_with(&line)), "{said:#?}");
    }
    let secret = MORE.replace("{ env = \"SMTP_PASSWORD\" }", "{ stored = true }");
    let applied = resolve(
        &file(&(FILE.to_owned() + &secret)),
        &Snapshot::default(),
        NextIds::default(),
        &LongSecrets::default(),
    );
    let said = applied.unwrap_err()[0].to_string();
    assert!(
        said.starts_with("connection `relay`, password: cannot be read from the catalog: nothing is stored"),
        "{said}"
    );
}

#[test]
fn a_long_list_of_mistakes_is_cut_and_says_no_number() {
    let wrong: Vec<String> = (0..100)
        .map(|number| format!("\"x1380000{number:04}\""))
        .collect();
    let more = MORE.replace("[\"13800000009\"]", &format!("[{}]", wrong.join(",")));
    let said = errors(&(FILE.to_owned() + &more));
    assert_eq!(said.len(), 21);
    assert!(
        said[20].contains("has 80 more entries that are wrong"),
        "{said:?}"
    );
    assert!(said.iter().all(|line| !line.contains("1380000")), "{said:?}");
}

#[test]
fn windows_and_conditions_of_another_shape_are_refused() {
    for (from, to) in [
        ("22:00-07:00", "22:00"),
        ("08:00-20:00", "08:00-08:00"),
        ("{ failed = [\"550\"] }", "\"bounced\""),
        ("period = \"day\"", "period = \"week\""),
        ("kind = \"white\"", "kind = \"grey\""),
        ("from_name = \"示范医院\"", "unsafe_accept_any_certificate = true"),
    ] {
        let more = MORE.replacen(from, to, 1);
        assert_ne!(more, MORE, "{from}");
        assert!(
            toml::from_str::<ApplyFile>(&(FILE.to_owned() + &more)).is_err(),
            "{to}"
        );
    }
}
