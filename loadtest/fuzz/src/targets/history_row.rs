use crate::input::Input;
use crate::{Memory, Target};
use carillon_domain::ids::MessageId;
use carillon_storage::conformance::Random;
use carillon_storage::conformance::history::{journey, phone};
use carillon_storage::history::stored::Row;

/// A row of the history: the codes in its columns and the journey in its body.
pub static HISTORY_ROW: Target = Target {
    name: "history_row",
    run,
    seeds,
    words: &["\u{3}", "\0", "\u{8}"],
    memory: Memory {
        fixed_bytes: 4 << 20,
        per_input_byte: 1_024,
    },
    input_bytes_max: 8 * 1024,
};

/// Number, state and campaign, then the body.
fn run(input: &[u8]) {
    let mut input = Input::new(input);
    let phone: [u8; 8] = std::array::from_fn(|_| input.byte());
    let row = Row {
        id: 1 << 40,
        phone: u64::from_be_bytes(phone),
        tenant: 1,
        account: 2,
        state: input.byte(),
        final_at: Some(7),
        campaign: (input.byte().is_multiple_of(2)).then_some(3),
        line: Some(4),
        mail: None,
        body: input.rest().to_vec(),
    };
    let Ok(journey) = row.decode() else {
        return;
    };
    assert_eq!(
        (journey.message, journey.to.is_some()),
        (MessageId(row.id), row.phone != 0)
    );
    let again = Row {
        body: Row::body_of(&journey).expect("what was read can be written"),
        ..row
    };
    assert_eq!(again.decode(), Ok(journey));
}

fn seeds() -> Vec<Vec<u8>> {
    let mut random = Random::new(1);
    let mut of = |number: u64| {
        let journey = journey(number << 30, phone(number), 1, &mut random);
        let body = Row::body_of(&journey).expect("a sound journey");
        let phone = phone(number).as_u64().to_be_bytes();
        [&phone[..], &[2, 0], &body].concat()
    };
    (1..9).map(&mut of).collect()
}
