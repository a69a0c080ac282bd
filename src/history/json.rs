//! The two things that are asked of an event's JSON without parsing it: fewer labels, and the best one's probability.
//! Touch it when another part of an event must be cut while it is read. Events of other versions pass as they are.

/// The same event with at most `k` labels in `top`, at least one; whatever has no `top` stays as it is.
pub fn cut_top(json: &str, k: usize) -> String {
    let Some((begin, end)) = top(json) else { return json.to_owned() };
    let list = &json[begin..end];
    let mut depth = 0;
    let mut seen = 0;
    for (at, byte) in outside_strings(list) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 && byte == b'}' {
                    seen += 1;
                    if seen == k.max(1) {
                        let cut = begin + at + 1;
                        return format!("{}{}", &json[..cut], &json[end..]);
                    }
                }
            }
            _ => {}
        }
    }
    json.to_owned()
}

/// Probability of the best label; `None` for what has no `top`.
pub fn top_p(json: &str) -> Option<f32> {
    let (begin, end) = top(json)?;
    let list = &json[begin..end];
    let end = outside_strings(list).find(|(_, byte)| *byte == b'}').map_or(list.len(), |(at, _)| at);
    let first = &list[..end];
    let number = first.rsplit_once(r#""p":"#)?.1;
    number.trim().parse().ok()
}

/// What stands between the brackets of the event's own `top`.
fn top(json: &str) -> Option<(usize, usize)> {
    const KEY: &str = r#""top":["#;
    let mut depth = 0;
    let mut begin = None;
    for (at, byte) in walk(json) {
        match (begin, byte) {
            (None, b'"') if depth == 1 && json[at..].starts_with(KEY) => begin = Some(at + KEY.len()),
            (_, b'{' | b'[') => depth += 1,
            (Some(begin), b']') if depth == 2 => return Some((begin, at)),
            (_, b'}' | b']') => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Every structural byte outside strings, and the opening quote of each string.
fn walk(json: &str) -> impl Iterator<Item = (usize, u8)> {
    let (mut inside, mut escaped) = (false, false);
    json.bytes().enumerate().filter(move |(_, byte)| {
        if inside {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => inside = false,
                _ => {}
            }
            return false;
        }
        inside = *byte == b'"';
        true
    })
}

fn outside_strings(json: &str) -> impl Iterator<Item = (usize, u8)> {
    walk(json).filter(|(_, byte)| *byte != b'"')
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: &str = r#"{"type":"genre.window","x":{"top":[1]},"s":"\"top\":[{","top":[{"label":"a}]\"","p":0.71},{"label":"b","p":1e-3},{"label":"c","p":0}],"v":1}"#;

    #[test]
    fn top_is_cut_and_nothing_else() {
        let one = r#"{"type":"genre.window","x":{"top":[1]},"s":"\"top\":[{","top":[{"label":"a}]\"","p":0.71}],"v":1}"#;
        assert_eq!(cut_top(WINDOW, 1), one);
        assert_eq!(cut_top(WINDOW, 0), one);
        assert!(cut_top(WINDOW, 2).ends_with(r#"{"label":"b","p":1e-3}],"v":1}"#));
        for k in [3, 4, usize::MAX] {
            assert_eq!(cut_top(WINDOW, k), WINDOW);
        }
        let other = r#"{"type":"genre.changed","to":{"label":"jazz"}}"#;
        assert_eq!(cut_top(other, 1), other);
    }

    #[test]
    fn the_best_probability_is_read() {
        assert_eq!(
            top_p(r#"{"type":"genre.window","top":[{"label":"a","p":0.71},{"label":"b","p":0.2}]}"#),
            Some(0.71)
        );
        assert_eq!(top_p(r#"{"top":[]}"#), None);
        assert_eq!(top_p(r#"{"type":"source.gap"}"#), None);
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic(text in r#"[{}\[\]",:a0.\\]{0,60}"#, k in 0usize..4) {
            let _ = (cut_top(&text, k), top_p(&text));
        }
    }
}
