//! The common logarithm in f32, in a form that compilers compute for several values at once; the system's takes one value
//! a call. Touch it only with its test.

/// log10 of a positive, normal number, within 1.5 units in the last place of it or of 1, whichever is larger. The
/// polynomial is that of Cephes' `logf` (S. L. Moshier).
#[inline]
pub(super) fn log10(x: f32) -> f32 {
    // log10(e) and log10(2), each as a short and exact part and the rest.
    const E_HIGH: f32 = 4.3359375e-1;
    const E_LOW: f32 = 7.007_319e-4;
    const TWO_HIGH: f32 = 3.0078125e-1;
    const TWO_LOW: f32 = 2.487_456_7e-4;
    // x = m · 2^e with m from √½ to √2.
    let bits = x.to_bits().wrapping_sub(0x3f35_04f3);
    let e = ((bits as i32) >> 23) as f32;
    let m = f32::from_bits((bits & 0x007f_ffff) + 0x3f35_04f3) - 1.0;
    let z = m * m;
    let mut y = 7.037_683_6e-2;
    for c in [
        -1.151_461e-1,
        1.167_699_8e-1,
        -1.242_014_1e-1,
        1.424_932_3e-1,
        -1.666_805_7e-1,
        2.000_071_5e-1,
        -2.499_999_4e-1,
        3.333_333e-1,
    ] {
        y = y * m + c;
    }
    let y = y * m * z - 0.5 * z;
    let low = (m + y) * E_LOW + y * E_HIGH;
    low + m * E_HIGH + e * TWO_LOW + e * TWO_HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_logarithm() {
        let mut worst: f64 = 0.0;
        // Every 509th float, a prime, from the smallest normal one to the largest finite one.
        for bits in (f32::MIN_POSITIVE.to_bits()..=f32::MAX.to_bits()).step_by(509) {
            let x = f32::from_bits(bits);
            let exact = f64::from(x).log10();
            let unit = f64::from(f32::EPSILON) * 0.5 * exact.abs().max(1.0);
            worst = worst.max((f64::from(log10(x)) - exact).abs() / unit);
        }
        println!("largest error: {worst:.2} units");
        assert!(worst <= 1.5, "{worst}");
        assert_eq!(log10(1.0), 0.0);
    }
}
