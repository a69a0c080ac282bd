//! From when to when a certificate is valid: the one thing of it that must be told to people, read from its DER (RFC 5280,
//! section 4.1). Touch it when more of a certificate is to be known; whether it is good is for clients to judge.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// From when to when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
}

impl Validity {
    /// Of a certificate in DER.
    pub(super) fn of(certificate: &[u8]) -> Option<Self> {
        let (tag, certificate, _) = element(certificate)?;
        let (inner, mut rest, _) = element(certificate)?;
        if (tag, inner) != (SEQUENCE, SEQUENCE) {
            return None;
        }
        // A version, if any, then serial number, signature and issuer come before.
        let (first, _, behind) = element(rest)?;
        if first == VERSION {
            rest = behind;
        }
        for _ in 0..3 {
            (_, _, rest) = element(rest)?;
        }
        let (tag, validity, _) = element(rest)?;
        let (from_tag, from, behind) = element(validity)?;
        let (until_tag, until, _) = element(behind)?;
        let known = tag == SEQUENCE;
        known.then_some(Self { from: time(from_tag, from)?, until: time(until_tag, until)? })
    }
}

/// Tag and content of the first element, and what comes behind it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first);
    if first & 0x80 != 0 {
        let count = usize::from(first & 0x7f);
        let digits = rest.get(..count).filter(|_| (1..=4).contains(&count))?;
        length = digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit));
        rest = rest.get(count..)?;
    }
    Some((tag, rest.get(..length)?, rest.get(length..)?))
}

/// `YYMMDDHHMMSSZ` of 1950 to 2049, or `YYYYMMDDHHMMSSZ`.
fn time(tag: u8, text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = text.split_at_checked(match tag {
        UTC_TIME => 2,
        GENERALIZED_TIME => 4,
        _ => return None,
    })?;
    let year: i16 = year.parse().ok()?;
    let year = match tag {
        UTC_TIME if year < 50 => 2000 + year,
        UTC_TIME => 1900 + year,
        _ => year,
    };
    let part = |at: usize| rest.get(at..at + 2)?.parse::<i8>().ok();
    let at = DateTime::new(year, part(0)?, part(2)?, part(4)?, part(6)?, part(8)?, 0).ok()?;
    at.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    #[test]
    fn both_forms_of_time_are_read() {
        let key = KeyPair::generate().expect("a key");
        for (until, says) in
            [(2049, "2049-02-03T00:00:00Z"), (2050, "2050-02-03T00:00:00Z"), (4000, "4000-02-03T00:00:00Z")]
        {
            let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
            params.not_before = date_time_ymd(1999, 12, 31);
            params.not_after = date_time_ymd(until, 2, 3);
            let signed = params.self_signed(&key).expect("signed");
            let validity = Validity::of(signed.der()).expect("a certificate");
            assert_eq!(validity.from.to_string(), "1999-12-31T00:00:00Z");
            assert_eq!(validity.until.to_string(), says);
            for cut in 0..signed.der().len().min(200) {
                assert_eq!(Validity::of(&signed.der()[..cut]), None);
            }
        }
        assert_eq!(time(UTC_TIME, b"991332000000Z"), None);
        assert_eq!(time(UTC_TIME, "9é1231000000Z".as_bytes()), None);
    }
}
