use super::code;
use carillon_domain::fact::StatusCode;
use carillon_domain::ids::{AccountId, ConnectionId, TenantId};
use carillon_domain::plan::ChannelKind;
use carillon_domain::province::Province;
use carillon_domain::tally::{Dimensions, LatencyBucket, Measure};

/// Dimensions in one number, in the order of the table's columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place(u128);

const ACCOUNT: u32 = 64;
const KIND: u32 = 56;
const CONNECTION: u32 = 32;
const CARRIER: u32 = 24;
const TENANT: u32 = 96;

impl Place {
    pub fn of(dimensions: Dimensions) -> Self {
        let connection = dimensions
            .connection
            .map_or(0, |connection| u128::from(connection.0) + 1);
        Place(
            u128::from(dimensions.tenant.0) << TENANT
                | u128::from(dimensions.account.0) << ACCOUNT
                | u128::from(code::encode_kind(dimensions.kind)) << KIND
                | connection << CONNECTION
                | u128::from(code::encode_carrier(dimensions.carrier)) << CARRIER
                | u128::from(u8::from(dimensions.province)),
        )
    }

    /// The same without carrier and province: they become the unknown, which has 0.
    pub fn without_origin(self) -> Self {
        Place(self.0 >> CONNECTION << CONNECTION)
    }

    /// In their order, so that places sort as their bytes do.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Place(u128::from_be_bytes(bytes))
    }

    /// Tenant, account, kind, connection, carrier, province as they stand in the table.
    pub fn columns(self) -> [i64; 6] {
        let part = |shift: u32, bits: u32| (self.0 >> shift & ((1 << bits) - 1)) as i64;
        [
            part(TENANT, 32),
            part(ACCOUNT, 32),
            part(KIND, 8),
            part(CONNECTION, 24) - 1,
            part(CARRIER, 8),
            part(0, 8),
        ]
    }
}

/// One kind of answer of one connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CodeKey {
    pub at: u64,
    pub link: Link,
    pub measure: u8,
    pub code: StatusCode,
}

/// One length of time of one connection's deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LatencyKey {
    pub at: u64,
    pub link: Link,
    pub bucket: LatencyBucket,
}

/// Connection and kind as they stand in the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Link {
    pub connection: i64,
    pub kind: u8,
}

impl Link {
    pub fn of(dimensions: Dimensions) -> Self {
        Link {
            connection: dimensions.connection.map_or(-1, |connection| connection.0.into()),
            kind: code::encode_kind(dimensions.kind),
        }
    }
}

/// What stands in a table and means nothing to this program.
#[derive(Debug, thiserror::Error)]
#[error("{value} is no {what}")]
pub struct Meaningless {
    what: &'static str,
    value: i64,
}

pub fn tenant(value: i64) -> Result<TenantId, Meaningless> {
    number(value, "tenant").map(TenantId)
}

pub fn account(value: i64) -> Result<AccountId, Meaningless> {
    number(value, "account").map(AccountId)
}

pub fn connection(value: i64) -> Result<Option<ConnectionId>, Meaningless> {
    if value == -1 {
        return Ok(None);
    }
    number(value, "connection").map(|id| Some(ConnectionId(id)))
}

pub fn kind(value: i64) -> Result<ChannelKind, Meaningless> {
    let known = number(value, "kind").map(code::decode_kind)?;
    known.ok_or(Meaningless { what: "kind", value })
}

pub fn carrier(value: i64) -> Result<carillon_domain::catalog::Carrier, Meaningless> {
    let known = number(value, "carrier").map(code::decode_carrier)?;
    known.ok_or(Meaningless {
        what: "carrier",
        value,
    })
}

pub fn province(value: i64) -> Result<Province, Meaningless> {
    number::<u8>(value, "province").map(Province::from)
}

pub fn measure(value: i64) -> Result<Measure, Meaningless> {
    let known = Measure::ALL.get(number::<usize>(value, "measure")?).copied();
    known.ok_or(Meaningless {
        what: "measure",
        value,
    })
}

pub fn latency_bucket(value: i64) -> Result<LatencyBucket, Meaningless> {
    let what = "length of time";
    LatencyBucket::from_index(number(value, what)?).ok_or(Meaningless { what, value })
}

fn number<T: TryFrom<i64>>(value: i64, what: &'static str) -> Result<T, Meaningless> {
    T::try_from(value).map_err(|_| Meaningless { what, value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_domain::catalog::Carrier;

    #[test]
    fn dimensions_stand_in_their_columns() {
        let all = Dimensions {
            tenant: TenantId(u32::MAX),
            account: AccountId(u32::MAX - 1),
            kind: ChannelKind::Alipay,
            connection: Some(ConnectionId(u16::MAX)),
            carrier: Carrier::Virtual,
            province: Province::from(34),
        };
        let columns = Place::of(all).columns();
        assert_eq!(columns, [4_294_967_295, 4_294_967_294, 9, 65_535, 5, 34]);
        let none = Dimensions {
            tenant: TenantId(0),
            account: AccountId(0),
            kind: ChannelKind::Sms,
            connection: None,
            carrier: Carrier::Unknown,
            province: Province::UNKNOWN,
        };
        assert_eq!(Place::of(none).columns(), [0, 0, 0, -1, 0, 0]);
        let [tenant, account, kind, connection, ..] = columns;
        assert_eq!(
            Place::of(all).without_origin().columns(),
            [tenant, account, kind, connection, 0, 0]
        );
    }

    #[test]
    fn what_means_nothing_is_refused() {
        assert!(tenant(-1).is_err() && account(1 << 32).is_err());
        assert!(connection(-2).is_err() && connection(65_536).is_err());
        assert!(kind(10).is_err() && carrier(6).is_err() && measure(14).is_err());
        assert!(latency_bucket(128).is_err() && latency_bucket(-1).is_err());
    }
}
