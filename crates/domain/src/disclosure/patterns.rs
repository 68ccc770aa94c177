//! What is looked for: the letters and digits of a secret in all the ways that are not undone by reading its characters.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

use super::{
    escape::{DEPTH, characters},
    letter,
};

/// What counts of a text, as it is written.
pub(super) fn letters(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter_map(letter).collect()
}

/// A secret as text, backwards, as numbers of all usual kinds, in base64 and in base32.
pub(super) fn of(secret: &[u8]) -> Vec<Vec<u8>> {
    let each = |spell: fn(&u8) -> String| secret.iter().map(spell).collect::<String>().into_bytes();
    let mut all = vec![
        letters(secret),
        // One that has `%41` in it is told also by a text in which that is an `A`.
        characters(secret, 0, DEPTH).filter_map(|(byte, ..)| letter(byte)).collect(),
        each(|byte| format!("{byte:02x}")),
        each(|byte| format!("0x{byte:02x}")),
        each(|byte| format!("x{byte:02x}")),
        each(|byte| format!("u{byte:04x}")),
        each(|byte| format!("{byte}")),
        each(|byte| format!("{byte:03}")),
        each(|byte| format!("{byte:03o}")),
        each(|byte| format!("{byte:o}")),
    ];
    all.push(all[0].iter().rev().copied().collect());
    // In base64 a text looks different at each of three places; its ends depend on the neighbours.
    for skip in 0..3 {
        let inner = &secret[skip.min(secret.len())..];
        all.push(letters(STANDARD_NO_PAD.encode(&inner[..inner.len() / 3 * 3]).as_bytes()));
    }
    // And at each of five in base32.
    for skip in 0..5 {
        let inner = &secret[skip.min(secret.len())..];
        all.push(base32(&inner[..inner.len() / 5 * 5]));
    }
    all
}

/// Whole groups of five bytes in base32 (RFC 4648), in lower case.
fn base32(bytes: &[u8]) -> Vec<u8> {
    const SIGNS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let signs = |group: &[u8]| {
        let bits = group.iter().fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
        (0..8).rev().map(move |place| SIGNS[(bits >> (5 * place)) as usize % 32])
    };
    bytes.chunks_exact(5).flat_map(signs).collect()
}
