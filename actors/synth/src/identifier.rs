//! National and financial numbers in their formats, with the check digits that those who read them verify.
//!
//! None is anybody's on purpose: banks and issuers do not exist, ranges are those kept for tests or never issued; what a
//! format leaves no such range for (PAN, Aadhaar, GSTIN) is drawn at random.

use crate::random::Draws;

const LETTERS: &[u8; 26] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const ALPHANUMERIC: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// Digits of a card.
const CARD_DIGITS: usize = 16;

pub fn letter(draws: &mut Draws) -> u8 {
    LETTERS[draws.below(26) as usize]
}

fn digit(draws: &mut Draws) -> u8 {
    b'0' + draws.below(10) as u8
}

/// Appends `count` random digits.
pub fn push_digits(text: &mut Vec<u8>, count: usize, draws: &mut Draws) {
    text.extend((0..count).map(|_| digit(draws)));
}

/// Who holds a PAN: its fourth letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    Person = b'P' as isize,
    Company = b'C' as isize,
    Firm = b'F' as isize,
}

/// An Indian permanent account number; `initial` is that of the holder's family name or firm.
pub fn pan(holder: Holder, initial: u8, draws: &mut Draws) -> Vec<u8> {
    let mut text = vec![
        letter(draws),
        letter(draws),
        letter(draws),
        holder as u8,
        initial,
    ];
    let serial = 1 + draws.below(9_999);
    text.extend(format!("{serial:04}").into_bytes());
    text.push(letter(draws));
    text
}

/// An Indian tax number: state, PAN, registration, `Z` and a Luhn check digit to base 36.
pub fn gstin(state: &str, pan: &[u8], draws: &mut Draws) -> Vec<u8> {
    let mut text = state.as_bytes().to_vec();
    text.extend_from_slice(pan);
    text.push(b'1' + draws.below(3) as u8);
    text.push(b'Z');
    text.push(luhn_check(&text, 36));
    text
}

/// Twelve digits in the format of an Aadhaar number: Verhoeff check digit, no leading 0 or 1, no palindrome.
pub fn aadhaar(draws: &mut Draws) -> Vec<u8> {
    let mut text = vec![b'2' + draws.below(8) as u8];
    push_digits(&mut text, 10, draws);
    // The last digit of a palindrome would be the first one: another second digit breaks the symmetry.
    if text[1] == text[10] {
        text[1] = b'0' + (text[1] - b'0' + 1) % 10;
    }
    text.push(verhoeff_check(&text));
    text
}

/// A branch code: four letters of a bank that does not exist, 0 and six characters.
pub fn ifsc(bank: &str, draws: &mut Draws) -> Vec<u8> {
    let mut text = bank.as_bytes().to_vec();
    text.push(b'0');
    text.extend((0..6).map(|_| ALPHANUMERIC[draws.below(36) as usize]));
    text
}

/// A card number that begins with `prefix` and ends with its Luhn check digit.
pub fn card(prefix: &str, draws: &mut Draws) -> Vec<u8> {
    let mut text = prefix.as_bytes().to_vec();
    push_digits(&mut text, CARD_DIGITS - 1 - prefix.len(), draws);
    text.push(luhn_check(&text, 10));
    text
}

/// A United States social security number in the area 900 to 999, which is never issued.
pub fn ssn(draws: &mut Draws) -> Vec<u8> {
    let (area, group, serial) = (
        900 + draws.below(100),
        1 + draws.below(99),
        1 + draws.below(9_999),
    );
    format!("{area}-{group:02}-{serial:04}").into_bytes()
}

/// A routing number of the ABA in a district of the Federal Reserve, with its check digit.
pub fn routing_number(draws: &mut Draws) -> Vec<u8> {
    let mut text = format!("{:02}", 1 + draws.below(12)).into_bytes();
    push_digits(&mut text, 6, draws);
    const WEIGHTS: [u32; 8] = [3, 7, 1, 3, 7, 1, 3, 7];
    let sum: u32 = text
        .iter()
        .zip(WEIGHTS)
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    text.push(b'0' + ((10 - sum % 10) % 10) as u8);
    text
}

/// An account number in the United Arab Emirates (bank 999) or Great Britain (bank `ZZZZ`); neither bank exists.
pub fn iban(draws: &mut Draws) -> Vec<u8> {
    let (country, mut account) = if draws.chance(0.5) {
        let mut account = b"999".to_vec();
        push_digits(&mut account, 16, draws);
        (b"AE", account)
    } else {
        let mut account = b"ZZZZ".to_vec();
        push_digits(&mut account, 14, draws);
        (b"GB", account)
    };
    let check = 98 - mod_97(&[account.as_slice(), country, b"00"].concat());
    let mut text = country.to_vec();
    text.extend(format!("{check:02}").into_bytes());
    text.append(&mut account);
    text
}

/// ISO 7064 mod 97: letters count as two digits, from A = 10.
fn mod_97(text: &[u8]) -> u32 {
    text.iter().fold(0, |rest, byte| match value(*byte) {
        digit @ 0..=9 => (rest * 10 + digit) % 97,
        letter => (rest * 100 + letter) % 97,
    })
}

/// The value of a digit or capital letter.
const fn value(byte: u8) -> u32 {
    match byte {
        b'A'..=b'Z' => (byte - b'A') as u32 + 10,
        _ => (byte - b'0') as u32,
    }
}

/// The Luhn check character of a text to a base of 10 or 36 (ISO/IEC 7812-1).
fn luhn_check(text: &[u8], base: u32) -> u8 {
    let sum: u32 = text
        .iter()
        .rev()
        .enumerate()
        .map(|(place, byte)| match (place % 2, value(*byte)) {
            (0, value) => value * 2 / base + value * 2 % base,
            (_, value) => value,
        })
        .sum();
    ALPHANUMERIC[((base - sum % base) % base) as usize]
}

/// The check digit of J. Verhoeff (1969), by multiplication in the dihedral group of order 10.
fn verhoeff_check(text: &[u8]) -> u8 {
    const PERMUTATION: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let multiply = |a: u8, b: u8| match (a, b) {
        (0..5, 0..5) => (a + b) % 5,
        (0..5, _) => (a + b - 5) % 5 + 5,
        (_, 0..5) => (a - 5 + 5 - b) % 5 + 5,
        _ => (a + 5 - b) % 5,
    };
    let inverse = |a: u8| if a < 5 { (5 - a) % 5 } else { a };
    let mut sum = 0;
    for (place, byte) in text.iter().rev().enumerate() {
        let permuted = (0..=place).fold(byte - b'0', |digit, _| PERMUTATION[usize::from(digit)]);
        sum = multiply(sum, permuted);
    }
    b'0' + inverse(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_agree_with_known_numbers() {
        assert_eq!(luhn_check(b"411111111111111", 10), b'1');
        assert_eq!(luhn_check(b"7992739871", 10), b'3');
        assert_eq!(luhn_check(b"27AAPFU0939F1Z", 36), b'V');
        assert_eq!(verhoeff_check(b"236"), b'3');
        assert_eq!(verhoeff_check(b"23412341234"), b'6');
        assert_eq!(mod_97(b"WEST12345698765432GB82"), mod_97(b"1"));
    }

    #[test]
    fn numbers_keep_to_their_formats() {
        let mut draws = Draws::at(1, crate::random::Stream::Papers, 0);
        for _ in 0..2_000 {
            let number = aadhaar(&mut draws);
            assert!(number.len() == 12 && number[0] >= b'2');
            assert!(!number.iter().eq(number.iter().rev()));
            let number = iban(&mut draws);
            let turned = [&number[4..], &number[..4]].concat();
            assert_eq!(mod_97(&turned), 1);
            let number = routing_number(&mut draws);
            let sum: u32 = number
                .iter()
                .zip([3, 7, 1].into_iter().cycle())
                .map(|(digit, weight)| u32::from(digit - b'0') * weight)
                .sum();
            assert_eq!((number.len(), sum % 10), (9, 0));
            let number = pan(Holder::Person, b'S', &mut draws);
            assert_eq!((number.len(), number[3], number[4]), (10, b'P', b'S'));
            assert_ne!(&number[5..9], b"0000");
            assert_eq!(gstin("27", &number, &mut draws).len(), 15);
            assert_eq!(card("400000", &mut draws).len(), CARD_DIGITS);
            assert_eq!(ifsc("QZXV", &mut draws).len(), 11);
            assert_eq!(ssn(&mut draws).len(), 11);
        }
    }
}
