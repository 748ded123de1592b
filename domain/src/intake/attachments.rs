use super::place::Place;
use crate::content::Attachment;
use crate::refusal::{Refusal, RefusalCode};

/// Files that one mail may carry.
pub const ATTACHMENTS_MAX: usize = 10;
/// Bytes of all files of one mail together.
pub const ATTACHMENT_BYTES_MAX: u64 = 15 << 20;
/// The longest name of a file, in bytes.
pub const ATTACHMENT_NAME_BYTES_MAX: usize = 255;
const MEDIA_TYPE_BYTES_MAX: usize = 127;

/// Checks what goes into a mail's headers. That the files are stored, and their size, is for whoever has the store.
pub(super) fn check(attachments: &[Attachment], place: Place) -> Result<(), Refusal> {
    let invalid = |part: &str, detail: String| {
        Err(Refusal::new(
            RefusalCode::AttachmentInvalid,
            place.field(part),
            detail,
        ))
    };
    if attachments.len() > ATTACHMENTS_MAX {
        return invalid(
            "attachments",
            format!("a mail has at most {ATTACHMENTS_MAX} attachments"),
        );
    }
    for (index, attachment) in attachments.iter().enumerate() {
        if !is_file_name(&attachment.name) {
            let detail = format!(
                "a name has 1 to {ATTACHMENT_NAME_BYTES_MAX} bytes, no slashes and no control characters"
            );
            return invalid(&format!("attachments[{index}].name"), detail);
        }
        if !is_media_type(&attachment.media_type) {
            let detail = "a media type is written like `application/pdf`".to_owned();
            return invalid(&format!("attachments[{index}].media_type"), detail);
        }
    }
    Ok(())
}

fn is_file_name(name: &str) -> bool {
    (1..=ATTACHMENT_NAME_BYTES_MAX).contains(&name.len())
        && name.trim() == name
        && !name.contains(|character: char| character.is_control() || matches!(character, '/' | '\\'))
        && !matches!(name, "." | "..")
}

/// `type/subtype` without parameters (RFC 6838 §4.2). No `multipart` and no `message`, which would not stay one file.
fn is_media_type(text: &str) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_alphanumeric())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    text.len() <= MEDIA_TYPE_BYTES_MAX
        && text.split_once('/').is_some_and(|(kind, subtype)| {
            is_name(kind)
                && is_name(subtype)
                && !kind.eq_ignore_ascii_case("multipart")
                && !kind.eq_ignore_ascii_case("message")
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::FileHash;

    fn attachment(name: &str, media_type: &str) -> Attachment {
        Attachment {
            name: name.into(),
            media_type: media_type.into(),
            file: FileHash([1; 32]),
        }
    }

    #[test]
    fn names_and_types() {
        let long = "n".repeat(256);
        let pdf = "application/pdf";
        for (name, media_type, field) in [
            ("报告 1.pdf", pdf, None),
            (&long[1..], "application/vnd.ms-excel", None),
            ("a", "image/svg+xml", None),
            ("", pdf, Some("name")),
            (&long, pdf, Some("name")),
            ("../../etc/passwd", pdf, Some("name")),
            ("a\\b", pdf, Some("name")),
            ("..", pdf, Some("name")),
            (" a", pdf, Some("name")),
            ("a\r\nBcc: x@y", pdf, Some("name")),
            ("a", "", Some("media_type")),
            ("a", "pdf", Some("media_type")),
            ("a", "application/pdf; name=x", Some("media_type")),
            ("a", "application/pdf\r\nX: y", Some("media_type")),
            ("a", "a/b/c", Some("media_type")),
            ("a", "multipart/mixed", Some("media_type")),
            ("a", "Message/rfc822", Some("media_type")),
        ] {
            let checked = check(
                &[attachment("a", pdf), attachment(name, media_type)],
                Place::Message,
            );
            let found = checked.err().map(|refusal| (refusal.code, refusal.field));
            let expected = field.map(|part| {
                (
                    RefusalCode::AttachmentInvalid,
                    format!("attachments[1].{part}").into(),
                )
            });
            assert_eq!(found, expected, "{name:?} {media_type:?}");
        }
    }

    #[test]
    fn at_most_ten() {
        let many = vec![attachment("a", "text/plain"); ATTACHMENTS_MAX + 1];
        assert_eq!(check(&many[1..], Place::Message), Ok(()));
        let refusal = check(&many, Place::Step(2)).unwrap_err();
        assert_eq!(refusal.field, "plan[2].attachments");
    }
}
