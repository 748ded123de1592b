use super::*;
use crate::catalog::{NextIds, Secret, Snapshot};
use crate::ids::{AccountId, ConnectionId};
use proptest::prelude::*;
use std::cell::Cell;
use std::collections::BTreeMap;

pub(super) const FILE: &str = r#"
[[organisation]]
name = "示范医院"
weight = 2

[[business_type]]
name = "notice"

[[business_type]]
name = "code"
priority = "high"
uncertain = "resend_once"

[[connection]]
name = "cmpp-main"
protocol = "cmpp2.0"
host = "127.0.0.1"
login = "900001"
password = { env = "CMPP_SECRET" }
source_number = "10690001"

[[connection]]
name = "smpp-backup"
protocol = "smpp3.4"
host = "127.0.0.1"
login = "carillon"
password = { file = "/run/secrets/smpp" }
source_number = "10690002"

[[route_group]]
name = "sms"
members = ["cmpp-main", { connection = "smpp-backup", weight = 3 }]

[[route_rule]]
name = "codes"
business_types = ["code"]
group = "sms"

[[route_rule]]
name = "all"
group = "sms"

[[account]]
name = "his"
organisation = "示范医院"
modules = { send = true, feeds = true }
connections = ["cmpp-main", "smpp-backup"]
extension = "01"
signature = "示范医院"
business_type = "notice"

[[template]]
name = "visit"
organisation = "示范医院"
text = "{name}，您预约的{date:date}门诊已确认。"
business_type = "notice"
"#;

/// Secrets from a table, keys that count up, and a hash that needs no library.
#[derive(Default)]
pub(super) struct Fixture {
    missing: Vec<&'static str>,
    keys: Cell<u32>,
}

impl Environment for Fixture {
    fn variable(&self, name: &str) -> Result<String, String> {
        if self.missing.contains(&name) {
            Err("is not set".to_owned())
        } else {
            Ok("888888".to_owned())
        }
    }

    fn file(&self, path: &str) -> Result<String, String> {
        match path {
            "words.txt" => Ok("\u{feff}# 敏感词\r\n赌博\r\n\r\n  free cash\n赌博\n".to_owned()),
            "numbers.txt" => Ok("# refused\n+86 138 0000 0002\nOne@Home.example\n13800000001\n".to_owned()),
            "broken.txt" => Ok("13800000001\n\n1380000000x\n@home.example\n".to_owned()),
            "absent.txt" => Err("does not exist".to_owned()),
            _ => Ok("password\n".to_owned()),
        }
    }

    fn sha256(&self, text: &str) -> [u8; 32] {
        let mut hash = [0; 32];
        for (place, byte) in text.bytes().enumerate() {
            hash[place % 32] ^= byte.rotate_left(place as u32 / 32);
        }
        hash
    }

    fn new_api_key(&self) -> Secret {
        self.keys.set(self.keys.get() + 1);
        Secret::new(format!("generated-key-{:04}", self.keys.get()))
    }
}

pub(super) fn file(text: &str) -> ApplyFile {
    toml::from_str(text).unwrap()
}

fn first() -> Applied {
    resolve(
        &file(FILE),
        &Snapshot::default(),
        NextIds::default(),
        &Fixture::default(),
    )
    .unwrap()
}

pub(super) const NEXT: NextIds = NextIds {
    organisation: 100,
    account: 100,
    connection: 100,
    route_group: 100,
    business_type: 100,
    template: 100,
    strategy: 100,
    word_list: 100,
    number_list: 100,
};

fn again(text: &str, current: &Snapshot) -> Applied {
    resolve(&file(text), current, NEXT, &Fixture::default()).unwrap()
}

fn errors(text: &str) -> Vec<String> {
    let applied = resolve(&file(text), &first().snapshot, NEXT, &Fixture::default());
    applied.unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn a_new_installation_gets_everything_and_one_key() {
    let applied = first();
    assert_eq!(applied.changes.len(), 10);
    assert!(applied.changes.iter().all(|change| change.what == What::Added));
    let account = &applied.snapshot.accounts[&AccountId(1)];
    assert_eq!(account.connections, [ConnectionId(1), ConnectionId(2)]);
    let [key] = &applied.new_keys[..] else {
        panic!("one key: {:?}", applied.new_keys)
    };
    assert_eq!(key.account, "his");
    assert_eq!(
        Fixture::default().sha256(key.key.reveal()),
        account.api_key_sha256
    );
    let connection = &applied.snapshot.connections[&ConnectionId(2)];
    assert_eq!(
        (connection.port, connection.password.reveal()),
        (2775, "password")
    );
}

#[test]
fn the_same_file_again_changes_nothing() {
    let applied = first();
    let second = again(FILE, &applied.snapshot);
    assert_eq!(
        second,
        Applied {
            snapshot: applied.snapshot,
            changes: vec![],
            new_keys: vec![]
        }
    );
}

#[test]
fn every_difference_is_said_in_a_line() {
    let cases: &[(&str, &str, &[&str])] = &[
        (
            "weight = 2",
            "weight = 3",
            &["~ organisation `示范医院`: weight 2 → 3"],
        ),
        ("CMPP_SECRET\" }", "X\" }", &[]),
        (
            "{ env = \"CMPP_SECRET\" }",
            "\"other\"",
            &["~ connection `cmpp-main`: password changed"],
        ),
        (
            "extension = \"01\"",
            "api_key = \"0123456789abcdef\"",
            &[
                "~ account `his`: extension 01 → (none)",
                "~ account `his`: api_key changed",
            ],
        ),
        (
            "\"cmpp-main\", {",
            "{",
            &["~ route_group `sms`: members cmpp-main × 1, smpp-backup × 3 → smpp-backup × 3"],
        ),
        (
            "name = \"codes\"",
            "name = \"otp\"",
            &["+ route_rule `otp`", "- route_rule `codes`"],
        ),
        (
            "name = \"visit\"",
            "name = \"next\"",
            &["+ template `示范医院/next`", "- template `示范医院/visit`"],
        ),
        ("port", "port", &[]),
    ];
    for (from, to, lines) in cases {
        let changes = again(&FILE.replacen(from, to, 1), &first().snapshot).changes;
        let said: Vec<String> = changes.iter().map(ToString::to_string).collect();
        assert_eq!(&said, lines, "{from} → {to}");
    }
}

#[test]
fn what_the_file_does_not_name_is_removed() {
    let applied = again("", &first().snapshot);
    assert_eq!(
        applied.snapshot,
        Snapshot {
            version: 0,
            ..Snapshot::default()
        }
    );
    assert_eq!(applied.changes.len(), 10);
    assert!(applied.changes.iter().all(|change| change.what == What::Removed));
}

#[test]
fn rules_in_another_order_are_a_change() {
    let mut turned = file(FILE);
    turned.route_rule.reverse();
    let applied = resolve(&turned, &first().snapshot, NEXT, &Fixture::default()).unwrap();
    let said: Vec<String> = applied.changes.iter().map(ToString::to_string).collect();
    assert_eq!(said, ["~ route_rule `all`: order codes, all → all, codes"]);
}

#[test]
fn an_id_goes_with_the_name_and_is_not_given_out_again() {
    let renamed = again(&FILE.replace("cmpp-main", "cmpp-new"), &first().snapshot).snapshot;
    let names: BTreeMap<_, _> = renamed
        .connections
        .values()
        .map(|connection| (connection.id.0, connection.name.as_str()))
        .collect();
    assert_eq!(names, BTreeMap::from([(2, "smpp-backup"), (100, "cmpp-new")]));
}

#[test]
fn each_mistake_is_named_with_its_place_and_what_to_do() {
    let cases: &[(&str, &str, &str)] = &[
        (
            "weight = 2",
            "weight = 0",
            "organisation `示范医院`, weight: is 0, outside 1…1000; choose a value inside",
        ),
        (
            "\"900001\"",
            "\"9000011\"",
            "connection `cmpp-main`, login: has 7 characters, more than 6; shorten it",
        ),
        (
            "\"carillon\"",
            "\"carillon-carillon\"",
            "connection `smpp-backup`, login: has 17 characters, more than 15; shorten it",
        ),
        (
            "{ file = \"/run/secrets/smpp\" }",
            "\"123456789\"",
            "connection `smpp-backup`, password: has 9 characters, more than 8; shorten it",
        ),
        (
            "\"10690001\"",
            "\"1069-0001\"",
            "connection `cmpp-main`, source_number: holds '-', and only the digits 0 to 9 are allowed; remove the character",
        ),
        (
            "extension = \"01\"",
            "extension = \"01234567890123\"",
            "account `his`, extension: makes numbers of 22 digits on the connection `cmpp-main`, more than 21; \
             shorten the extension, or do not grant the connection",
        ),
        (
            "members = [\"cmpp-main\", { connection = \"smpp-backup\", weight = 3 }]",
            "members = []",
            "route_group `sms`, members: is empty; give it a value",
        ),
        (
            "members = [\"cmpp-main\"",
            "members = [\"cmpp\"",
            "route_group `sms`, members: names the connection `cmpp`, which the file does not have; add it, or correct the name",
        ),
        (
            "members = [\"cmpp-main\"",
            "members = [\"smpp-backup\"",
            "route_group `sms`, members: is given more than once: `smpp-backup`; keep one of them, or give the others names of their own",
        ),
        (
            "[[business_type]]\nname = \"code\"",
            "[[business_type]]\nname = \"notice\"",
            "business_type `notice`, name: is given more than once: `notice`; keep one of them, or give the others names of their own",
        ),
        (
            "signature = \"示范医院\"\nbusiness_type = \"notice\"",
            "business_type = \"news\"",
            "account `his`, business_type: names the business_type `news`, which the file does not have; add it, or correct the name",
        ),
        (
            "extension = \"01\"",
            "api_key = \"short\"",
            "account `his`, api_key: has 5 characters, less than 16; take a longer one",
        ),
        (
            "name = \"all\"",
            "name = \" all\"",
            "route_rule ` all`, name: begins or ends with white space; remove the white space",
        ),
        (
            "text = \"{name}，您预约的{date:date}门诊已确认。\"",
            "text = \"{name\"",
            "template `示范医院/visit`, text: is not a template: a variable is opened and not closed",
        ),
    ];
    for (from, to, line) in cases {
        let text = FILE.replacen(from, to, 1);
        assert_ne!(text, FILE, "{from}");
        let said = errors(&text);
        assert!(
            said.iter().any(|error| error.starts_with(line)),
            "{from} → {to}: {said:#?}"
        );
    }
}

#[test]
fn all_mistakes_are_reported_together() {
    let said = errors(
        &FILE
            .replace("weight = 2", "weight = 0")
            .replace("group = \"sms\"", "group = \"mms\""),
    );
    assert_eq!(said.len(), 3, "{said:#?}");
}

#[test]
fn a_secret_that_cannot_be_read_is_named_by_its_source() {
    let fixture = Fixture {
        missing: vec!["CMPP_SECRET"],
        ..Fixture::default()
    };
    let found = resolve(&file(FILE), &Snapshot::default(), NextIds::default(), &fixture).unwrap_err();
    let line = "connection `cmpp-main`, password: cannot be read from environment variable `CMPP_SECRET`: is not set; \
                provide it, or name another source";
    assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), [line]);
}

#[test]
fn accounts_share_neither_key_nor_extension_nor_move() {
    let second = "[[account]]\nname = \"lis\"\norganisation = \"示范医院\"\nconnections = [\"cmpp-main\"]\n\
                  extension = \"01\"\nbusiness_type = \"notice\"\napi_key = \"0123456789abcdef\"\n";
    let both = FILE.replace(
        "extension = \"01\"",
        "extension = \"01\"\napi_key = \"0123456789abcdef\"",
    ) + second;
    let said = errors(&both);
    assert!(
        said.iter()
            .any(|line| line.starts_with("account `lis`, extension: is also the extension of")),
        "{said:?}"
    );
    assert!(
        said.iter()
            .any(|line| line.starts_with("account `lis`, api_key: is also the key of")),
        "{said:?}"
    );

    let moved = FILE.replace(
        "organisation = \"示范医院\"\nmodules",
        "organisation = \"other\"\nmodules",
    ) + "[[organisation]]\nname = \"other\"\n";
    let said = errors(&moved);
    assert!(
        said[0].starts_with("account `his`, organisation: was `示范医院` before"),
        "{said:?}"
    );
}

#[test]
fn what_an_account_is_granted_is_on_its_lane() {
    let on = |lane| {
        FILE.replace(
            "login = \"900001\"",
            &format!("login = \"900001\"\nlane = {lane}"),
        )
    };
    assert_eq!(again(&on(0), &first().snapshot).changes.len(), 1);
    let said = errors(&on(1));
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].starts_with("account `his`, connections: grants the connection `cmpp-main` of lane 1, and"),
        "{said:?}"
    );
    let moved = FILE.replace("weight = 2", "weight = 2\nlane = 1");
    let said = errors(&moved);
    assert!(
        said[0].starts_with("organisation `示范医院`, lane: was 0 before"),
        "{said:?}"
    );
    let said = errors(&FILE.replace("weight = 2", "weight = 2\nlane = 1024"));
    assert!(said[0].contains("is 1024, outside 0…1023"), "{said:?}");
}

#[test]
fn ids_run_out_with_an_error() {
    let next = NextIds {
        connection: u16::MAX - 1,
        ..NextIds::default()
    };
    let found = resolve(&file(FILE), &Snapshot::default(), next, &Fixture::default()).unwrap_err();
    let exhausted: Vec<_> = found
        .iter()
        .filter(|error| error.problem == Problem::Exhausted)
        .collect();
    assert_eq!(exhausted.len(), 1, "{found:?}");
}

#[test]
fn secrets_appear_in_no_text() {
    let text = FILE.replace("{ env = \"CMPP_SECRET\" }", "\"very-secret-text\"");
    let parsed = file(&text);
    let applied = again(&text, &first().snapshot);
    let shown = format!("{parsed:?} {applied:?} {:?}", applied.changes);
    assert!(!shown.contains("very-secret-text") && !shown.contains("generated-key"));
}

#[test]
fn foreign_fields_and_shapes_are_refused() {
    for text in [
        "[[organisation]]\nname = \"a\"\nwieght = 1",
        "[[organization]]\nname = \"a\"",
        "[[route_group]]\nname = \"a\"\nmembers = [1]",
        "[[account]]\nname = \"a\"\norganisation = \"b\"\nbusiness_type = \"c\"\napi_key = { env = \"A\", file = \"B\" }",
        "[[account]]\nname = \"a\"\norganisation = \"b\"\nbusiness_type = \"c\"\napi_key = {}",
    ] {
        assert!(toml::from_str::<ApplyFile>(text).is_err(), "{text}");
    }
}

proptest! {
    /// Whatever the names are: an accepted file gives no changes the second time, and no file panics.
    #[test]
    fn applying_twice_changes_nothing(
        organisations in proptest::collection::vec(("\\PC{1,12}", 0u16..4), 0..6),
        accounts in proptest::collection::vec(("\\PC{0,12}", 0usize..6, "[0-9a]{0,3}"), 0..8),
    ) {
        let mut parsed = file(FILE);
        for (name, weight) in &organisations {
            parsed.organisation.push(OrganisationEntry { name: name.into(), weight: *weight, quiet_hours: None, lane: 0 });
        }
        for (name, place, extension) in accounts {
            let organisation = parsed.organisation[place % parsed.organisation.len()].name.clone();
            let template = parsed.account[0].clone();
            parsed.account.push(AccountEntry { name: name.into(), organisation, extension: extension.into(), ..template });
        }
        let fixture = Fixture::default();
        let Ok(applied) = resolve(&parsed, &Snapshot::default(), NextIds::default(), &fixture) else { return Ok(()) };
        let second = resolve(&parsed, &applied.snapshot, NEXT, &fixture).unwrap();
        prop_assert_eq!(&second.changes, &[]);
        prop_assert_eq!(second.snapshot, applied.snapshot);
    }
}
