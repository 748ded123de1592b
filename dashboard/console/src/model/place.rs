use super::query::Query;

/// Where the console is: what the address bar says, and nothing else but [`IN_NO_ADDRESS`]. Filters, the open drawer and the page
/// of a list stand in it, so that an address can be kept or sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub page: Page,
    pub query: Query,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Page {
    #[default]
    Home,
    Connections,
    Campaigns,
    Records,
    Alarms,
    Walls,
    Login,
    /// An address of no page.
    Nowhere,
}

/// Where the console is served.
pub const ROOT: &str = "/console/";
/// Of the query: what is open in the drawer.
pub const OPEN: &str = "open";
/// Of a place of the connections: what is open is tested at once.
pub const TEST: &str = "test";
/// Of the query of the login page: where to go afterwards.
pub const BACK: &str = "back";

/// Of the query of the login page: why one is there.
pub const WHY: &str = "why";
/// A session ended by itself.
pub const EXPIRED: &str = "expired";

/// Whom something is about stands behind `#`, which browsers send to no server and no log sees (RFC 9110 §4.2.5).
const BEHIND_HASH: [&str; 3] = ["to", "mail", BACK];
/// Whether whole numbers are shown, and what is tested at once: whoever follows an address has not asked for it.
const IN_NO_ADDRESS: [&str; 2] = ["numbers", TEST];

impl Page {
    /// Those of the navigation, in its order, with the key that follows `g`.
    pub const MAIN: [(Page, char); 6] = [
        (Page::Home, 'h'),
        (Page::Campaigns, 't'),
        (Page::Records, 'm'),
        (Page::Connections, 'c'),
        (Page::Alarms, 'a'),
        (Page::Walls, 'w'),
    ];

    fn segment(self) -> &'static str {
        match self {
            Page::Home | Page::Nowhere => "",
            Page::Connections => "connections",
            Page::Campaigns => "campaigns",
            Page::Records => "records",
            Page::Alarms => "alarms",
            Page::Walls => "walls",
            Page::Login => "login",
        }
    }

    fn of(segment: &str) -> Page {
        match segment {
            "" => Page::Home,
            "connections" => Page::Connections,
            "campaigns" => Page::Campaigns,
            "records" => Page::Records,
            "alarms" => Page::Alarms,
            "walls" => Page::Walls,
            "login" => Page::Login,
            _ => Page::Nowhere,
        }
    }

    /// The page that a key after `g` leads to.
    pub fn of_key(key: &str) -> Option<Page> {
        let mut keys = Page::MAIN.iter();
        keys.find(|(_, known)| key.chars().eq([*known]))
            .map(|(page, _)| *page)
    }

    /// The key of its name in the message file.
    pub fn name(self) -> &'static str {
        match self {
            Page::Home => "page.home",
            Page::Connections => "page.connections",
            Page::Campaigns => "page.campaigns",
            Page::Records => "page.records",
            Page::Alarms => "page.alarms",
            Page::Walls => "page.walls",
            Page::Login => "page.login",
            Page::Nowhere => "page.nowhere",
        }
    }
}

impl Place {
    pub fn of(page: Page) -> Self {
        Place {
            page,
            query: Query::default(),
        }
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.set(name, value);
        self
    }

    /// From an address without its host.
    pub fn parse(address: &str) -> Self {
        let (address, behind_hash) = address.split_once('#').unwrap_or((address, ""));
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let inside = path.strip_prefix(ROOT.trim_end_matches('/')).unwrap_or(path);
        let mut query = Query::parse(&format!("{query}&{behind_hash}"));
        IN_NO_ADDRESS.iter().for_each(|name| query.set(name, ""));
        Place {
            page: Page::of(inside.trim_matches('/')),
            query,
        }
    }

    pub fn address(&self) -> String {
        let (mut shown, mut behind_hash) = (self.query.clone(), Query::default());
        IN_NO_ADDRESS.iter().for_each(|name| shown.set(name, ""));
        for name in BEHIND_HASH {
            behind_hash.set(name, self.query.get(name).unwrap_or_default());
            shown.set(name, "");
        }
        let behind_hash = behind_hash.text().replacen('?', "#", 1);
        format!("{ROOT}{}{}{behind_hash}", self.page.segment(), shown.text())
    }

    /// The login page, which leads back here.
    pub fn behind_login(&self) -> Self {
        match self.page {
            Page::Login => self.clone(),
            Page::Home if self.query == Query::default() => Place::of(Page::Login),
            _ => Place::of(Page::Login).with(BACK, self.address()),
        }
    }

    /// Where the login page leads to: only ever a place of the console, whatever the address says.
    pub fn after_login(&self) -> Self {
        let Some(back) = self.query.get(BACK).filter(|back| back.starts_with(ROOT)) else {
            return Place::default();
        };
        match Place::parse(back) {
            place if matches!(place.page, Page::Login | Page::Nowhere) => Place::default(),
            place => place,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_its_address_and_key() {
        for (page, key) in Page::MAIN {
            let place = Place::of(page).with("name", "复诊");
            assert_eq!(Place::parse(&place.address()), place);
            assert_eq!(Page::of_key(&key.to_string()), Some(page));
        }
        assert_eq!(Place::parse("/console").page, Page::Home);
        assert_eq!(Place::parse("/console/campaigns/").page, Page::Campaigns);
        assert_eq!(Place::parse("/console/campaigns/x").page, Page::Nowhere);
        assert_eq!((Page::of_key("z"), Page::of_key("hh")), (None, None));
    }

    #[test]
    fn no_server_is_sent_whom_somebody_looks_for_and_no_link_unmasks_or_tests() {
        let place = Place::of(Page::Records)
            .with("account", "his")
            .with("to", "13800000001")
            .with("numbers", "full");
        let address = place.address();
        assert_eq!(address, "/console/records?account=his#to=13800000001");
        let masked = place.clone().with("numbers", "");
        assert_eq!(Place::parse(&address), masked);
        let login = place.behind_login().address();
        let (sent, _) = login.split_once('#').unwrap();
        assert_eq!(sent, "/console/login");
        assert_eq!(Place::parse(&login).after_login(), masked);
        let link = "/console/records?mail=a%40b.example&numbers=full";
        assert_eq!(
            Place::parse(link).address(),
            "/console/records#mail=a%40b.example"
        );
        let test = Place::parse("/console/connections?open=mobile&test=now");
        assert_eq!(test, Place::of(Page::Connections).with(OPEN, "mobile"));
    }

    #[test]
    fn login_leads_back_to_where_one_was_and_nowhere_else() {
        let place = Place::of(Page::Campaigns)
            .with(OPEN, "cmp_0000001")
            .with("name", "a&b=c");
        let login = place.behind_login();
        assert_eq!(login.page, Page::Login);
        assert_eq!(Place::parse(&login.address()).after_login(), place);
        assert_eq!(login.behind_login(), login, "not into itself");
        assert_eq!(Place::of(Page::Home).behind_login().address(), "/console/login");
        for foreign in [
            "//evil.example/",
            "https://evil.example/console/",
            "/console/login?back=/console/login",
            "/wall/",
            "/console/nothing",
            "javascript:alert(1)",
        ] {
            let place = Place::of(Page::Login).with(BACK, foreign);
            assert_eq!(place.after_login(), Place::default(), "{foreign}");
        }
    }
}
