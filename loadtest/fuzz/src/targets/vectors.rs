use serde_json::Value;

/// The PDUs of the protocols' test vectors, with their length fields.
pub fn pdus(is_wanted: fn(&str) -> bool) -> Vec<Vec<u8>> {
    const VECTORS: &str = include_str!("../../../../protocols/tests/vectors.json");
    let vectors: Vec<Value> = serde_json::from_str(VECTORS).expect("a list of vectors");
    vectors
        .iter()
        .filter(|vector| vector["protocol"].as_str().is_some_and(is_wanted))
        .filter_map(|vector| vector["hex"].as_str().map(of_hex))
        .collect()
}

fn of_hex(digits: &str) -> Vec<u8> {
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| {
            let pair = std::str::from_utf8(pair).expect("ASCII");
            u8::from_str_radix(pair, 16).expect("hexadecimal digits")
        })
        .collect()
}
