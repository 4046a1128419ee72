//! Numbers as text, two digits at a time.

const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};
const HEX: &[u8; 16] = b"0123456789abcdef";
/// Decimals of a degree, and what makes one of its millionths.
const DEGREE: u32 = 1_000_000;
/// Digits of the largest number.
const DIGITS_MAX: usize = 20;

/// A letter and a number with leading zeros to `digits`, at most twelve.
#[inline]
pub fn key(out: &mut Vec<u8>, letter: u8, digits: usize, number: u64) {
    let mut text = [letter; 13];
    let mut rest = number;
    let mut end = digits + 1;
    while end > 2 {
        text[end - 2..end].copy_from_slice(&PAIRS[(rest % 100) as usize]);
        rest /= 100;
        end -= 2;
    }
    if end == 2 {
        text[1] = b'0' + (rest % 10) as u8;
    }
    out.extend_from_slice(&text[..=digits]);
}

/// A device: `d` and twelve hexadecimal digits.
#[inline]
pub fn device(out: &mut Vec<u8>, bits: u64) {
    let mut text = [b'd'; 13];
    for (index, byte) in text[1..].iter_mut().enumerate() {
        *byte = HEX[(bits >> (4 * index) & 15) as usize];
    }
    out.extend_from_slice(&text);
}

#[inline]
fn unsigned(out: &mut Vec<u8>, number: u64) {
    let mut text = [0; DIGITS_MAX];
    let mut start = DIGITS_MAX;
    let mut rest = number;
    while rest >= 100 {
        start -= 2;
        text[start..start + 2].copy_from_slice(&PAIRS[(rest % 100) as usize]);
        rest /= 100;
    }
    if rest >= 10 {
        start -= 2;
        text[start..start + 2].copy_from_slice(&PAIRS[rest as usize]);
    } else {
        start -= 1;
        text[start] = b'0' + rest as u8;
    }
    out.extend_from_slice(&text[start..]);
}

#[inline]
pub fn integer(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    unsigned(out, value.unsigned_abs());
}

/// Minor units as units with two decimals.
#[inline]
pub fn money(out: &mut Vec<u8>, minor: i64) {
    if minor < 0 {
        out.push(b'-');
    }
    let minor = minor.unsigned_abs();
    unsigned(out, minor / 100);
    let [tens, ones] = PAIRS[(minor % 100) as usize];
    out.extend_from_slice(&[b'.', tens, ones]);
}

/// Millionths of a degree as degrees with six decimals.
#[inline]
pub fn degrees(out: &mut Vec<u8>, millionths: i32) {
    if millionths < 0 {
        out.push(b'-');
    }
    let millionths = millionths.unsigned_abs();
    unsigned(out, u64::from(millionths / DEGREE));
    let rest = millionths % DEGREE;
    let [a, b] = PAIRS[(rest / 10_000) as usize];
    let [c, d] = PAIRS[(rest / 100 % 100) as usize];
    let [e, f] = PAIRS[(rest % 100) as usize];
    out.extend_from_slice(&[b'.', a, b, c, d, e, f]);
}

/// `2024-10-01`; the year has at most four digits.
#[inline]
pub const fn date(year: u32, month: u32, day: u32) -> [u8; 10] {
    let [a, b] = PAIRS[(year / 100 % 100) as usize];
    let [c, d] = PAIRS[(year % 100) as usize];
    let [e, f] = PAIRS[month as usize];
    let [g, h] = PAIRS[day as usize];
    [a, b, c, d, b'-', e, f, b'-', g, h]
}

/// `T09:12:33`.
#[inline]
pub const fn time(second: u32) -> [u8; 9] {
    let [a, b] = PAIRS[(second / 3600) as usize];
    let [c, d] = PAIRS[(second / 60 % 60) as usize];
    let [e, f] = PAIRS[(second % 60) as usize];
    [b'T', a, b, b':', c, d, b':', e, f]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_written_as_people_write_them() {
        assert_eq!(written(|out| key(out, b't', 11, 42)), "t00000000042");
        assert_eq!(
            written(|out| key(out, b'c', 10, 9_876_543_210)),
            "c9876543210"
        );
        assert_eq!(written(|out| key(out, b'm', 7, 4_999)), "m0004999");
        assert_eq!(written(|out| money(out, -120_305)), "-1203.05");
        assert_eq!(written(|out| money(out, 7)), "0.07");
        assert_eq!(written(|out| degrees(out, -74_006_001)), "-74.006001");
        assert_eq!(written(|out| integer(out, i64::MIN)), i64::MIN.to_string());
        assert_eq!(written(|out| integer(out, 100)), "100");
        assert_eq!(&date(2024, 10, 1), b"2024-10-01");
        assert_eq!(&time(86_399), b"T23:59:59");
        assert_eq!(
            written(|out| device(out, 0xBA98_7654_3210)),
            "d0123456789ab"
        );
    }
}
