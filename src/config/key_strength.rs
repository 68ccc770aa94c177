//! How strong a gateway key must be that a person chose: whoever guesses it can trade.

/// The fewest characters: 24 of base64's letters are 144 bits.
const SHORTEST: usize = 24;
/// The fewest different characters: keyboards' rows and repetitions have few.
const FEWEST_KINDS: usize = 10;

/// Why a key is too weak. Shows nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Weakness {
    /// Too few characters.
    #[error("is shorter than {SHORTEST} characters: it can be guessed, and whoever has it can trade")]
    Short,
    /// Digits only hold 3.3 bits each.
    #[error("is made of digits only: it can be guessed, and whoever has it can trade")]
    Digits,
    /// The same few characters again and again.
    #[error("repeats the same few characters: it can be guessed, and whoever has it can trade")]
    Repetition,
}

/// Whether a key holds at least 128 bits when it is made at random.
pub(super) fn check(key: &str) -> Result<(), Weakness> {
    let kinds: std::collections::BTreeSet<char> = key.chars().collect();
    if key.chars().count() < SHORTEST {
        Err(Weakness::Short)
    } else if key.chars().all(|c| c.is_ascii_digit()) {
        Err(Weakness::Digits)
    } else if kinds.len() < FEWEST_KINDS {
        Err(Weakness::Repetition)
    } else {
        Ok(())
    }
}

/// Why a key that somebody puts in the place of the old one is not taken; shows nothing of it.
pub(crate) fn weakness_of_key(key: &str) -> Option<String> {
    check(key).err().map(|weakness| weakness.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_key_that_cannot_be_guessed_is_taken() {
        for (key, weakness) in [
            ("", Weakness::Short),
            ("8765", Weakness::Short),
            ("correct horse battery", Weakness::Short),
            ("123456789012345678901234567890123456789", Weakness::Digits),
            ("abababababababababababababab", Weakness::Repetition),
        ] {
            assert_eq!(check(key), Err(weakness), "{key}");
        }
        for key in ["yFv0w2nBzKq8sX1dLr7uTe3m", "9c1f0d7e5a3b8c2d4e6f708192a3b4c5"] {
            assert_eq!(check(key), Ok(()), "{key}");
        }
    }
}
