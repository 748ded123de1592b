//! Labels beside the ends of lines.

/// Moves places (downwards) apart so that no two are closer than `gap` and all stay between 0 and `height`, each as near
/// to where it wants to be as its neighbours allow. Their order stays.
pub fn spread(wanted: &[f64], gap: f64, height: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
    let mut places = wanted.to_vec();
    let mut free_from = 0.0;
    for &index in &order {
        places[index] = places[index].max(free_from);
        free_from = places[index] + gap;
    }
    let mut free_to = height;
    for &index in order.iter().rev() {
        places[index] = places[index].min(free_to);
        free_to = places[index] - gap;
    }
    places
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_keep_their_distance() {
        assert_eq!(spread(&[10.0, 60.0], 32.0, 100.0), [10.0, 60.0]);
        assert_eq!(spread(&[50.0, 40.0, 45.0], 30.0, 100.0), [100.0, 40.0, 70.0]);
        assert_eq!(spread(&[99.0, 98.0], 30.0, 100.0), [100.0, 70.0]);
        assert!(spread(&[], 30.0, 100.0).is_empty());
    }

    proptest! {
        #[test]
        fn labels_never_overlap(wanted in proptest::collection::vec(0.0..100.0, 0..4)) {
            let mut places = spread(&wanted, 25.0, 100.0);
            places.sort_by(f64::total_cmp);
            prop_assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= 24.999));
            prop_assert!(places.iter().all(|place| (0.0..=100.0).contains(place)));
        }
    }
}
