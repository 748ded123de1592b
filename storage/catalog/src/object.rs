use crate::account_secrets as account;
use carillon_domain::catalog::{
    Account, BusinessType, Connection, NumberList, Organisation, RouteGroup, Secret, SendingStrategy,
    Snapshot, Template, WordList,
};
use carillon_storage::catalog::CatalogError;
use serde::Serialize;
use serde::de::DeserializeOwned;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Organisation,
    Account,
    Connection,
    RouteGroup,
    BusinessType,
    Template,
    Strategy,
    WordList,
    NumberList,
}

impl Kind {
    const ALL: [Kind; 9] = [
        Kind::Organisation,
        Kind::Account,
        Kind::Connection,
        Kind::RouteGroup,
        Kind::BusinessType,
        Kind::Template,
        Kind::Strategy,
        Kind::WordList,
        Kind::NumberList,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Kind::Organisation => "organisation",
            Kind::Account => "account",
            Kind::Connection => "connection",
            Kind::RouteGroup => "route_group",
            Kind::BusinessType => "business_type",
            Kind::Template => "template",
            Kind::Strategy => "strategy",
            Kind::WordList => "word_list",
            Kind::NumberList => "number_list",
        }
    }

    /// Whether its body is long and nothing in the journal refers to it.
    pub fn is_list(self) -> bool {
        matches!(self, Kind::WordList | Kind::NumberList)
    }

    pub fn from_word(word: &str) -> Result<Self, CatalogError> {
        let found = Kind::ALL.into_iter().find(|kind| kind.word() == word);
        found.ok_or_else(|| CatalogError::Unreadable {
            kind: "object",
            detail: format!("unknown kind {word:?}"),
        })
    }
}

/// Which object: the key of its row, and what its secret is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    pub kind: Kind,
    pub id: i64,
}

impl Key {
    /// The name under which the object's secret is sealed.
    pub fn owner(self) -> String {
        format!("{} {}", self.kind.word(), self.id)
    }
}

/// An object as it is stored.
pub(crate) struct Stored {
    pub key: Key,
    pub name: String,
    /// JSON, without the secret.
    pub body: String,
    pub secret: Option<Secret>,
}

/// Every object of a snapshot.
pub(crate) fn stored(snapshot: &Snapshot) -> Result<Vec<Stored>, CatalogError> {
    let mut all = Vec::new();
    for object in snapshot.organisations.values() {
        all.push(encode(
            Kind::Organisation,
            object.id.0.into(),
            &object.name,
            object,
        )?);
    }
    for object in snapshot.accounts.values() {
        let (open, secrets) = account::without_secrets(object);
        let mut stored = encode(Kind::Account, object.id.0.into(), &object.name, &open)?;
        stored.secret = secrets.sealable()?;
        all.push(stored);
    }
    for object in snapshot.connections.values() {
        let open = Connection {
            password: Secret::default(),
            ..object.clone()
        };
        let mut stored = encode(Kind::Connection, object.id.0.into(), &object.name, &open)?;
        stored.secret = Some(object.password.clone());
        all.push(stored);
    }
    for object in snapshot.route_groups.values() {
        all.push(encode(
            Kind::RouteGroup,
            object.id.0.into(),
            &object.name,
            object,
        )?);
    }
    for object in snapshot.business_types.values() {
        all.push(encode(
            Kind::BusinessType,
            object.id.0.into(),
            &object.name,
            object,
        )?);
    }
    for object in snapshot.templates.values() {
        all.push(encode(Kind::Template, object.id.0.into(), &object.name, object)?);
    }
    for object in snapshot.strategies.values() {
        all.push(encode(Kind::Strategy, object.id.0.into(), &object.name, object)?);
    }
    for object in snapshot.word_lists.values() {
        all.push(encode(Kind::WordList, object.id.0.into(), &object.name, object)?);
    }
    for object in snapshot.number_lists.values() {
        all.push(encode(
            Kind::NumberList,
            object.id.0.into(),
            &object.name,
            object,
        )?);
    }
    Ok(all)
}

/// Puts an object into a snapshot.
pub(crate) fn restore(
    kind: Kind,
    body: &str,
    secret: Option<Secret>,
    snapshot: &mut Snapshot,
) -> Result<(), CatalogError> {
    match kind {
        Kind::Organisation => {
            let object: Organisation = decode(kind, body)?;
            snapshot.organisations.insert(object.id, object);
        }
        Kind::Account => {
            let mut object: Account = decode(kind, body)?;
            account::restore_secrets(&mut object, secret)?;
            snapshot.accounts.insert(object.id, object);
        }
        Kind::Connection => {
            let mut object: Connection = decode(kind, body)?;
            object.password = secret.unwrap_or_default();
            snapshot.connections.insert(object.id, object);
        }
        Kind::RouteGroup => {
            let object: RouteGroup = decode(kind, body)?;
            snapshot.route_groups.insert(object.id, object);
        }
        Kind::BusinessType => {
            let object: BusinessType = decode(kind, body)?;
            snapshot.business_types.insert(object.id, object);
        }
        Kind::Template => {
            let object: Template = decode(kind, body)?;
            snapshot.templates.insert(object.id, object);
        }
        Kind::Strategy => {
            let object: SendingStrategy = decode(kind, body)?;
            snapshot.strategies.insert(object.id, object);
        }
        Kind::WordList => {
            let object: WordList = decode(kind, body)?;
            snapshot.word_lists.insert(object.id, object);
        }
        Kind::NumberList => {
            let object: NumberList = decode(kind, body)?;
            snapshot.number_lists.insert(object.id, object);
        }
    }
    Ok(())
}

pub(crate) fn to_json(kind: &'static str, object: &impl Serialize) -> Result<String, CatalogError> {
    serde_json::to_string(object).map_err(|error| CatalogError::Unreadable {
        kind,
        detail: error.to_string(),
    })
}

pub(crate) fn from_json<T: DeserializeOwned>(kind: &'static str, body: &str) -> Result<T, CatalogError> {
    serde_json::from_str(body).map_err(|error| CatalogError::Unreadable {
        kind,
        detail: error.to_string(),
    })
}

fn encode(kind: Kind, id: i64, name: &str, object: &impl Serialize) -> Result<Stored, CatalogError> {
    let key = Key { kind, id };
    Ok(Stored {
        key,
        name: name.to_owned(),
        body: to_json(kind.word(), object)?,
        secret: None,
    })
}

fn decode<T: DeserializeOwned>(kind: Kind, body: &str) -> Result<T, CatalogError> {
    from_json(kind.word(), body)
}
