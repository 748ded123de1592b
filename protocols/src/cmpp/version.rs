//! The two layouts of CMPP.

/// Which layout a connection speaks. CMPP 2.1 has the layout of 2.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    V20,
    V30,
}

impl Version {
    /// The version octet of CONNECT: high nibble major, low nibble minor (CMPP 2.0 §7.4.1.1).
    pub fn octet(self) -> u8 {
        match self {
            Version::V20 => 0x20,
            Version::V30 => 0x30,
        }
    }

    /// The layout for an announced version octet; `None` when it is newer than 3.x or older than 2.0.
    pub fn of_octet(octet: u8) -> Option<Self> {
        match octet {
            0x20..=0x2f => Some(Version::V20),
            0x30..=0x3f => Some(Version::V30),
            _ => None,
        }
    }

    /// Octets of a subscriber's number.
    pub(crate) fn terminal_width(self) -> usize {
        match self {
            Version::V20 => 21,
            Version::V30 => 32,
        }
    }

    /// Octets of the last field: Reserve in 2.0, LinkID in 3.0.
    pub(crate) fn link_id_width(self) -> usize {
        match self {
            Version::V20 => 8,
            Version::V30 => 20,
        }
    }
}
