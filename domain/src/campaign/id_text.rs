use crate::ids::CampaignId;

const PREFIX: &str = "cmp_";
const CROCKFORD: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const DIGITS: usize = 7;

/// Text that is not a campaign id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a campaign id: expected `cmp_` and 7 characters")]
pub struct InvalidCampaignId;

impl CampaignId {
    /// As callers see it: `cmp_` and 7 characters of Crockford's base 32.
    pub fn text(self) -> String {
        let digit = |place: usize| CROCKFORD[(u64::from(self.0) >> (5 * (DIGITS - 1 - place))) as usize & 31];
        let digits = (0..DIGITS).map(|place| digit(place) as char);
        PREFIX.chars().chain(digits).collect()
    }

    /// The id of a text that [`CampaignId::text`] made.
    pub fn of_text(text: &str) -> Result<CampaignId, InvalidCampaignId> {
        let digits = text.strip_prefix(PREFIX).ok_or(InvalidCampaignId)?;
        if digits.len() != DIGITS {
            return Err(InvalidCampaignId);
        }
        let mut value: u64 = 0;
        for digit in digits.bytes() {
            let position = CROCKFORD
                .iter()
                .position(|known| *known == digit.to_ascii_lowercase())
                .ok_or(InvalidCampaignId)?;
            value = value << 5 | position as u64;
        }
        u32::try_from(value)
            .map(CampaignId)
            .map_err(|_| InvalidCampaignId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_texts() {
        assert_eq!(CampaignId(1).text(), "cmp_0000001");
        assert_eq!(CampaignId(u32::MAX).text(), "cmp_3zzzzzz");
        for wrong in [
            "",
            "cmp_",
            "cmp_1",
            "msg_0000001",
            "cmp_4000000",
            "cmp_000000u",
            "cmp_00000001",
        ] {
            assert_eq!(CampaignId::of_text(wrong), Err(InvalidCampaignId), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn text_and_number_agree(value: u32, foreign in ".{0,12}") {
            prop_assert_eq!(CampaignId::of_text(&CampaignId(value).text()), Ok(CampaignId(value)));
            if let Ok(id) = CampaignId::of_text(&foreign) {
                prop_assert_eq!(id.text(), foreign.to_ascii_lowercase());
            }
        }
    }
}
