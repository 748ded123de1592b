//! Windows that are never open together (SEND-5).

use super::{TO, prepare_with};
use crate::catalog::fixture::{self, *};
use crate::catalog::{Compiled, Snapshot};
use crate::intake::Draft;
use crate::refusal::RefusalCode;
use std::sync::Arc;

fn catalog(sending_window: Option<&str>, quiet_hours: Option<&str>, ignored: bool) -> Compiled {
    let window = |text: Option<&str>| text.map(|text| text.parse().unwrap());
    let mut snapshot: Snapshot = fixture::snapshot();
    for kind in snapshot.business_types.values_mut() {
        kind.sending_window = window(sending_window);
        kind.ignore_quiet_hours = ignored;
    }
    snapshot.organisations.get_mut(&HOSPITAL).unwrap().quiet_hours = window(quiet_hours);
    Compiled::new(Arc::new(snapshot)).unwrap()
}

#[test]
fn a_message_that_could_never_be_written_is_refused() {
    let day = Some("08:00-20:00");
    for (sending, quiet, ignored, person, refused_at) in [
        (None, None, false, None, None),
        (day, Some("20:00-08:00"), false, None, None),
        (day, Some("07:00-21:00"), false, None, Some("")),
        (day, Some("07:00-21:00"), true, None, None),
        (day, None, false, Some("20:00-23:00"), Some("window")),
        (day, None, false, Some("19:59-23:00"), None),
        (
            None,
            Some("20:00-08:00"),
            false,
            Some("22:00-23:00"),
            Some("window"),
        ),
        (None, Some("20:00-08:00"), true, Some("22:00-23:00"), None),
    ] {
        let catalog = catalog(sending, quiet, ignored);
        let draft = Draft {
            window: person.map(|text| text.parse().unwrap()),
            ..Draft::of_text(TO, "您好")
        };
        let refused = prepare_with(&catalog, HIS, &draft).map(|_| ()).err();
        let refused = refused.map(|refusal| (refusal.code, refusal.field.to_string()));
        let expected = refused_at.map(|field| (RefusalCode::WindowsNeverOpen, field.to_owned()));
        assert_eq!(refused, expected, "{sending:?} {quiet:?} {ignored} {person:?}");
    }
}
