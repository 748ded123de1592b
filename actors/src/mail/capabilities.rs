use super::reply::Reply;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What a relay offers in its answer to EHLO, as far as it is used here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// RFC 3207.
    pub starttls: bool,
    /// RFC 1870: the size may be said with MAIL.
    pub size: bool,
    /// RFC 3461: what is to be reported may be said with RCPT.
    pub dsn: bool,
    /// RFC 4954 with the mechanism PLAIN (RFC 4616).
    pub auth_plain: bool,
    /// RFC 4954 with the mechanism LOGIN, which is in no standard and in many relays.
    pub auth_login: bool,
}

impl Capabilities {
    /// The first line is the relay's greeting; each other one names an extension.
    pub fn of(ehlo: &Reply) -> Self {
        let mut capabilities = Capabilities::default();
        for line in ehlo.lines.iter().skip(1) {
            // `AUTH=LOGIN` is how it was written before it had a standard.
            let mut words = line.split([' ', '=']).map(str::to_ascii_uppercase);
            match words.next().as_deref() {
                Some("STARTTLS") => capabilities.starttls = true,
                Some("SIZE") => capabilities.size = true,
                Some("DSN") => capabilities.dsn = true,
                Some("AUTH") => {
                    for mechanism in words {
                        capabilities.auth_plain |= mechanism == "PLAIN";
                        capabilities.auth_login |= mechanism == "LOGIN";
                    }
                }
                _ => {}
            }
        }
        capabilities
    }

    /// The lines that log a user in, each to be sent when the relay has answered the one before; `None` when it offers no
    /// mechanism that is known here.
    pub fn login(&self, user: &str, password: &str) -> Option<Vec<String>> {
        if self.auth_plain {
            let response = STANDARD.encode(format!("\0{user}\0{password}"));
            return Some(vec![format!("AUTH PLAIN {response}")]);
        }
        self.auth_login.then(|| {
            vec![
                "AUTH LOGIN".to_owned(),
                STANDARD.encode(user),
                STANDARD.encode(password),
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str]) -> Capabilities {
        Capabilities::of(&Reply {
            code: 250,
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
        })
    }

    #[test]
    fn what_is_offered() {
        assert_eq!(of(&["AUTH PLAIN is my name"]), Capabilities::default());
        let all = of(&[
            "mail.example",
            "starttls",
            "SIZE 1000",
            "DSN",
            "AUTH CRAM-MD5 login Plain",
        ]);
        assert_eq!(
            all,
            Capabilities {
                starttls: true,
                size: true,
                dsn: true,
                auth_plain: true,
                auth_login: true
            }
        );
        assert!(of(&["x", "AUTH=LOGIN"]).auth_login);
        assert_eq!(
            of(&["x", "STARTTLSX", "", "AUTHX PLAIN"]),
            Capabilities::default()
        );
    }

    #[test]
    fn logging_in() {
        let plain = of(&["x", "AUTH LOGIN PLAIN"]).login("user", "secret");
        assert_eq!(plain, Some(vec!["AUTH PLAIN AHVzZXIAc2VjcmV0".to_owned()]));
        let login = of(&["x", "AUTH LOGIN"]).login("user", "secret");
        assert_eq!(
            login,
            Some(vec![
                "AUTH LOGIN".to_owned(),
                "dXNlcg==".to_owned(),
                "c2VjcmV0".to_owned()
            ])
        );
        assert_eq!(of(&["x", "AUTH CRAM-MD5"]).login("user", "secret"), None);
    }
}
