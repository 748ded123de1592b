//! A file made from a snapshot, and one entry of it changed.

use super::object_tests::{LongSecrets, whole, whole_file};
use super::tests::NEXT;
use super::*;
use crate::catalog::Snapshot;
use crate::ids::ConnectionId;
use proptest::prelude::*;
use serde_json::{Value, json};

fn again(file: &ApplyFile, snapshot: &Snapshot) -> Result<Applied, Vec<ApplyError>> {
    resolve(file, snapshot, NEXT, &LongSecrets::default())
}

/// Every entry of the file, in the order of the sections.
fn all_entries(file: &ApplyFile) -> Vec<(Section, String)> {
    let of = |section: Section| {
        let value = serde_json::to_value(file).unwrap();
        let entries = value[section.word()].as_array().unwrap().clone();
        entries.into_iter().map(move |entry| {
            let name = entry["name"].as_str().unwrap();
            let name = match section {
                Section::Template | Section::Strategy => {
                    format!("{}/{name}", entry["organisation"].as_str().unwrap())
                }
                _ => name.to_owned(),
            };
            (section, name)
        })
    };
    Section::ALL.into_iter().flat_map(of).collect()
}

#[test]
fn a_file_of_a_snapshot_changes_nothing() {
    let snapshot = whole();
    let made = ApplyFile::of(&snapshot);
    let json: ApplyFile = serde_json::from_str(&serde_json::to_string(&made).unwrap()).unwrap();
    let toml: ApplyFile = toml::from_str(&toml::to_string(&made).unwrap()).unwrap();
    for file in [made, json, toml] {
        let applied = again(&file, &snapshot).unwrap();
        assert_eq!(applied.changes, []);
        assert_eq!(applied.snapshot, snapshot);
        assert_eq!(applied.new_keys, []);
    }
}

#[test]
fn no_secret_is_written_out() {
    let written = serde_json::to_string(&ApplyFile::of(&whole())).unwrap()
        + &serde_json::to_string(&whole_file()).unwrap();
    for secret in ["888888", "0123456789abcdef", "password\"}"] {
        assert!(!written.contains(secret), "{secret}");
    }
}

#[test]
fn every_entry_can_be_read_and_put_back() {
    let snapshot = whole();
    let mut file = ApplyFile::of(&snapshot);
    let entries = all_entries(&file);
    assert_eq!(entries.len(), 24);
    for (section, name) in entries {
        let entry = serde_json::to_value(file.entry(section, &name).unwrap()).unwrap();
        assert_eq!(
            file.upsert(section, &name, entry),
            Ok(Upserted::Replaced),
            "{section} {name}"
        );
    }
    assert_eq!(file, ApplyFile::of(&snapshot));
}

#[test]
fn one_entry_is_changed_and_one_added() {
    let snapshot = whole();
    let mut file = ApplyFile::of(&snapshot);
    let mut relay = serde_json::to_value(file.entry(Section::Connection, "relay").unwrap()).unwrap();
    relay["rate_per_second"] = json!(7);
    file.upsert(Section::Connection, "relay", &relay).unwrap();
    let second = json!({
        "name": "relay-2", "protocol": "smtp", "host": "mail2.hospital.example",
        "mail": { "from": "notice@hospital.example" },
    });
    assert_eq!(
        file.upsert(Section::Connection, "relay-2", second),
        Ok(Upserted::Added)
    );
    let applied = again(&file, &snapshot).unwrap();
    let said: Vec<String> = applied.changes.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "~ connection `relay`: rate_per_second 100 → 7",
            "+ connection `relay-2`"
        ]
    );
    // The stored password stayed.
    let relay = &applied.snapshot.connections[&ConnectionId(3)];
    assert_eq!((relay.rate_per_second, relay.password.reveal()), (7, "888888"));
}

#[test]
fn entries_that_are_none_change_nothing() {
    let mut file = ApplyFile::of(&whole());
    let before = file.clone();
    let cases: [(Section, &str, Value, &str); 5] = [
        (
            Section::Organisation,
            "a",
            json!({ "name": "b" }),
            "the entry is named `b`, not `a`",
        ),
        (
            Section::Organisation,
            "a",
            json!({ "name": "a", "wieght": 1 }),
            "the entry cannot be read as organisation: unknown field `wieght`, expected one of `name`, `weight`, `quiet_hours`",
        ),
        (
            Section::Template,
            "report",
            json!({ "name": "report", "organisation": "示范医院", "text": "x", "business_type": "notice" }),
            "the entry is named `示范医院/report`, not `report`",
        ),
        (
            Section::NumberList,
            "a",
            json!([]),
            "the entry cannot be read as number_list: invalid length 0",
        ),
        (
            Section::RouteGroup,
            "a",
            json!("a"),
            "the entry cannot be read as route_group: invalid type",
        ),
    ];
    for (section, name, entry, said) in cases {
        let error = file.upsert(section, name, entry).unwrap_err().to_string();
        assert!(error.starts_with(said), "{error}");
    }
    assert_eq!(file, before);
}

#[test]
fn what_others_refer_to_stays_and_they_are_named() {
    let mut file = ApplyFile::of(&whole());
    let cases = [
        (
            Section::Organisation,
            "示范医院",
            "account `his`, account `lis`, template `示范医院/visit`, template `示范医院/report`, \
             strategy `示范医院/sms then mail` and 1 more",
        ),
        (
            Section::BusinessType,
            "notice",
            "account `his`, account `lis`, template `示范医院/visit`, template `示范医院/report`",
        ),
        (Section::BusinessType, "code", "route_rule `codes`"),
        (Section::Connection, "relay", "route_group `mail`, account `lis`"),
        (Section::RouteGroup, "mail", "route_rule `mails`"),
        (
            Section::Account,
            "his",
            "word_list `his only`, number_list `on call`",
        ),
        (
            Section::Template,
            "示范医院/report",
            "strategy `示范医院/sms then mail`",
        ),
    ];
    for (section, name, users) in cases {
        let error = file.remove(section, name).unwrap_err().to_string();
        assert_eq!(error, format!("the {section} `{name}` is still used by {users}"));
    }
    let error = file.remove(Section::Connection, "nothing").unwrap_err();
    assert_eq!(error.to_string(), "there is no connection `nothing`");
}

#[test]
fn names_that_look_alike_are_not_guessed() {
    let mut file = ApplyFile::default();
    for (organisation, name) in [("a/b", "c"), ("a", "b/c")] {
        file.template.push(TemplateEntry {
            name: name.into(),
            organisation: organisation.into(),
            text: "x".into(),
            business_type: "notice".into(),
            subject: None,
            html: None,
        });
    }
    let error = file.remove(Section::Template, "a/b/c").unwrap_err();
    assert_eq!(
        error,
        EditError::Ambiguous {
            section: Section::Template,
            name: "a/b/c".into()
        }
    );
}

#[test]
fn a_rule_is_moved_to_its_place() {
    let mut file = ApplyFile::of(&whole());
    let names = |file: &ApplyFile| -> Vec<String> {
        file.route_rule.iter().map(|rule| rule.name.to_string()).collect()
    };
    assert_eq!(names(&file), ["codes", "all", "mails"]);
    file.move_rule("mails", 0).unwrap();
    assert_eq!(names(&file), ["mails", "codes", "all"]);
    file.move_rule("codes", 99).unwrap();
    assert_eq!(names(&file), ["mails", "all", "codes"]);
    assert!(file.move_rule("none", 0).is_err());
}

proptest! {
    /// What may be removed leaves a file that is whole, whatever went before it.
    #[test]
    fn removing_leaves_no_loose_ends(order in proptest::collection::vec(any::<usize>(), 0..40)) {
        let snapshot = whole();
        let mut file = ApplyFile::of(&snapshot);
        let entries = all_entries(&file);
        for index in order {
            let (section, name) = &entries[index % entries.len()];
            let before = file.clone();
            if file.remove(*section, name).is_err() {
                prop_assert_eq!(&file, &before);
            }
        }
        prop_assert!(again(&file, &snapshot).is_ok());
    }
}
