use super::{RESERVE_MAX, SegmentLimits, gsm7};

/// How a text is written for the carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// One septet per octet.
    Gsm7,
    /// UTF-16, big-endian, without a byte order mark.
    Ucs2,
}

impl Coding {
    /// Units a character needs: septets, or UTF-16 code units.
    #[inline]
    pub(super) fn units(self, character: char) -> usize {
        match self {
            Coding::Gsm7 => gsm7::encode(character).map_or(1, gsm7::Septets::count),
            Coding::Ucs2 => character.len_utf16(),
        }
    }
}

/// What a text needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentPlan {
    pub coding: Coding,
    /// At least 1.
    pub segments: u8,
    /// Characters as carriers count them: UTF-16 code units, or septets (extension characters count two).
    pub characters: u32,
}

/// Why a text does not become segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SegmentError {
    #[error("the text is empty")]
    Empty,
    #[error("the text needs more than {segments_max} segments")]
    TooLong { segments_max: u8 },
    #[error("{reserve} characters are kept for the gateway's signature, the most is {RESERVE_MAX}")]
    ReserveTooLarge { reserve: u8 },
    #[error("the text does not divide into {segments} segments")]
    Indivisible { segments: u8 },
}

/// Coding and number of segments of `text`. Limits: see [`SegmentLimits`].
pub fn plan(text: &str, limits: &SegmentLimits) -> Result<SegmentPlan, SegmentError> {
    if limits.reserve > RESERVE_MAX {
        return Err(SegmentError::ReserveTooLarge {
            reserve: limits.reserve,
        });
    }
    if text.is_empty() {
        return Err(SegmentError::Empty);
    }
    let too_long = SegmentError::TooLong {
        segments_max: limits.segments_max,
    };
    if text.len() > limits.text_bytes_max() {
        return Err(too_long);
    }
    let measured = Measured::of(text, limits);
    let segments = measured.segments(text, limits);
    match u8::try_from(segments) {
        Ok(segments) if segments <= limits.segments_max => Ok(SegmentPlan {
            coding: measured.coding,
            segments,
            characters: measured.units as u32,
        }),
        _ => Err(too_long),
    }
}

struct Measured {
    coding: Coding,
    units: usize,
    /// Characters of two units occur, so that segments may end one unit short.
    wide: bool,
}

impl Measured {
    fn of(text: &str, limits: &SegmentLimits) -> Measured {
        if let Some((units, wide)) = gsm7::measure(text, limits.ascii_subset) {
            return Measured {
                coding: Coding::Gsm7,
                units,
                wide,
            };
        }
        // A leading byte from 0xf0 on is a character of two units. Looked for by the greatest byte, which the compiler
        // vectorises, because most texts have none.
        let wide = text.bytes().fold(0, u8::max) >= 0xf0;
        let units = if wide {
            text.encode_utf16().count()
        } else {
            text.chars().count()
        };
        Measured {
            coding: Coding::Ucs2,
            units,
            wide,
        }
    }

    fn segments(&self, text: &str, limits: &SegmentLimits) -> usize {
        let reserve = usize::from(limits.reserve);
        if self.units + reserve <= limits.single_units(self.coding) {
            return 1;
        }
        let part = limits.part_units(self.coding);
        if !self.wide {
            return (self.units + reserve).div_ceil(part);
        }
        let (mut segments, mut filled) = (1, 0);
        for units in text.chars().map(|character| self.coding.units(character)) {
            if filled + units > part {
                segments += 1;
                filled = 0;
            }
            filled += units;
        }
        // The last one lacks room for the reserve: its end moves on.
        segments + usize::from(filled + reserve > part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(wide_reference: bool, reserve: u8) -> SegmentLimits {
        SegmentLimits {
            wide_reference,
            reserve,
            ..SegmentLimits::default()
        }
    }

    #[test]
    fn boundaries() {
        let (narrow, wide, kept) = (limits(false, 0), limits(true, 0), limits(false, 10));
        let cmpp = SegmentLimits {
            ascii_subset: true,
            ..narrow
        };
        let cases = [
            // character, how many, limits, segments
            ('a', 160, narrow, 1),
            ('a', 161, narrow, 2),
            ('a', 306, narrow, 2),
            ('a', 307, narrow, 3),
            ('a', 304, wide, 2),
            ('a', 305, wide, 3),
            ('a', 150, kept, 1),
            ('a', 151, kept, 2),
            ('a', 296, kept, 2),
            ('a', 297, kept, 3),
            ('a', 159, cmpp, 1),
            ('a', 160, cmpp, 2),
            ('€', 80, narrow, 1),
            ('€', 81, narrow, 2),
            ('€', 152, narrow, 2),
            ('€', 153, narrow, 3),
            ('中', 70, narrow, 1),
            ('中', 71, narrow, 2),
            ('中', 134, narrow, 2),
            ('中', 135, narrow, 3),
            ('中', 132, wide, 2),
            ('中', 133, wide, 3),
            ('中', 60, kept, 1),
            ('中', 61, kept, 2),
            ('中', 124, kept, 2),
            ('中', 125, kept, 3),
            ('😀', 35, narrow, 1),
            ('😀', 36, narrow, 2),
            ('😀', 66, narrow, 2),
            ('😀', 67, narrow, 3),
            ('中', 1340, narrow, 20),
        ];
        for (character, count, limits, segments) in cases {
            let text = character.to_string().repeat(count);
            assert_eq!(
                plan(&text, &limits).map(|plan| plan.segments),
                Ok(segments),
                "{count} × {character}, {limits:?}"
            );
        }
    }

    #[test]
    fn coding_follows_the_text_and_the_carrier() {
        let cmpp = SegmentLimits {
            ascii_subset: true,
            ..SegmentLimits::default()
        };
        let cases = [
            ("code 123456", Coding::Gsm7, 11, Coding::Gsm7, 11),
            ("cost 5€", Coding::Gsm7, 8, Coding::Ucs2, 7),
            ("user@example.com", Coding::Gsm7, 16, Coding::Ucs2, 16),
            ("【医院】您好", Coding::Ucs2, 6, Coding::Ucs2, 6),
            ("ok 😀", Coding::Ucs2, 5, Coding::Ucs2, 5),
        ];
        for (text, coding, characters, coding_cmpp, characters_cmpp) in cases {
            let expected = SegmentPlan {
                coding,
                segments: 1,
                characters,
            };
            assert_eq!(plan(text, &SegmentLimits::default()), Ok(expected), "{text}");
            let expected = SegmentPlan {
                coding: coding_cmpp,
                segments: 1,
                characters: characters_cmpp,
            };
            assert_eq!(plan(text, &cmpp), Ok(expected), "{text} by CMPP");
        }
    }

    #[test]
    fn refused() {
        let one = SegmentLimits {
            segments_max: 1,
            ..SegmentLimits::default()
        };
        let all = SegmentLimits {
            segments_max: 255,
            ..SegmentLimits::default()
        };
        assert_eq!(plan("", &one), Err(SegmentError::Empty));
        assert_eq!(
            plan(&"中".repeat(71), &one),
            Err(SegmentError::TooLong { segments_max: 1 })
        );
        assert_eq!(
            plan(&"中".repeat(1_000_000), &one),
            Err(SegmentError::TooLong { segments_max: 1 })
        );
        assert_eq!(
            plan(&"中".repeat(255 * 67 + 1), &all),
            Err(SegmentError::TooLong { segments_max: 255 })
        );
        assert_eq!(
            plan(&"中".repeat(255 * 67), &all).map(|plan| plan.segments),
            Ok(255)
        );
        assert_eq!(
            plan("a", &limits(false, 41)),
            Err(SegmentError::ReserveTooLarge { reserve: 41 })
        );
    }
}
