//! Moments as people write them: RFC 3339, or how long ago. Touch it when another spelling is to be understood.

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

/// Understands `2026-01-01T12:00:00Z`, `-1h`, `-90m`, `-7d` (each before `now`) and `now`.
///
/// # Errors
/// A sentence that says what was expected and what came.
pub fn moment(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let wrong = || {
        format!(
            "expected a time such as 2026-01-01T12:00:00Z, or how long ago, such as -1h, -30m or -7d, got {text:?} \
             (in a URL a + is written %2B)"
        )
    };
    if text == "now" {
        return Ok(now);
    }
    if let Some(ago) = text.strip_prefix('-') {
        let span: Span = ago.parse().map_err(|_| wrong())?;
        let days = SpanRelativeTo::days_are_24_hours();
        let ago = span.to_duration(days).ok().filter(|ago| *ago >= SignedDuration::ZERO).ok_or_else(wrong)?;
        return now.checked_sub(ago).map_err(|_| wrong());
    }
    text.parse().map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_understood() {
        let now: Timestamp = "2026-01-08T12:00:00Z".parse().expect("a time");
        for (text, is) in [
            ("now", "2026-01-08T12:00:00Z"),
            ("-1h", "2026-01-08T11:00:00Z"),
            ("-90m", "2026-01-08T10:30:00Z"),
            ("-1d12h", "2026-01-07T00:00:00Z"),
            ("-1w", "2026-01-01T12:00:00Z"),
            ("2026-01-01T12:00:00.5+02:00", "2026-01-01T10:00:00.5Z"),
        ] {
            assert_eq!(moment(text, now).expect(text).to_string(), is, "{text}");
        }
    }

    #[test]
    fn the_rest_is_refused() {
        for text in ["", "-", "--1h", "1h", "-1x", "yesterday", "2026-01-01", "-999999999d", "-1mo"] {
            let error = moment(text, Timestamp::UNIX_EPOCH).expect_err(text);
            assert!(error.contains("-7d"), "{error}");
        }
    }
}
