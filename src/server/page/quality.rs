//! How much a client wants something, as headers such as `Accept` weigh it (RFC 9110, 12.4.2). Touch it only with its tests.

use axum::http::{HeaderMap, HeaderName};

/// The quality that a header gives to `item`, 0 to 1: its own entry's, else that of the first of `ranges` that stands there,
/// else `None`.
pub(super) fn quality(headers: &HeaderMap, name: &HeaderName, item: &str, ranges: &[&str]) -> Option<f32> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let entries: Vec<_> = values.flat_map(|value| value.split(',')).map(entry).collect();
    let of = |wanted: &str| {
        entries.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, quality)| *quality)
    };
    of(item).or_else(|| ranges.iter().find_map(|range| of(range)))
}

/// `name;q=0.5` in its parts; without a weight, or with one that is no number, it is 1.
fn entry(text: &str) -> (&str, f32) {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    let weight = weight.and_then(|q| q.trim().parse::<f32>().ok()).filter(|q| q.is_finite());
    (name, weight.map_or(1.0, |q| q.clamp(0.0, 1.0)))
}

#[cfg(test)]
mod tests {
    use axum::http::header::ACCEPT;

    use super::*;

    fn html(accept: &'static str) -> Option<f32> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().expect("a value"));
        quality(&headers, &ACCEPT, "text/html", &["text/*"])
    }

    #[test]
    fn the_nearest_entry_counts() {
        for (accept, expected) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Some(1.0)),
            ("application/json, TEXT/HTML ; q=0.3", Some(0.3)),
            ("text/*;q=0.5, text/html;q=0", Some(0.0)),
            ("text/*;q=0.5", Some(0.5)),
            ("text/html;level=1;q=7", Some(1.0)),
            ("text/html;q=NaN", Some(1.0)),
            ("*/*", None),
            ("", None),
        ] {
            assert_eq!(html(accept), expected, "{accept}");
        }
        assert_eq!(quality(&HeaderMap::new(), &ACCEPT, "text/html", &[]), None);
    }
}
