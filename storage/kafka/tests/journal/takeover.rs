use crate::house::House;
use carillon_storage::conformance::journal::{Watch, append_all, read_frames};
use carillon_storage::journal::{FrameSeq, Journal, JournalError};
use std::sync::Arc;

/// The former owner learns of it at its next frame, which counts for nobody.
#[test]
fn whoever_opens_the_lane_last_owns_it() {
    let house = House::new();
    let first: Arc<dyn Journal> = Arc::new(house.open_as("node-1").unwrap());
    let watch = Watch::new(&first);
    append_all(&*first, &[vec![1], vec![2]]);
    assert!(watch.durable(FrameSeq(2)));

    let second: Arc<dyn Journal> = Arc::new(house.open_as("node-2").unwrap());
    assert_eq!(second.durable(), FrameSeq(2));
    assert_eq!(first.failure(), None, "it does not know yet");
    first.append(vec![3]).unwrap();
    let reason = watch.failure();
    assert!(reason.contains("node-2 has taken over"), "{reason}");
    assert_eq!(first.durable(), FrameSeq(2));
    assert!(matches!(first.append(vec![4]), Err(JournalError::Failed { .. })));

    // The second one writes on over what the first has put in between.
    assert_eq!(second.append(vec![30]).unwrap(), FrameSeq(3));
    assert!(Watch::new(&second).durable(FrameSeq(3)));
    assert_eq!(second.failure(), None);
    let third: Arc<dyn Journal> = Arc::new(house.open_as("node-3").unwrap());
    for journal in [&second, &third] {
        let frames = read_frames(&**journal, FrameSeq(1)).unwrap();
        let payloads: Vec<_> = frames.into_iter().map(|frame| frame.payload).collect();
        assert_eq!(payloads, [vec![1], vec![2], vec![30]]);
    }
}
