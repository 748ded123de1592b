use super::html_text::visible_text;
use super::step::Step;
use crate::catalog::{Account, Compiled};
use crate::content::MailContent;
use crate::refusal::{Refusal, RefusalCode};
use compact_str::CompactString;

/// Looks for sensitive words in everything that a person reads (SAFE-1).
#[derive(Clone, Copy)]
pub(super) struct WordCheck<'c> {
    pub catalog: &'c Compiled,
    pub account: &'c Account,
}

impl WordCheck<'_> {
    /// Refuses a text that holds a word. The text is not repeated, nor is the word (PII-1).
    pub fn text(self, text: &str, field: impl FnOnce() -> CompactString) -> Result<(), Refusal> {
        let Some(hit) = self.catalog.forbidden_word(self.account, text) else {
            return Ok(());
        };
        let detail = format!(
            "at character {} of what would be sent begins a word of the list `{}`",
            hit.position, hit.list
        );
        Err(Refusal::new(RefusalCode::ForbiddenWord, field(), detail))
    }

    pub fn mail(self, mail: &MailContent, step: &Step<'_>) -> Result<(), Refusal> {
        self.text(&mail.subject, || step.subject_field())?;
        self.text(&mail.text, || step.text_field())?;
        if let Some(html) = &mail.html {
            self.text(&visible_text(html), || step.html_field())?;
        }
        for (index, attachment) in mail.attachments.iter().enumerate() {
            let part = || format!("attachments[{index}].name");
            self.text(&attachment.name, || step.attachments.1.field(&part()))?;
        }
        Ok(())
    }
}
