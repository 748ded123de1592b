use sqlx::postgres::PgConnectOptions;
use std::fmt;
use std::str::FromStr;

/// Where a PostgreSQL database is, who asks, and by which password: `postgres://user@host:5432/database`, with parameters as
/// libpq knows them (`sslmode`, `sslrootcert` …). It holds no password, since settings are shown: that is taken from the variable
/// `PGPASSWORD` or from `~/.pgpass`.
#[derive(Clone)]
pub struct PostgresAddress {
    options: PgConnectOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("it does not begin with postgres://")]
    Scheme,
    #[error("it names no host")]
    NoHost,
    #[error("it names no user")]
    NoUser,
    #[error("it names no database")]
    NoDatabase,
    #[error("it holds a password; give it in the variable PGPASSWORD or in ~/.pgpass")]
    Password,
    // The driver's own words may hold the password.
    #[error(
        "it cannot be read; its form is postgres://user@host:5432/database, with % before what has a meaning there"
    )]
    Form,
}

impl PostgresAddress {
    /// The same, by another password.
    pub fn with_password(self, password: &str) -> Self {
        PostgresAddress {
            options: self.options.password(password),
        }
    }

    pub(crate) fn into_options(self) -> PgConnectOptions {
        self.options
    }
}

impl FromStr for PostgresAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let rest = text
            .strip_prefix("postgres://")
            .or(text.strip_prefix("postgresql://"));
        let rest = rest.ok_or(AddressError::Scheme)?;
        // The driver would take what is missing from its surroundings, and lead to a database nobody meant.
        let (authority, path) = rest.split_once('/').ok_or(AddressError::NoDatabase)?;
        let (user, host) = authority.rsplit_once('@').ok_or(AddressError::NoUser)?;
        if user.is_empty() || user.starts_with(':') {
            return Err(AddressError::NoUser);
        }
        if user.contains(':') {
            return Err(AddressError::Password);
        }
        if host.is_empty() || host.starts_with(':') {
            return Err(AddressError::NoHost);
        }
        if path.is_empty() || path.starts_with('?') {
            return Err(AddressError::NoDatabase);
        }
        if path.contains("password=") {
            return Err(AddressError::Password);
        }
        let options = PgConnectOptions::from_str(text).map_err(|_| AddressError::Form)?;
        Ok(PostgresAddress { options })
    }
}

impl fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&place(&self.options))
    }
}

impl fmt::Debug for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresAddress({self})")
    }
}

/// Host, port and database, as errors name them.
pub(crate) fn place(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or_default();
    match options.get_socket() {
        Some(socket) => format!("{}:{}/{database}", socket.display(), options.get_port()),
        None => format!("{}:{}/{database}", options.get_host(), options.get_port()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_whole_or_says_what_is_missing() {
        for (text, expected) in [
            ("postgres://u@h/d", Ok("h:5432/d")),
            ("postgresql://u@h:15432/d?sslmode=disable", Ok("h:15432/d")),
            ("postgres://u:p%40ss@h/d", Err(AddressError::Password)),
            ("postgres://u@h/d?password=p", Err(AddressError::Password)),
            ("postgres://u@[::1]:1/d", Ok("[::1]:1/d")),
            ("postgres://u@%2Frun%2Fpg/d", Ok("/run/pg:5432/d")),
            ("mysql://u@h/d", Err(AddressError::Scheme)),
            ("h:5432", Err(AddressError::Scheme)),
            ("postgres://h/d", Err(AddressError::NoUser)),
            ("postgres://:p@h/d", Err(AddressError::NoUser)),
            ("postgres://u@/d", Err(AddressError::NoHost)),
            ("postgres://u@:5432/d", Err(AddressError::NoHost)),
            ("postgres://u@h", Err(AddressError::NoDatabase)),
            ("postgres://u@h/", Err(AddressError::NoDatabase)),
            ("postgres://u@h/?sslmode=disable", Err(AddressError::NoDatabase)),
            ("postgres://u@h:port/d", Err(AddressError::Form)),
            ("postgres://u@h/d?sslmode=maybe", Err(AddressError::Form)),
        ] {
            let read = text.parse::<PostgresAddress>().map(|address| address.to_string());
            assert_eq!(read.as_deref(), expected.as_ref().copied(), "{text}");
        }
    }

    #[test]
    fn no_form_of_it_holds_the_password() {
        let secret = "a-password-to-look-for";
        let address: PostgresAddress = "postgres://u@h/d".parse().unwrap();
        let address = address.with_password(secret);
        assert!(!format!("{address} {address:?}").contains(secret));
        let refused = format!("postgres://u:{secret}@h:port/d").parse::<PostgresAddress>();
        let refused = refused.unwrap_err();
        assert!(!format!("{refused} {refused:?}").contains(secret));
    }
}
