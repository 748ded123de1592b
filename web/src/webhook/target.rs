use hyper::Uri;

/// Where a webhook is called: its URL in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub tls: bool,
    /// A name, or an address without brackets.
    pub host: String,
    pub port: u16,
    /// As it stands in the URL: the value of `Host`.
    pub authority: String,
    /// Path and query.
    pub path: String,
}

impl Target {
    /// `None` when the URL is not one of a webhook; the catalog takes no such.
    pub fn parse(url: &str) -> Option<Target> {
        let uri: Uri = url.parse().ok()?;
        let tls = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = uri.authority()?;
        let host = authority.host();
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Some(Target {
            tls,
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
            authority: authority.as_str().to_owned(),
            path: if path.starts_with('/') {
                path.to_owned()
            } else {
                format!("/{path}")
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_in_parts() {
        for (url, tls, host, port, authority, path) in [
            (
                "https://his.example/a?b=c",
                true,
                "his.example",
                443,
                "his.example",
                "/a?b=c",
            ),
            (
                "http://his.example:8080",
                false,
                "his.example",
                8080,
                "his.example:8080",
                "/",
            ),
            ("http://[::1]:81/x", false, "::1", 81, "[::1]:81", "/x"),
            ("http://h?q=1", false, "h", 80, "h", "/?q=1"),
        ] {
            let target = Target {
                tls,
                host: host.to_owned(),
                port,
                authority: authority.to_owned(),
                path: path.to_owned(),
            };
            assert_eq!(Target::parse(url), Some(target), "{url}");
        }
        for url in ["", "his.example", "ftp://h/", "http://", "http:///x"] {
            assert_eq!(Target::parse(url), None, "{url}");
        }
    }
}
