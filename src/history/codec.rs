//! An event's JSON as it lies in the file: a check sum, its length, and LZ4 over a dictionary, which is an earlier event
//! of the same source and type. Touch it when events are to take less room.
//!
//! Two events of a kind differ in numbers and times only, so most of the text is already in the dictionary.

use lz4_flex::block;

/// Longest text taken, in bytes: far above any event, far below what would hurt.
pub(super) const LONGEST: usize = 1 << 20;

/// Longest dictionary, in bytes: LZ4 looks no farther back.
pub(super) const LONGEST_DICTIONARY: usize = 32 << 10;

/// Bytes before the compressed text: CRC-32 and length of the text, both little-endian.
const HEAD: usize = 8;

/// Packs a text; `None` if it is too long to be an event.
pub(super) fn pack(text: &str, dictionary: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(text.len()).ok().filter(|_| text.len() <= LONGEST)?;
    let mut packed = Vec::with_capacity(HEAD + text.len() / 2);
    packed.extend(crc32fast::hash(text.as_bytes()).to_le_bytes());
    packed.extend(length.to_le_bytes());
    packed.extend(block::compress_with_dict(text.as_bytes(), dictionary));
    Some(packed)
}

/// The text; `None` if what was packed has been damaged.
pub(super) fn unpack(packed: &[u8], dictionary: &[u8]) -> Option<String> {
    let (sum, rest) = packed.split_first_chunk::<4>()?;
    let (length, body) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok().filter(|length| *length <= LONGEST)?;
    let text = block::decompress_with_dict(body, length, dictionary).ok()?;
    let whole = text.len() == length && crc32fast::hash(&text) == u32::from_le_bytes(*sum);
    String::from_utf8(text).ok().filter(|_| whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn what_was_packed_is_unpacked(text in ".{0,400}", dictionary in proptest::collection::vec(0u8.., 0..600)) {
            let packed = pack(&text, &dictionary).expect("short");
            proptest::prop_assert_eq!(unpack(&packed, &dictionary), Some(text));
        }

        #[test]
        fn damage_is_noticed(text in "[a-z]{20,200}", at in 0usize..1000, change in 1u8..) {
            let mut packed = pack(&text, b"abcdefgh").expect("short");
            let at = at % packed.len();
            packed[at] ^= change;
            let unpacked = unpack(&packed, b"abcdefgh");
            proptest::prop_assert!(unpacked.is_none() || unpacked == Some(text));
        }

        #[test]
        fn anything_else_is_refused(packed in proptest::collection::vec(0u8.., 0..200)) {
            // A random check sum of 32 bits does not fit.
            proptest::prop_assert_eq!(unpack(&packed, b"dictionary").filter(|text| !text.is_empty()), None);
        }
    }

    #[test]
    fn an_event_of_the_same_kind_costs_little() {
        let of = |p: f32, seq: u32| {
            format!(
                r#"{{"type":"genre.window","top":[{{"label":"jazz","p":{p}}},{{"label":"blues","p":0.1}}],"v":1,"epoch":"01J9ZK3NDEKTSV4RRFFQ69G5FA","seq":{seq},"model":{{"sha256":"{}"}}}}"#,
                "0f".repeat(32)
            )
        };
        let packed = pack(&of(0.712_345, 1842), of(0.3, 1).as_bytes()).expect("short");
        assert!(packed.len() * 3 < of(0.5, 7).len(), "{} bytes", packed.len());
    }

    #[test]
    fn what_is_too_long_is_not_taken() {
        assert_eq!(pack(&"x".repeat(LONGEST + 1), b""), None);
    }
}
