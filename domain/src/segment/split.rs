use super::{Coding, Payload, SegmentError, SegmentLimits, SegmentPlan, plan};

/// One segment of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Counts from 1.
    pub number: u8,
    pub total: u8,
    pub coding: Coding,
    /// The part of the text it carries.
    pub text: &'a str,
}

impl Segment<'_> {
    /// The bytes for the carrier, without concatenation header.
    pub fn payload(&self) -> Payload {
        Payload::encode(self.text, self.coding)
    }
}

/// Shows no content (PII-1).
impl std::fmt::Debug for Segment<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Segment({}/{}, {:?}, {} bytes)",
            self.number,
            self.total,
            self.coding,
            self.text.len()
        )
    }
}

/// The fewest segments that carry `text`, in order.
pub fn segments<'a>(text: &'a str, limits: &SegmentLimits) -> Result<Segments<'a>, SegmentError> {
    Ok(Segments::new(text, plan(text, limits)?, limits))
}

/// `text` in exactly `total` segments: a message keeps the count it was accepted and priced with, also when the limits of
/// its connection changed since. Errors when it needs more, or has fewer characters.
pub fn split<'a>(text: &'a str, total: u8, limits: &SegmentLimits) -> Result<Segments<'a>, SegmentError> {
    let needed = plan(
        text,
        &SegmentLimits {
            segments_max: u8::MAX,
            ..*limits
        },
    )?;
    let segments = Segments::new(
        text,
        SegmentPlan {
            segments: total,
            ..needed
        },
        limits,
    );
    if total < needed.segments || usize::from(total) > segments.characters_left {
        return Err(SegmentError::Indivisible { segments: total });
    }
    Ok(segments)
}

/// Segments in order. Every one but the last is filled as far as the ones behind it keep a character each.
#[derive(Clone)]
pub struct Segments<'a> {
    rest: &'a str,
    characters_left: usize,
    coding: Coding,
    next_number: u8,
    total: u8,
    units_max: usize,
}

impl<'a> Segments<'a> {
    fn new(text: &'a str, plan: SegmentPlan, limits: &SegmentLimits) -> Self {
        Segments {
            rest: text,
            characters_left: text.chars().count(),
            coding: plan.coding,
            next_number: 1,
            total: plan.segments,
            units_max: limits.part_units(plan.coding),
        }
    }

    pub fn total(&self) -> u8 {
        self.total
    }

    pub fn coding(&self) -> Coding {
        self.coding
    }

    /// Length in bytes of the next segment's text, and its characters.
    fn next_cut(&self) -> (usize, usize) {
        let kept_back = usize::from(self.total - self.next_number);
        if kept_back == 0 {
            return (self.rest.len(), self.characters_left);
        }
        let mut units = 0;
        let mut taken = 0;
        for (position, character) in self.rest.char_indices() {
            units += self.coding.units(character);
            if units > self.units_max || taken + kept_back == self.characters_left {
                return (position, taken);
            }
            taken += 1;
        }
        (self.rest.len(), taken)
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let (bytes, characters) = self.next_cut();
        let (text, rest) = self.rest.split_at(bytes);
        let segment = Segment {
            number: self.next_number,
            total: self.total,
            coding: self.coding,
            text,
        };
        self.rest = rest;
        self.characters_left -= characters;
        self.next_number = self.next_number.saturating_add(1);
        Some(segment)
    }
}

#[cfg(test)]
mod tests {
    use super::super::decode_gsm7;
    use super::*;
    use proptest::prelude::*;

    fn decode(segment: &Segment<'_>) -> String {
        let payload = segment.payload();
        match segment.coding {
            Coding::Gsm7 => decode_gsm7(&payload),
            Coding::Ucs2 => {
                let units: Vec<u16> = payload
                    .chunks_exact(2)
                    .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
                    .collect();
                String::from_utf16(&units).expect("no surrogate pair is cut")
            }
        }
    }

    fn any_limits() -> impl Strategy<Value = SegmentLimits> {
        (any::<bool>(), 0..=super::super::RESERVE_MAX, any::<bool>()).prop_map(
            |(wide_reference, reserve, ascii_subset)| SegmentLimits {
                wide_reference,
                reserve,
                segments_max: 255,
                ascii_subset,
            },
        )
    }

    fn any_text() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-zA-Z0-9 ,.]{1,700}",
            "[a-z€\\[\\]{}^é@]{1,700}",
            "[一-龥]{1,300}",
            "[一二a😀𠀀]{1,300}",
            "\\PC{1,200}",
        ]
    }

    fn check(text: &str, segments: Segments<'_>, limits: &SegmentLimits) {
        let total = segments.total();
        let units = match segments.coding() {
            Coding::Gsm7 => 1,
            Coding::Ucs2 => 2,
        };
        let coding = segments.coding();
        let all: Vec<_> = segments.collect();
        assert_eq!(all.len(), usize::from(total));
        assert_eq!(all.iter().map(decode).collect::<String>(), text);
        let limit = if total == 1 {
            limits.single_units(coding)
        } else {
            limits.part_units(coding)
        };
        for (index, segment) in all.iter().enumerate() {
            assert_eq!(usize::from(segment.number), index + 1);
            assert_eq!(segment.total, total);
            let kept = if segment.number == total {
                usize::from(limits.reserve)
            } else {
                0
            };
            let length = segment.payload().len() / units;
            assert!(
                length >= 1 && length + kept <= limit,
                "{segment:?}: {length} + {kept} units, {limit} allowed"
            );
        }
    }

    #[test]
    fn a_pair_on_the_border_moves_to_the_next_segment() {
        let text = format!("{}😀{}", "中".repeat(66), "中".repeat(10));
        let parts: Vec<_> = segments(&text, &SegmentLimits::default()).unwrap().collect();
        assert_eq!(parts[0].text.chars().count(), 66);
        assert!(parts[1].text.starts_with('😀'));
        let text = format!("{}€{}", "a".repeat(152), "a".repeat(20));
        let parts: Vec<_> = segments(&text, &SegmentLimits::default()).unwrap().collect();
        assert_eq!(parts[0].payload().len(), 152);
        assert_eq!(&parts[1].payload()[..2], &[0x1b, 0x65]);
    }

    #[test]
    fn room_for_the_gateway_s_signature_is_kept() {
        let limits = SegmentLimits {
            reserve: 10,
            ..SegmentLimits::default()
        };
        let text = "中".repeat(65);
        let lengths: Vec<_> = segments(&text, &limits)
            .unwrap()
            .map(|part| part.text.chars().count())
            .collect();
        assert_eq!(lengths, [64, 1]);
    }

    #[test]
    fn a_count_decided_earlier_is_kept() {
        let limits = SegmentLimits::default();
        let text = "中".repeat(134);
        let lengths = |total| -> Vec<_> {
            split(&text, total, &limits)
                .unwrap()
                .map(|part| part.text.chars().count())
                .collect()
        };
        assert_eq!(lengths(2), [67, 67]);
        assert_eq!(lengths(3), [67, 66, 1]);
        assert_eq!(
            split(&text, 1, &limits).err(),
            Some(SegmentError::Indivisible { segments: 1 })
        );
        assert_eq!(
            split("ab", 3, &limits).err(),
            Some(SegmentError::Indivisible { segments: 3 })
        );
        assert_eq!(
            split("ab", 0, &limits).err(),
            Some(SegmentError::Indivisible { segments: 0 })
        );
        assert_eq!(split("ab", 2, &limits).unwrap().count(), 2);
    }

    proptest! {
        #[test]
        fn segments_join_to_the_text_and_fit(text in any_text(), limits in any_limits()) {
            let planned = plan(&text, &limits).unwrap();
            let made = segments(&text, &limits).unwrap();
            prop_assert_eq!((made.total(), made.coding()), (planned.segments, planned.coding));
            check(&text, made, &limits);
        }

        #[test]
        fn a_larger_count_is_kept(text in any_text(), limits in any_limits(), more in 0u8..5) {
            let total = plan(&text, &limits).unwrap().segments.saturating_add(more);
            match split(&text, total, &limits) {
                Ok(made) => check(&text, made, &limits),
                Err(error) => {
                    prop_assert_eq!(error, SegmentError::Indivisible { segments: total });
                    prop_assert!(text.chars().count() < usize::from(total));
                }
            }
        }
    }
}
