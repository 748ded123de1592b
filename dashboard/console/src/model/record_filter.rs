use super::beijing::{parse_field, rfc3339};
use super::place::{Page, Place};
use super::query::Query;

/// Which messages the list shows; stands in the address. Times are those of date fields (UTC+8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordFilter {
    /// A number or an address.
    pub who: String,
    pub account: String,
    pub campaign: String,
    pub status: String,
    pub from: String,
    pub until: String,
    pub before: String,
    /// Whole numbers are asked for; the server writes down who did.
    pub plain: bool,
}

/// Why a search cannot be made yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotYet {
    /// Neither somebody nor an account nor a campaign is named.
    TooWide,
    Time,
}

impl RecordFilter {
    pub fn of(query: &Query) -> Self {
        let value = |name| query.get(name).unwrap_or_default().to_owned();
        let mail = value("mail");
        RecordFilter {
            who: if mail.is_empty() { value("to") } else { mail },
            account: value("account"),
            campaign: value("campaign"),
            status: value("status"),
            from: value("from"),
            until: value("until"),
            before: value("before"),
            plain: query.get("numbers") == Some("full"),
        }
    }

    pub fn place(&self) -> Place {
        let mut place = Place::of(Page::Records);
        self.put_into(&mut place.query);
        place
            .with("from", self.from.as_str())
            .with("until", self.until.as_str())
            .with("numbers", if self.plain { "full" } else { "" })
    }

    fn put_into(&self, query: &mut Query) {
        let who = self.who.trim();
        query.set(if who.contains('@') { "mail" } else { "to" }, who);
        query.set("account", self.account.as_str());
        query.set("campaign", self.campaign.trim());
        query.set("status", self.status.as_str());
        query.set("before", self.before.as_str());
    }

    /// Of `GET /v1/admin/messages`.
    pub fn asked(&self, limit: u32) -> Result<Query, NotYet> {
        if [&self.who, &self.account, &self.campaign]
            .iter()
            .all(|text| text.trim().is_empty())
        {
            return Err(NotYet::TooWide);
        }
        let mut query = Query::default();
        self.put_into(&mut query);
        for (name, field) in [("from", &self.from), ("until", &self.until)] {
            if !field.is_empty() {
                query.set(name, rfc3339(parse_field(field).ok_or(NotYet::Time)?));
            }
        }
        query.set("limit", limit.to_string());
        query.set("numbers", if self.plain { "full" } else { "masked" });
        Ok(query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter() -> RecordFilter {
        RecordFilter {
            who: "138 0000 0001".to_owned(),
            account: "his".to_owned(),
            status: "failed,expired".to_owned(),
            from: "2026-03-01T00:00".to_owned(),
            ..RecordFilter::default()
        }
    }

    #[test]
    fn a_filter_is_an_address() {
        let mail = RecordFilter {
            who: "wang@home.example".to_owned(),
            plain: true,
            before: "msg_0e5v7q2k0r401".to_owned(),
            ..RecordFilter::default()
        };
        for filter in [filter(), mail, RecordFilter::default()] {
            assert_eq!(RecordFilter::of(&filter.place().query), filter);
        }
    }

    #[test]
    fn numbers_are_masked_unless_asked_for() {
        let asked = filter().asked(50).unwrap();
        assert_eq!(asked.get("numbers"), Some("masked"));
        assert_eq!(asked.get("to"), Some("138 0000 0001"));
        assert_eq!(asked.get("from"), Some("2026-03-01T00:00:00.000+08:00"));
        let plain = RecordFilter {
            plain: true,
            ..filter()
        };
        assert_eq!(plain.asked(50).unwrap().get("numbers"), Some("full"));
    }

    #[test]
    fn a_search_needs_somebody_and_times_that_are_times() {
        let wide = RecordFilter {
            status: "failed".to_owned(),
            who: "  ".to_owned(),
            ..RecordFilter::default()
        };
        assert_eq!(wide.asked(50), Err(NotYet::TooWide));
        let wrong = RecordFilter {
            until: "yesterday".to_owned(),
            ..filter()
        };
        assert_eq!(wrong.asked(50), Err(NotYet::Time));
    }
}
