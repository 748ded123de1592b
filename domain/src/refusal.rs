//! Why a request, or a line of a batch, is not taken.

use crate::fact::RefusedLine;
use compact_str::CompactString;

/// A refusal: which field is at fault, and what to do about it. Repeats no number and no content (PII-1).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}, field `{field}`: {detail}", code = code.word())]
pub struct Refusal {
    pub code: RefusalCode,
    /// The request's field, e.g. `to` or `variables.name`; empty when no single one is at fault.
    pub field: CompactString,
    /// For people; the words may change, the code does not.
    pub detail: CompactString,
}

impl Refusal {
    pub fn new(code: RefusalCode, field: impl Into<CompactString>, detail: impl Into<CompactString>) -> Self {
        Refusal {
            code,
            field: field.into(),
            detail: detail.into(),
        }
    }

    /// As it is journalled for a zero-based line of a batch.
    pub fn into_line(self, line: u32) -> RefusedLine {
        RefusedLine {
            line,
            code: self.code.word().into(),
            field: self.field,
            detail: self.detail,
        }
    }
}

/// Codes are public: a word is never reused for something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalCode {
    AccountDisabled,
    ModuleNotGranted,
    InvalidPhone,
    TextEmpty,
    TextTooLong,
    TextInvalid,
    TextAndTemplate,
    UnknownTemplate,
    TemplateRequired,
    MissingVariable,
    InvalidVariable,
    SignatureInvalid,
    UnknownBusinessType,
    ReferenceTooLong,
    ReferenceInvalid,
    ValidityOutOfRange,
    /// The line says the same to the same number as an earlier line of its batch.
    DuplicateLine,
    NoRoute,
    QuotaExceeded,
    /// A step of the plan, or the message, has nobody to reach.
    RecipientMissing,
    InvalidMail,
    SubjectMissing,
    SubjectInvalid,
    AttachmentInvalid,
    /// The file is not stored.
    AttachmentUnknown,
    AttachmentsTooLarge,
    UnknownStrategy,
    PlanInvalid,
    PriorityTooHigh,
    SendAtOutOfRange,
    /// Sending window, quiet hours and the recipient's own window are never open together.
    WindowsNeverOpen,
    /// The person has got as many messages of the business type as a period allows (SEND-5).
    FrequencyCap,
    /// No more people can be counted in the periods that run; those of the next period can.
    CapsFull,
    Blacklisted,
    ForbiddenWord,
    /// The line of a recipients file has more or fewer cells than its header has names.
    WrongColumnCount,
    /// The line holds bytes that are no text in the file's encoding.
    LineNotText,
    LineTooLong,
    UnclosedQuote,
    /// An earlier line of the recipients file has the same recipient.
    DuplicateRecipient,
}

impl RefusalCode {
    pub const ALL: [RefusalCode; 40] = [
        RefusalCode::AccountDisabled,
        RefusalCode::ModuleNotGranted,
        RefusalCode::InvalidPhone,
        RefusalCode::TextEmpty,
        RefusalCode::TextTooLong,
        RefusalCode::TextInvalid,
        RefusalCode::TextAndTemplate,
        RefusalCode::UnknownTemplate,
        RefusalCode::TemplateRequired,
        RefusalCode::MissingVariable,
        RefusalCode::InvalidVariable,
        RefusalCode::SignatureInvalid,
        RefusalCode::UnknownBusinessType,
        RefusalCode::ReferenceTooLong,
        RefusalCode::ReferenceInvalid,
        RefusalCode::ValidityOutOfRange,
        RefusalCode::DuplicateLine,
        RefusalCode::NoRoute,
        RefusalCode::QuotaExceeded,
        RefusalCode::RecipientMissing,
        RefusalCode::InvalidMail,
        RefusalCode::SubjectMissing,
        RefusalCode::SubjectInvalid,
        RefusalCode::AttachmentInvalid,
        RefusalCode::AttachmentUnknown,
        RefusalCode::AttachmentsTooLarge,
        RefusalCode::UnknownStrategy,
        RefusalCode::PlanInvalid,
        RefusalCode::PriorityTooHigh,
        RefusalCode::SendAtOutOfRange,
        RefusalCode::WindowsNeverOpen,
        RefusalCode::FrequencyCap,
        RefusalCode::CapsFull,
        RefusalCode::Blacklisted,
        RefusalCode::ForbiddenWord,
        RefusalCode::WrongColumnCount,
        RefusalCode::LineNotText,
        RefusalCode::LineTooLong,
        RefusalCode::UnclosedQuote,
        RefusalCode::DuplicateRecipient,
    ];

    /// The word in answers, feeds and the interface's message files.
    pub fn word(self) -> &'static str {
        match self {
            RefusalCode::AccountDisabled => "account_disabled",
            RefusalCode::ModuleNotGranted => "module_not_granted",
            RefusalCode::InvalidPhone => "invalid_phone",
            RefusalCode::TextEmpty => "text_empty",
            RefusalCode::TextTooLong => "text_too_long",
            RefusalCode::TextInvalid => "text_invalid",
            RefusalCode::TextAndTemplate => "text_and_template",
            RefusalCode::UnknownTemplate => "unknown_template",
            RefusalCode::TemplateRequired => "template_required",
            RefusalCode::MissingVariable => "missing_variable",
            RefusalCode::InvalidVariable => "invalid_variable",
            RefusalCode::SignatureInvalid => "signature_invalid",
            RefusalCode::UnknownBusinessType => "unknown_business_type",
            RefusalCode::ReferenceTooLong => "reference_too_long",
            RefusalCode::ReferenceInvalid => "reference_invalid",
            RefusalCode::ValidityOutOfRange => "validity_out_of_range",
            RefusalCode::DuplicateLine => "duplicate_line",
            RefusalCode::NoRoute => "no_route",
            RefusalCode::QuotaExceeded => "quota_exceeded",
            RefusalCode::RecipientMissing => "recipient_missing",
            RefusalCode::InvalidMail => "invalid_mail",
            RefusalCode::SubjectMissing => "subject_missing",
            RefusalCode::SubjectInvalid => "subject_invalid",
            RefusalCode::AttachmentInvalid => "attachment_invalid",
            RefusalCode::AttachmentUnknown => "attachment_unknown",
            RefusalCode::AttachmentsTooLarge => "attachments_too_large",
            RefusalCode::UnknownStrategy => "unknown_strategy",
            RefusalCode::PlanInvalid => "plan_invalid",
            RefusalCode::PriorityTooHigh => "priority_too_high",
            RefusalCode::SendAtOutOfRange => "send_at_out_of_range",
            RefusalCode::WindowsNeverOpen => "windows_never_open",
            RefusalCode::FrequencyCap => "frequency_cap",
            RefusalCode::CapsFull => "caps_full",
            RefusalCode::Blacklisted => "blacklisted",
            RefusalCode::ForbiddenWord => "forbidden_word",
            RefusalCode::WrongColumnCount => "wrong_column_count",
            RefusalCode::LineNotText => "line_not_text",
            RefusalCode::LineTooLong => "line_too_long",
            RefusalCode::UnclosedQuote => "unclosed_quote",
            RefusalCode::DuplicateRecipient => "duplicate_recipient",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_code_has_a_word_of_its_own() {
        for code in RefusalCode::ALL {
            assert!(
                code.word()
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            );
        }
        let words: HashSet<_> = RefusalCode::ALL.into_iter().map(RefusalCode::word).collect();
        assert_eq!(words.len(), RefusalCode::ALL.len());
    }

    #[test]
    fn a_refusal_becomes_a_line() {
        let refusal = Refusal::new(RefusalCode::InvalidPhone, "to", "the number is empty");
        assert_eq!(
            refusal.to_string(),
            "invalid_phone, field `to`: the number is empty"
        );
        let line = refusal.into_line(7);
        assert_eq!(
            (line.line, line.code.as_str(), line.field.as_str()),
            (7, "invalid_phone", "to")
        );
    }
}
