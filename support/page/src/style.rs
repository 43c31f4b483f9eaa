//! How pages look: colours in two sets, everything else once.

/// The style sheet.
pub(crate) const STYLE: &str = include_str!("style.css");

/// Colours of series in the style sheet.
pub(crate) const COLOURS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of a variable, light first.
    fn values(name: &str) -> Vec<[f64; 3]> {
        let word = format!("--{name}: #");
        let colours = STYLE.split(&word).skip(1).map(|rest| &rest[..6]);
        let part = |hex: &str, at: usize| {
            let byte = u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
            let value = f64::from(byte) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        colours.map(|hex| [part(hex, 0), part(hex, 2), part(hex, 4)]).collect()
    }

    /// The contrast ratio of the web's guidelines for accessible content.
    fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
        let light = |[r, g, b]: [f64; 3]| 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
        light(a).max(light(b)) / light(a).min(light(b))
    }

    #[test]
    fn marks_and_words_stand_out_from_both_backgrounds() {
        let ground = values("ground");
        assert_eq!(ground.len(), 2, "light and dark");
        // The guidelines ask for 3 of graphics and for 4.5 of text.
        let graphics = (0..COLOURS).map(|n| (format!("s{n}"), 3.0));
        let words = ["ink", "faint", "link", "good", "bad"].map(|name| (name.to_owned(), 4.5));
        for (name, least) in graphics.chain(words) {
            let values = values(&name);
            assert_eq!(values.len(), 2, "{name}");
            for (colour, ground) in values.into_iter().zip(&ground) {
                let contrast = contrast(colour, *ground);
                assert!(contrast >= least, "{name}: {contrast:.1} of {least}");
            }
        }
    }
}
