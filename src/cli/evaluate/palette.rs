//! The colours of the heat map, on light and on dark ground. Touch it to give it others; a test watches the contrast.

/// Red, green and blue.
type Colour = [u8; 3];

struct Palette {
    ground: Colour,
    ink: Colour,
    empty: Colour,
    faint: Colour,
    /// Laid over `empty`, as opaque as the share.
    cell: Colour,
    /// Ink of a number from this share on, and below it.
    turns_at: f64,
    inks: [Colour; 2],
}

const BLACK: Colour = [0, 0, 0];
const WHITE: Colour = [255, 255, 255];

const LIGHT: Palette = Palette {
    ground: WHITE,
    ink: [17, 17, 17],
    empty: [240, 242, 245],
    faint: [91, 98, 112],
    cell: [8, 81, 156],
    turns_at: 0.76,
    inks: [WHITE, BLACK],
};

const DARK: Palette = Palette {
    ground: [17, 17, 17],
    ink: [238, 238, 238],
    empty: [29, 32, 38],
    faint: [156, 163, 175],
    cell: [108, 182, 255],
    turns_at: 0.6,
    inks: [BLACK, WHITE],
};

/// The classes of a number: for a share of 0, and up to each of the shares at which an ink turns.
pub(super) fn ink(share: f64) -> &'static str {
    match share {
        share if share <= 0.0 => "none",
        share if share < DARK.turns_at => "few",
        share if share < LIGHT.turns_at => "some",
        _ => "most",
    }
}

/// The style sheet.
pub(super) fn style() -> String {
    format!(
        "text{{font-family:system-ui,sans-serif;font-size:14px}}.title{{font-size:17px;font-weight:600}}\
         .number{{text-anchor:middle}}.right{{fill:none;stroke-width:1.5}}\
         {}@media(prefers-color-scheme:dark){{{}}}",
        rules(&LIGHT),
        rules(&DARK)
    )
}

fn rules(palette: &Palette) -> String {
    let colour = |[red, green, blue]: Colour| format!("#{red:02x}{green:02x}{blue:02x}");
    let ink = colour(palette.ink);
    let mut rules = format!(
        "text{{fill:{ink}}}.ground{{fill:{}}}.empty{{fill:{}}}.cell{{fill:{}}}.right{{stroke:{ink}}}.none{{fill:{}}}",
        colour(palette.ground),
        colour(palette.empty),
        colour(palette.cell),
        colour(palette.faint)
    );
    // Each class stands for the shares below where it ends.
    for (class, share) in [("few", 0.5), ("some", 0.7), ("most", 1.0)] {
        rules += &format!(".{class}{{fill:{}}}", colour(palette.number(share)));
    }
    rules
}

impl Palette {
    fn number(&self, share: f64) -> Colour {
        self.inks[usize::from(share < self.turns_at)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance and contrast as the Web Content Accessibility Guidelines 2.2 define them.
    fn luminance(colour: [f64; 3]) -> f64 {
        let linear = colour.map(|value| {
            let value = value / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }

    fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_text_has_a_contrast_of_four_and_a_half() {
        for palette in [LIGHT, DARK] {
            let plain = |colour: Colour| colour.map(f64::from);
            assert!(contrast(plain(palette.ink), plain(palette.ground)) >= 4.5);
            assert!(contrast(plain(palette.faint), plain(palette.empty)) >= 4.5);
            for thousandth in 1..=1000 {
                let share = f64::from(thousandth) / 1000.0;
                let (under, over) = (plain(palette.empty), plain(palette.cell));
                let blend = std::array::from_fn(|at| under[at] * (1.0 - share) + over[at] * share);
                // The class that a share has, and the ink that the style sheet gives to it.
                let class = format!(".{}{{fill:", ink(share));
                let rules = rules(&palette);
                let (_, colour) = rules.split_once(&class).expect("a rule");
                let told = if colour.starts_with("#000000") { BLACK } else { WHITE };
                assert_eq!(told, palette.number(share), "{share}");
                assert!(contrast(blend, plain(told)) >= 4.5, "{share}: {}", contrast(blend, plain(told)));
            }
        }
    }
}
