//! The one table of public error codes.

/// Declares [`Code`] and everything that is known about each code in one place.
macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident $word:literal $status:literal $retry:ident $en:literal $zh:literal;)+) => {
        /// What went wrong, as programs read it. A code is never reused for another meaning, nor its status changed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Code {
            pub const ALL: &[Code] = &[$(Code::$name),+];

            /// The word that stands in answers.
            pub const fn word(self) -> &'static str {
                match self { $(Code::$name => $word),+ }
            }

            /// The HTTP status of an answer that fails with this code.
            pub const fn status(self) -> u16 {
                match self { $(Code::$name => $status),+ }
            }

            /// Whether the same request may succeed later.
            pub const fn is_retryable(self) -> bool {
                match self { $(Code::$name => codes!(@$retry)),+ }
            }

            pub const fn title_en(self) -> &'static str {
                match self { $(Code::$name => $en),+ }
            }

            pub const fn title_zh(self) -> &'static str {
                match self { $(Code::$name => $zh),+ }
            }

            /// When it comes and what the caller can do; the text of the documentation.
            pub const fn description(self) -> &'static str {
                match self { $(Code::$name => concat!($($doc),+).trim_ascii(),)+ }
            }

            pub fn from_word(word: &str) -> Option<Code> {
                match word { $($word => Some(Code::$name),)+ _ => None }
            }
        }
    };
    (@retry) => { true };
    (@final) => { false };
}

codes! {
    // The request as a whole.
    /// The body is not JSON or not UTF-8; `line` and `column` say where. In NDJSON only that line is refused.
    InvalidJson "invalid_json" 400 final "The body is not valid JSON" "请求体不是合法的 JSON";
    /// The JSON is valid, but a field is missing, unknown, doubled or of another type.
    InvalidField "invalid_field" 400 final "A field of the body is not valid" "请求体中的字段不合法";
    /// A query parameter, a path parameter or a header is not valid; `field` names it.
    InvalidParameter "invalid_parameter" 400 final "A parameter is not valid" "参数不合法";
    /// What is asked for would have too many rows, or take too long; take a shorter time, or group by less.
    QueryTooLarge "query_too_large" 422 final "Too much is asked for at once" "查询范围过大，请缩短时间或减少分组";
    /// There are no credentials, or they are not right.
    Unauthenticated "unauthenticated" 401 final "Credentials are missing or not valid" "缺少凭证或凭证无效";
    /// The signature of the request does not fit, or there is no such account with a secret to sign by.
    RequestSignatureWrong "request_signature_wrong" 401 final "The signature of the request is wrong" "请求签名错误";
    /// The time of a signed request is too far from the service's clock, or before the service's start.
    RequestTimestampInvalid "request_timestamp_invalid" 401 final "The time of the signed request is not valid" "签名时间戳无效";
    /// A request with this nonce was taken already.
    NonceUsed "nonce_used" 401 final "The nonce was used already" "随机数已被使用";
    /// The wall's link is not known, was removed, or its time is over; ask an operator for another.
    WallTokenInvalid "wall_token_invalid" 401 final "The wall's link is not valid" "大屏链接无效或已过期";
    /// `X-CSRF-Token` is missing or not that of the session (`GET /v1/session` tells it).
    CsrfTokenWrong "csrf_token_wrong" 403 final "The CSRF token is missing or wrong" "CSRF 令牌缺失或错误";
    /// These credentials are right but do not open this: an operator needs the right, and a wall's link shows the live figures only.
    NotAllowed "not_allowed" 403 final "This is not allowed with these credentials" "当前凭证无权执行此操作";
    /// The account is switched off.
    AccountDisabled "account_disabled" 403 final "The account is disabled" "账号已停用";
    /// The account does not have the module this needs (send, query, feeds or campaigns).
    ModuleNotGranted "module_not_granted" 403 final "The account does not have this module" "账号未开通该模块";
    /// A page of another site made a browser send this.
    CrossSite "cross_site" 403 final "The request comes from another site" "请求来自其他网站";
    /// There is no such thing, or it belongs to another account.
    NotFound "not_found" 404 final "Not found" "不存在";
    /// No open alarm has this number; what is over cannot be handled any more.
    AlarmUnknown "alarm_unknown" 404 final "There is no such open alarm" "没有这条未结束的告警";
    /// The path is known, the method is not.
    MethodNotAllowed "method_not_allowed" 405 final "The method is not allowed here" "不支持该请求方法";
    /// The request was not received whole in time.
    RequestTimeout "request_timeout" 408 retry "The request was not received in time" "请求接收超时";
    /// The idempotency key was used with another body within the last 24 hours (IDEM-1).
    IdempotencyConflict "idempotency_conflict" 409 final "The idempotency key stands over another body" "幂等键已用于不同的请求体";
    /// There are as many links of walls as are allowed; remove some.
    TooManyWallTokens "too_many_wall_tokens" 409 final "There are too many links of walls" "大屏链接过多";
    /// The alarm is on no shelf.
    AlarmNotShelved "alarm_not_shelved" 409 final "The alarm is not shelved" "该告警未被搁置";
    /// Others refer to the entry; `detail` names them.
    InUse "in_use" 409 final "The entry is still in use" "该项仍被引用";
    /// The events after this cursor are no longer kept; start again without one.
    CursorGone "cursor_gone" 410 final "Events of this cursor are no longer kept" "该游标之后的事件已不再保留";
    /// The configuration was changed since the version that `If-Match` names; read it again.
    StaleVersion "stale_version" 412 final "The configuration was changed meanwhile" "配置已被他人修改";
    /// The body has more bytes, or the batch more lines, than the limit.
    PayloadTooLarge "payload_too_large" 413 final "The body is too large" "请求体过大";
    /// The `Content-Type` is none of those the path takes.
    UnsupportedMediaType "unsupported_media_type" 415 final "The content type is not supported" "不支持该内容类型";
    /// The configuration would not be sound; `detail` says everything that is wrong with it.
    CatalogInvalid "catalog_invalid" 422 final "The configuration is not valid" "配置不合法";
    /// No line of the batch was accepted; `refused` says why.
    NothingAccepted "nothing_accepted" 422 final "No line was accepted" "没有任何一行被接受";
    /// The password as it is now was given wrongly.
    PasswordWrong "password_wrong" 422 final "The current password is wrong" "当前密码错误";
    /// The new password is too short or too long.
    PasswordUnfit "password_unfit" 422 final "The new password cannot be taken" "新密码不符合要求";
    /// Too many wrong passwords came for this name or from this source; wait as `Retry-After` says.
    TooManyAttempts "too_many_attempts" 429 retry "Too many wrong passwords" "密码错误次数过多";
    /// Too much is waiting to be sent; wait as `Retry-After` says.
    Overloaded "overloaded" 503 retry "Too much is waiting" "系统繁忙，待发消息过多";
    /// The disk is nearly full; intake is stopped until an operator makes room.
    DiskLow "disk_low" 503 retry "The disk is nearly full" "磁盘空间不足，暂停接收";
    /// The part of the service that serves this organisation is restarting.
    OrganisationRestarting "organisation_restarting" 503 retry "The organisation's queue is restarting" "该机构的处理单元正在重启";
    /// The account's organisation belongs to another lane of the cluster than the one that was asked. Send to a node, which knows the way.
    OtherLane "other_lane" 421 final "The organisation belongs to another lane" "该机构由另一处理单元负责";
    /// The service is starting, stopping or has failed.
    Unavailable "unavailable" 503 retry "The service is not available now" "服务暂不可用";
    /// The service ended before the request was durable. With an `Idempotency-Key` a repeat is safe.
    Interrupted "interrupted" 503 retry "The request was interrupted" "请求被中断";
    /// A fault of the service; the log has the request id.
    Internal "internal" 500 retry "Internal error" "内部错误";

    // One message, or one line of a batch.
    /// The number has no valid form.
    InvalidPhone "invalid_phone" 422 final "The number is not a phone number" "手机号码不合法";
    /// A variable of the template has no value.
    MissingVariable "missing_variable" 422 final "A template variable is missing" "缺少模板变量";
    /// A variable's value does not fit its type or length, or holds a signature bracket.
    InvalidVariable "invalid_variable" 422 final "A template variable is not valid" "模板变量不合法";
    /// The organisation has no template of this name.
    UnknownTemplate "unknown_template" 422 final "The template does not exist" "模板不存在";
    /// The business type takes templates only.
    TemplateRequired "template_required" 422 final "The business type requires a template" "该业务类型必须使用模板";
    /// There is neither `text` nor `template`, or the text is blank.
    TextEmpty "text_empty" 422 final "The text is empty" "内容为空";
    /// The text needs more segments than allowed, or the mails of a message are too large.
    TextTooLong "text_too_long" 422 final "The text is too long" "内容过长";
    /// The text holds characters that no phone shows.
    TextInvalid "text_invalid" 422 final "The text is not valid" "内容不合法";
    /// A template is given and `text`, `html` or a subject beside its own.
    TextAndTemplate "text_and_template" 422 final "Both text and template are given" "不能同时指定内容和模板";
    /// The line says the same to the same recipient as an earlier line; `duplicates=allow` takes it.
    DuplicateLine "duplicate_line" 422 final "The line is a duplicate" "与前面的行重复";
    /// There is no business type of this name.
    UnknownBusinessType "unknown_business_type" 422 final "The business type does not exist" "业务类型不存在";
    /// No routing rule leads to a connection the account is granted.
    NoRoute "no_route" 422 final "There is no route for the message" "没有可用的路由";
    /// The account's segments of today are used up; the quota is renewed at midnight (UTC+8).
    QuotaExceeded "quota_exceeded" 429 retry "The daily quota is used up" "当日配额已用完";
    /// The signature is too long or holds a bracket.
    SignatureInvalid "signature_invalid" 422 final "The signature is not valid" "签名不合法";
    /// The reference is longer than allowed.
    ReferenceTooLong "reference_too_long" 422 final "The reference is too long" "业务编号过长";
    /// The reference holds control characters.
    ReferenceInvalid "reference_invalid" 422 final "The reference is not valid" "业务编号不合法";
    /// The validity is outside what is allowed.
    ValidityOutOfRange "validity_out_of_range" 422 final "The validity is out of range" "有效期超出范围";
    /// The message, or a step of its plan, has no number or no mail address to reach.
    RecipientMissing "recipient_missing" 422 final "There is nobody to reach" "缺少接收人";
    /// The mail address has no valid form.
    InvalidMail "invalid_mail" 422 final "The address is not a mail address" "邮箱地址不合法";
    /// A mail has no subject, neither from the request nor from its template.
    SubjectMissing "subject_missing" 422 final "The mail has no subject" "缺少邮件主题";
    /// The subject is too long, or has more than one line.
    SubjectInvalid "subject_invalid" 422 final "The subject is not valid" "邮件主题不合法";
    /// There are too many attachments, or a name or media type is not valid.
    AttachmentInvalid "attachment_invalid" 422 final "An attachment is not valid" "附件不合法";
    /// The file of an attachment is not stored; upload it first.
    AttachmentUnknown "attachment_unknown" 422 final "The attached file does not exist" "附件文件不存在";
    /// The attachments of one mail are too large together.
    AttachmentsTooLarge "attachments_too_large" 422 final "The attachments are too large" "附件总大小超出限制";
    /// The organisation has no strategy of this name.
    UnknownStrategy "unknown_strategy" 422 final "The strategy does not exist" "发送策略不存在";
    /// The steps of the plan do not go together, or a channel is not available; `detail` says which.
    PlanInvalid "plan_invalid" 422 final "The plan is not valid" "发送计划不合法";
    /// The priority is above that of the business type.
    PriorityTooHigh "priority_too_high" 422 final "The priority is too high" "优先级高于业务类型";
    /// `send_at` is too far ahead.
    SendAtOutOfRange "send_at_out_of_range" 422 final "The moment to send is out of range" "定时发送时间超出范围";
    /// The business type's sending window, the organisation's quiet hours and the recipient's own window leave no minute of the
    /// day.
    WindowsNeverOpen "windows_never_open" 422 final "The sending windows are never open together" "发送时段互相冲突";
    /// The person has got as many messages of the business type as an hour or a day allows (SEND-5).
    FrequencyCap "frequency_cap" 422 final "The person has got enough messages" "超出频次限制";
    /// As many people as `limits.counted_people_max` allows are counted in the hour or day that runs.
    CapsFull "caps_full" 503 retry "No more people can be counted" "频次计数已满，请稍后重试";
    /// The recipient stands in a black list (SAFE-1).
    Blacklisted "blacklisted" 422 final "The recipient is blacklisted" "接收人在黑名单中";
    /// What would be sent holds a sensitive word (SAFE-1); `detail` says where and of which list.
    ForbiddenWord "forbidden_word" 422 final "There is a sensitive word" "内容含敏感词";

    // Campaigns, and lines of their recipients files.
    /// The campaign is in a state that does not allow this; `detail` names the state.
    CampaignState "campaign_state" 409 final "The state of the campaign does not allow this" "任务当前状态不允许此操作";
    /// As many campaigns as are allowed have not ended yet.
    TooManyCampaigns "too_many_campaigns" 409 final "There are too many campaigns" "未结束的任务过多";
    /// The line has more or fewer cells than the first line of the file has names.
    WrongColumnCount "wrong_column_count" 422 final "The line has the wrong number of columns" "该行列数与表头不一致";
    /// The line holds bytes that are no text in the file's encoding.
    LineNotText "line_not_text" 422 final "The line is not text in the file's encoding" "该行含有无法识别的字符编码";
    /// The line is longer than 64 KiB.
    LineTooLong "line_too_long" 422 final "The line is too long" "该行过长";
    /// The line opens a quotation mark that is never closed.
    UnclosedQuote "unclosed_quote" 422 final "A quotation mark is never closed" "该行引号未闭合";
    /// An earlier line of the file has the same recipient; `duplicates: allow` takes it.
    DuplicateRecipient "duplicate_recipient" 422 final "An earlier line has the same recipient" "与前面的行收件人重复";
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_domain::refusal::RefusalCode;
    use std::collections::HashSet;

    #[test]
    fn every_code_is_complete_and_its_word_is_its_own() {
        let mut words = HashSet::new();
        for &code in Code::ALL {
            let word = code.word();
            assert!(words.insert(word), "{word} stands twice");
            assert!(
                word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
                "{word}"
            );
            assert_eq!(Code::from_word(word), Some(code));
            assert!((400..600).contains(&code.status()), "{word}");
            assert!(!code.description().is_empty() && !code.title_en().is_empty());
            assert!(!code.title_zh().is_ascii(), "{word} has no Chinese title");
            assert_eq!(
                code.is_retryable(),
                matches!(code.status(), 408 | 429 | 500..),
                "{word}"
            );
        }
        assert_eq!(Code::from_word("no such word"), None);
    }

    #[test]
    fn every_refusal_of_a_message_has_a_code() {
        for refusal in RefusalCode::ALL {
            assert!(
                Code::from_word(refusal.word()).is_some(),
                "{} is missing",
                refusal.word()
            );
        }
    }
}
