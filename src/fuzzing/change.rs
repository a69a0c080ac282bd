//! How an input is changed: bits, numbers at the edge of their type, pieces that go, come twice or come from another input.
//! The same for the same seed. Touch it when parsers break on something that it does not do.

use super::inputs::Input;

/// Random numbers (xorshift64*), the same in every run.
pub(super) struct Chance(u64);

impl Chance {
    /// Those of this name (FNV-1a).
    pub fn of(name: &str) -> Self {
        Self(name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        }))
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// Less than `bound`; 0 if that is 0.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap_or(0)
    }
}

/// What ends a text, a number, a list or a line.
const PIECES: [&[u8]; 20] = [
    b"\0",
    b"\n",
    b"\r\n\r\n",
    b"\"",
    b"'",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b"=",
    b":",
    b"://",
    b"%",
    b"%00",
    b"-1",
    b"99999999999999999999",
    b"1e999",
    "\u{202e}\u{fffd}".as_bytes(),
    b"\xff",
];

/// `bytes` with one to eight changes, at most `most` long.
pub(super) fn changed(chance: &mut Chance, bytes: &[u8], all: &[Input], most: usize) -> Vec<u8> {
    let mut bytes = bytes[..bytes.len().min(most)].to_vec();
    for _ in 0..=chance.below(8) {
        change(chance, &mut bytes, all);
        bytes.truncate(most);
    }
    bytes
}

fn change(chance: &mut Chance, bytes: &mut Vec<u8>, all: &[Input]) {
    let at = chance.below(bytes.len() + 1);
    let rest = bytes.len() - at;
    // Most headers are short, and so are most fields of a text.
    let short = (1 + chance.below(16)).min(rest);
    match chance.below(9) {
        0 if rest > 0 => bytes[at] ^= 1 << chance.below(8),
        1 if rest > 0 => bytes[at] = u8::try_from(chance.below(256)).unwrap_or(0),
        2 => {
            let edge = [0, 0xff, 0x7f, 0x80][chance.below(4)];
            let width = [1, 2, 4, 8][chance.below(4)].min(rest);
            bytes[at..at + width].fill(edge);
        }
        3 => drop(bytes.drain(at..at + short)),
        4 => bytes.truncate(at),
        5 => {
            let piece = bytes[at..at + short].to_vec();
            let times = 1 + chance.below(64);
            bytes.splice(at..at, piece.repeat(times));
        }
        6 => drop(bytes.splice(at..at, PIECES[chance.below(PIECES.len())].iter().copied())),
        7 => {
            let other = &all[chance.below(all.len())].bytes;
            let from = chance.below(other.len() + 1);
            let length = chance.below((other.len() - from).min(2048) + 1);
            let over = if chance.below(2) == 0 { 0 } else { length.min(rest) };
            bytes.splice(at..at + over, other[from..from + length].iter().copied());
        }
        _ => {
            let to = chance.below(bytes.len() + 1).min(bytes.len() - short);
            let piece: Vec<u8> = bytes.drain(at..at + short).collect();
            bytes.splice(to..to, piece);
        }
    }
}

#[test]
fn the_same_seed_changes_the_same_and_nothing_grows_without_bound() {
    let all = [
        Input { name: "one".into(), bytes: (0..=255).collect() },
        Input { name: "none".into(), bytes: Vec::new() },
    ];
    let run = |name: &str| {
        let mut chance = Chance::of(name);
        (0..2000).map(|round| changed(&mut chance, &all[round % 2].bytes, &all, 300)).collect::<Vec<_>>()
    };
    let (first, other) = (run("a"), run("b"));
    assert!(first == run("a") && first != other);
    assert!(first.iter().all(|bytes| bytes.len() <= 300));
    let distinct: std::collections::BTreeSet<_> = first.iter().collect();
    assert!(distinct.len() > 1000, "{}", distinct.len());
}
