use super::place::{OPEN, Page, Place};
use crate::text::{fill, t};
use carillon_domain::ids::{CampaignId, MessageId};
use carillon_domain::phone::PhoneNumber;

/// Somewhere the jump box leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jump {
    /// What it is, e.g. 任务.
    pub kind: &'static str,
    pub label: String,
    pub place: Place,
}

/// What can be found by its name: connections and campaigns that the console knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    pub connections: Vec<String>,
    /// Ids and names.
    pub campaigns: Vec<(String, String)>,
}

/// Rows of the box.
pub const JUMPS_MAX: usize = 9;

/// What a typed text may mean, the surest first: an id or a number before names.
pub fn jumps(typed: &str, known: &Known) -> Vec<Jump> {
    let typed = typed.trim();
    let wanted = typed.to_lowercase();
    let mut found = Vec::new();
    if let Ok(id) = wanted.parse::<MessageId>() {
        let place = Place::of(Page::Records).with(OPEN, id.to_string());
        found.push(jump("jump.message", fill("jump.open", &[("what", &id)]), place));
    }
    if let Ok(id) = CampaignId::of_text(&wanted) {
        let place = Place::of(Page::Campaigns).with(OPEN, id.text());
        found.push(jump(
            "jump.campaign",
            fill("jump.open", &[("what", &id.text())]),
            place,
        ));
    }
    if let Ok(number) = PhoneNumber::parse(typed) {
        let shown = number.e164().to_string();
        let shown = number.national().map_or(shown, |national| national.to_string());
        let label = fill("jump.number", &[("number", &shown)]);
        found.push(jump(
            "jump.records",
            label,
            Place::of(Page::Records).with("to", shown),
        ));
    } else if is_mail(typed) {
        let label = fill("jump.number", &[("number", &typed)]);
        found.push(jump(
            "jump.records",
            label,
            Place::of(Page::Records).with("mail", typed),
        ));
    }
    let pages = Page::MAIN.iter().map(|(page, _)| *page);
    found.extend(
        pages
            .filter(|page| fits(t(page.name()), &wanted))
            .map(|page| jump("jump.page", t(page.name()).to_owned(), Place::of(page))),
    );
    if !wanted.is_empty() {
        let connections = known.connections.iter().filter(|name| fits(name, &wanted));
        found.extend(connections.map(|name| {
            let place = Place::of(Page::Connections).with(OPEN, name.as_str());
            jump("jump.connection", name.clone(), place)
        }));
        let campaigns = known.campaigns.iter().filter(|(_, name)| fits(name, &wanted));
        found.extend(campaigns.map(|(id, name)| {
            let place = Place::of(Page::Campaigns).with(OPEN, id.as_str());
            jump("jump.campaign", name.clone(), place)
        }));
    }
    found.truncate(JUMPS_MAX);
    found
}

fn jump(kind: &'static str, label: String, place: Place) -> Jump {
    Jump { kind, label, place }
}

fn fits(name: &str, wanted: &str) -> bool {
    name.to_lowercase().contains(wanted)
}

/// Enough to search by; the server decides.
fn is_mail(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !text.contains(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        Known {
            connections: vec!["移动主".to_owned(), "联通".to_owned()],
            campaigns: vec![("cmp_0000002".to_owned(), "移动院区复诊提醒".to_owned())],
        }
    }

    fn addresses(typed: &str) -> Vec<String> {
        let found = jumps(typed, &known());
        found.iter().map(|jump| jump.place.address()).collect()
    }

    #[test]
    fn ids_numbers_and_names_are_understood() {
        for (typed, first) in [
            ("MSG_0E5V7Q2K0R401", "/console/records?open=msg_0e5v7q2k0r401"),
            (" cmp_0000001 ", "/console/campaigns?open=cmp_0000001"),
            ("+86 138-0000-0001", "/console/records#to=13800000001"),
            ("wang@home.example", "/console/records#mail=wang%40home.example"),
            ("告警", "/console/alarms"),
            ("联通", "/console/connections?open=%E8%81%94%E9%80%9A"),
            ("复诊", "/console/campaigns?open=cmp_0000002"),
        ] {
            assert_eq!(
                addresses(typed).first().map(String::as_str),
                Some(first),
                "{typed}"
            );
        }
        assert_eq!(addresses("移动").len(), 2, "a connection and a campaign");
    }

    #[test]
    fn nothing_typed_shows_the_pages_and_nonsense_nothing() {
        assert_eq!(addresses("").len(), Page::MAIN.len());
        assert_eq!(addresses("没有这个东西"), Vec::<String>::new());
    }
}
