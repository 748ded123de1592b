use super::attachments;
use super::html_text::visible_text;
use super::step::{Body, Step};
use super::text::{check_body, check_characters};
use super::{Variables, render_refusal};
use crate::catalog::CompiledTemplate;
use crate::content::MailContent;
use crate::frame;
use crate::refusal::{Refusal, RefusalCode};
use compact_str::CompactString;

/// The longest subject, in characters.
pub const SUBJECT_CHARACTERS_MAX: usize = 200;
/// What the mails of one message may hold together, in bytes: a message has room in one frame beside what waits there.
pub const CONTENT_BYTES_MAX: usize = frame::PAYLOAD_BYTES_MAX / 2 - ROOM_BYTES;
/// For everything about a message that is not its content.
const ROOM_BYTES: usize = 16 * 1024;

/// Bytes of a text made from HTML; the rest is cut, since whoever reads it has the whole in HTML.
const MADE_TEXT_BYTES_MAX: usize = 32 * 1024;

/// The mail of one step.
pub(super) fn compose(
    step: &Step<'_>,
    address: CompactString,
    variables: &dyn Variables,
) -> Result<MailContent, Refusal> {
    attachments::check(step.attachments.0, step.attachments.1)?;
    let subject = subject(step, variables)?;
    let (text, html) = match step.body {
        Body::Free { text, html } => free(text, html, step)?,
        Body::Template(template) => rendered(template, variables, step)?,
    };
    Ok(MailContent {
        address,
        subject,
        text,
        html,
        template: step.template().map(|template| template.id),
        attachments: step.attachments.0.to_vec(),
    })
}

/// Bytes that it takes in a frame, as good as.
pub(super) fn bytes(content: &MailContent) -> usize {
    let html = content.html.as_deref().map_or(0, str::len);
    content.subject.len() + content.text.len() + html
}

fn subject(step: &Step<'_>, variables: &dyn Variables) -> Result<Box<str>, Refusal> {
    let refuse = |code, detail| Err(Refusal::new(code, step.subject_field(), detail));
    let too_long = || {
        let detail = format!("a subject has at most {SUBJECT_CHARACTERS_MAX} characters");
        refuse(RefusalCode::SubjectInvalid, detail)
    };
    let subject = match (step.template_subject(), step.subject) {
        (Some(template), _) => template
            .render_line(|name| variables.value(name))
            .map_err(render_refusal)?,
        // Longer ones never fit; they are not copied.
        (None, Some((given, _))) if given.len() > SUBJECT_CHARACTERS_MAX * char::MAX.len_utf8() => {
            return too_long();
        }
        (None, Some((given, _))) => given.to_owned(),
        (None, None) => return refuse(RefusalCode::SubjectMissing, "a mail needs a subject".to_owned()),
    };
    if subject.trim().is_empty() {
        return refuse(RefusalCode::SubjectMissing, "the subject is empty".to_owned());
    }
    if subject.contains(char::is_control) {
        let detail = "a subject has one line and no control characters".to_owned();
        return refuse(RefusalCode::SubjectInvalid, detail);
    }
    if subject.chars().nth(SUBJECT_CHARACTERS_MAX).is_some() {
        return too_long();
    }
    Ok(subject.into_boxed_str())
}

type TextAndHtml = (Box<str>, Option<Box<str>>);

fn free(text: Option<&str>, html: Option<&str>, step: &Step<'_>) -> Result<TextAndHtml, Refusal> {
    if let Some(text) = text {
        check_length(text, || step.text_field())?;
        check_body(text, || step.text_field())?;
    }
    if let Some(html) = html {
        check_length(html, || step.html_field())?;
        check_characters(html, || step.html_field())?;
    }
    let text = match (text, html) {
        (Some(text), _) => text.into(),
        (None, Some(html)) => made_text(html, step)?,
        (None, None) => {
            return Err(Refusal::new(
                RefusalCode::TextEmpty,
                step.place.field("text"),
                "the text is empty",
            ));
        }
    };
    Ok((text, html.map(Into::into)))
}

/// Longer ones never fit; they are neither looked at nor copied.
fn check_length(text: &str, field: impl FnOnce() -> CompactString) -> Result<(), Refusal> {
    if text.len() > CONTENT_BYTES_MAX {
        Err(too_long(field()))
    } else {
        Ok(())
    }
}

fn made_text(html: &str, step: &Step<'_>) -> Result<Box<str>, Refusal> {
    let mut text = visible_text(html);
    if text.is_empty() {
        let detail = "the HTML shows no text; give a text beside it";
        return Err(Refusal::new(RefusalCode::TextEmpty, step.html_field(), detail));
    }
    if text.len() > MADE_TEXT_BYTES_MAX {
        text.truncate(text.floor_char_boundary(MADE_TEXT_BYTES_MAX));
        text.push('…');
    }
    Ok(text.into_boxed_str())
}

fn rendered(
    template: &CompiledTemplate,
    variables: &dyn Variables,
    step: &Step<'_>,
) -> Result<TextAndHtml, Refusal> {
    let value = |name: &str| variables.value(name);
    let text = template.template.render(value).map_err(render_refusal)?;
    check_body(&text, || step.text_field())?;
    let html = template.html.as_ref().map(|html| html.render_html(value));
    let html = html.transpose().map_err(render_refusal)?;
    Ok((text.into(), html.map(String::into_boxed_str)))
}

/// The mails of a message hold more than fits.
pub(super) fn too_long(field: impl Into<CompactString>) -> Refusal {
    let detail = format!(
        "the mails of one message have at most {} KiB together",
        CONTENT_BYTES_MAX / 1024
    );
    Refusal::new(RefusalCode::TextTooLong, field, detail)
}
