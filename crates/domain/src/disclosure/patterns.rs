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

/// A secret as text, as numbers of all usual kinds, and in base64.
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
    ];
    // In base64 a text looks different at each of three places; its ends depend on the neighbours.
    for skip in 0..3 {
        let inner = &secret[skip.min(secret.len())..];
        all.push(letters(STANDARD_NO_PAD.encode(&inner[..inner.len() / 3 * 3]).as_bytes()));
    }
    all
}
