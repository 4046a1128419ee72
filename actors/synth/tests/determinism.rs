//! What a seed promises: the same bytes, whatever part of them is made, and whoever asks.

use callboard_synth::{BLOCK_ROWS, Entity, Request, encode};

fn encoded(request: &Request, range: std::ops::Range<u64>) -> Vec<u8> {
    let spec = request.clone().resolve().unwrap();
    let mut out = Vec::new();
    encode(&spec, range, &mut out, || false).unwrap();
    out
}

#[test]
fn any_range_is_the_slice_of_the_whole() {
    for entity in Entity::ALL {
        let request = Request {
            entity,
            rows: 2 * BLOCK_ROWS + 100,
            ..Request::default()
        };
        let whole = encoded(&request, 0..request.rows);
        let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
        assert_eq!(lines.len() as u64, request.rows);
        for range in [
            0..1,
            100..200,
            BLOCK_ROWS - 3..BLOCK_ROWS + 3,
            request.rows - 5..request.rows + 9,
        ] {
            let slice = &lines[range.start as usize..(range.end as usize).min(lines.len())];
            assert_eq!(encoded(&request, range), slice.concat());
        }
    }
}
