mod mail;
mod message;
mod plan;
mod windows;

use super::{Draft, Prepared, Words, prepare};
use crate::catalog::{Compiled, fixture};
use crate::ids::AccountId;
use crate::number_range::NumberRanges;
use crate::refusal::{Refusal, RefusalCode};

const TO: &str = "138 0000 0009";
const MAIL: &str = "Zhang.San@Home.Example";

fn prepare_for(account: AccountId, draft: &Draft<'_>) -> Result<Prepared, Refusal> {
    prepare_with(&fixture::compiled(), account, draft)
}

fn prepare_with(catalog: &Compiled, account: AccountId, draft: &Draft<'_>) -> Result<Prepared, Refusal> {
    let account = catalog.account(account).unwrap();
    prepare(catalog, account, &NumberRanges::default(), draft)
}

fn said(text: Option<&str>) -> Words<'_> {
    Words {
        text,
        ..Words::default()
    }
}

fn named(template: &str) -> Words<'_> {
    Words {
        template: Some(template),
        ..Words::default()
    }
}

/// To an address alone.
fn of_mail<'a>(words: Words<'a>) -> Draft<'a> {
    Draft {
        to: None,
        mail: Some(MAIL),
        words,
        ..Draft::of_text("", "")
    }
}

/// Code and field.
fn refused(result: Result<Prepared, Refusal>) -> (RefusalCode, String) {
    let refusal = result.unwrap_err();
    (refusal.code, refusal.field.into())
}
