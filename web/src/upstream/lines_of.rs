use crate::http::MediaType;
use serde_json::value::RawValue;

/// The lines of a batch as they came, where `Lines` finds the same ones. Only called when some were refused: they are passed on alone.
/// Empty for a body that is no batch.
pub fn lines_of(media_type: MediaType, body: &[u8]) -> Vec<&[u8]> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    match media_type {
        MediaType::Json => {
            let lines: Vec<&RawValue> = serde_json::from_slice(body).unwrap_or_default();
            lines.into_iter().map(|line| line.get().as_bytes()).collect()
        }
        MediaType::NdJson => {
            let body = body.strip_suffix(b"\n").unwrap_or(body);
            body.split(|byte| *byte == b'\n').collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::send::Lines;

    #[test]
    fn they_are_those_that_are_read() {
        for (media_type, body) in [
            (MediaType::Json, r#"[{"to":"1"}, {"a":[1,"]"]} ,7]"#),
            (MediaType::Json, "\u{feff}[{}]"),
            (MediaType::Json, "[]"),
            (MediaType::NdJson, "{\"to\":\"1\"}\n\n{\"to\":\n{}"),
            (MediaType::NdJson, "{}\n"),
            (MediaType::NdJson, "\n"),
        ] {
            let read = Lines::new(media_type, body.as_bytes()).count();
            assert_eq!(lines_of(media_type, body.as_bytes()).len(), read, "{body:?}");
        }
        let lines = lines_of(MediaType::Json, br#"[{"to":"1"}, {"a":[1,"]"]} ,7]"#);
        assert_eq!(lines, [&br#"{"to":"1"}"#[..], br#"{"a":[1,"]"]}"#, b"7"]);
    }
}
