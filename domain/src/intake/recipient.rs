use super::Draft;
use crate::catalog::{Account, Compiled, Listed, MAIL_ADDRESS_BYTES_MAX, NumberListKind, is_mail_address};
use crate::phone::PhoneNumber;
use crate::plan::ChannelKind;
use crate::refusal::{Refusal, RefusalCode};
use compact_str::CompactString;

/// Whom a message is for: at least one of the two is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recipient {
    pub to: Option<PhoneNumber>,
    pub mail: Option<CompactString>,
}

impl Recipient {
    pub fn of(draft: &Draft<'_>) -> Result<Self, Refusal> {
        let phone = |text| {
            PhoneNumber::parse(text)
                .map_err(|error| Refusal::new(RefusalCode::InvalidPhone, "to", error.to_string()))
        };
        let recipient = Recipient {
            to: draft.to.map(phone).transpose()?,
            mail: draft.mail.map(address).transpose()?,
        };
        if recipient.to.is_none() && recipient.mail.is_none() {
            let detail = "a message needs a number or a mail address";
            return Err(Refusal::new(RefusalCode::RecipientMissing, "to", detail));
        }
        Ok(recipient)
    }

    /// Whether a channel of this kind has somebody to reach.
    pub fn is_reached_by(&self, channel: ChannelKind) -> bool {
        match channel {
            ChannelKind::Mail => self.mail.is_some(),
            _ => self.to.is_some(),
        }
    }

    /// That the person stands in no black list, or in a white one, by what the channels use of them (SAFE-1).
    pub fn check_lists(
        &self,
        catalog: &Compiled,
        account: &Account,
        uses: impl Fn(ChannelKind) -> bool,
    ) -> Result<(), Refusal> {
        if let Some(to) = self.to.filter(|_| uses(ChannelKind::Sms)) {
            not_black("to", catalog.listed(account, to))?;
        }
        if let Some(mail) = self.mail.as_deref().filter(|_| uses(ChannelKind::Mail)) {
            not_black("mail", catalog.mail_listed(account, mail))?;
        }
        Ok(())
    }
}

fn not_black(field: &'static str, listed: Option<Listed<'_>>) -> Result<(), Refusal> {
    match listed {
        Some(Listed {
            kind: NumberListKind::Black,
            list,
        }) => {
            let detail = format!("the recipient stands in the black list `{list}`");
            Err(Refusal::new(RefusalCode::Blacklisted, field, detail))
        }
        _ => Ok(()),
    }
}

/// An address as the envelope carries it: the host in ASCII and lower case, what is before the `@` as it was given.
fn address(text: &str) -> Result<CompactString, Refusal> {
    /// In UTF-8 a host in another script may be longer than in ASCII, but not without end.
    const GIVEN_BYTES_MAX: usize = 4 * MAIL_ADDRESS_BYTES_MAX;
    let invalid = |detail: &'static str| Refusal::new(RefusalCode::InvalidMail, "mail", detail);
    let text = text.trim();
    if text.len() > GIVEN_BYTES_MAX {
        return Err(invalid("the address is too long"));
    }
    let (local, host) = text
        .rsplit_once('@')
        .ok_or_else(|| invalid("an address is written `name@host`"))?;
    if !local.is_ascii() {
        return Err(invalid(
            "before the @ only letters, digits and signs of ASCII can be reached",
        ));
    }
    let address = if host.is_ascii() {
        let mut address = CompactString::new(text);
        address[local.len()..].make_ascii_lowercase();
        address
    } else {
        let host = idna::domain_to_ascii_strict(host).map_err(|_| invalid("the host has no valid form"))?;
        compact_str::format_compact!("{local}@{host}")
    };
    if is_mail_address(&address) {
        Ok(address)
    } else {
        Err(invalid(
            "an address is written `name@host`, without quotes and spaces",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses() {
        for (given, kept) in [
            ("zhang.san@example.org", "zhang.san@example.org"),
            (" Zhang.San+1@Example.ORG ", "Zhang.San+1@example.org"),
            ("a@b", "a@b"),
            ("a@医院.example", "a@xn--ekrs67m.example"),
            ("a@XN--EKRS67M.example", "a@xn--ekrs67m.example"),
            ("a@ｅｘａｍｐｌｅ．org", "a@example.org"),
        ] {
            assert_eq!(address(given).as_deref(), Ok(kept), "{given}");
        }
        let long_local = format!("{}@example.org", "a".repeat(65));
        let long_host = format!("a@{}org", "example.".repeat(40));
        let endless = format!("a@{}", "医".repeat(100_000));
        for given in [
            "",
            "a",
            "@example.org",
            "a@",
            "a@b@example.org",
            "a b@example.org",
            "a@exam ple.org",
            "\"a b\"@example.org",
            "\"a@b\"@example.org",
            "张三@example.org",
            "a@example.org\r\nRCPT TO:<b@example.org>",
            "a@example.org\0",
            "<a@example.org>",
            "a <a@example.org>",
            "a@[127.0.0.1]",
            "a@example..org",
            "a@-example.org",
            "a@xn--\u{ffff}.org",
            "a,b@example.org",
            ".a@example.org",
            &long_local,
            &long_host,
            &endless,
        ] {
            let refusal = address(given).unwrap_err();
            assert_eq!(
                (refusal.code, refusal.field.as_str()),
                (RefusalCode::InvalidMail, "mail"),
                "{given}"
            );
            assert!(refusal.detail.len() < 100);
        }
    }

    proptest! {
        /// What is taken is safe in an SMTP command, and is taken again as it is.
        #[test]
        fn any_text_is_answered(text in "\\PC{0,40}|[a-z.@ <>\"\\r\\n-]{0,30}|[a-z]{1,5}@[a-z医院。.-]{1,20}") {
            if let Ok(taken) = address(&text) {
                prop_assert!(is_mail_address(&taken));
                prop_assert!(taken.bytes().all(|byte| byte.is_ascii_graphic()));
                prop_assert!(!taken.contains(['<', '>', '"', ',', ';']));
                prop_assert_eq!(address(&taken), Ok(taken.clone()));
            }
        }
    }
}
