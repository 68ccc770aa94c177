//! Rupees as people read them, the same everywhere: grouped as in India, with paise, the sign before the mark.

use rust_decimal::{Decimal, RoundingStrategy};

/// `₹1,23,456.50`, `-₹50.00`.
pub fn rupees(amount: Decimal) -> String {
    let plain = grouped(amount);
    plain.strip_prefix('-').map_or_else(|| format!("₹{plain}"), |plain| format!("-₹{plain}"))
}

/// A gain with its sign too: `+₹1,500.00`.
pub fn signed_rupees(amount: Decimal) -> String {
    let plain = rupees(amount);
    if plain.starts_with('-') { plain } else { format!("+{plain}") }
}

/// The same without the mark, where the head of a column has it: `1,23,456.50`.
pub fn grouped(amount: Decimal) -> String {
    let rounded = amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    let plain = format!("{:.2}", rounded.abs());
    let (whole, paise) = plain.split_once('.').unwrap_or((&plain, "00"));
    let sign = if rounded < Decimal::ZERO { "-" } else { "" };
    format!("{sign}{}.{paise}", pairs(whole))
}

/// An amount as a person writes it, grouped in whatever way and with or without the mark: `1,00,000`, `₹50.5`.
///
/// # Errors
/// What a person is told.
pub fn written(text: &str) -> Result<Decimal, &'static str> {
    let plain: String = text.trim().chars().filter(|c| !matches!(c, ',' | '_' | ' ' | '₹')).collect();
    plain.parse().map_err(|_| "no amount in rupees: write it as 100000, 1,00,000 or 512.50")
}

/// A number of things: `12,34,567`.
pub fn count(number: u64) -> String {
    pairs(&number.to_string())
}

/// The last three digits stand together, and those before them in pairs.
fn pairs(digits: &str) -> String {
    let (high, low) = digits.split_at(digits.len().saturating_sub(3));
    let pairs = high.as_bytes().rchunks(2).rev().map(|pair| String::from_utf8_lossy(pair).into_owned());
    pairs.chain([low.to_owned()]).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_grouped_as_in_india_with_the_sign_before_the_mark() {
        let of = |text: &str| rupees(text.parse().unwrap());
        for (amount, shown) in [
            ("0", "₹0.00"),
            ("-0.001", "₹0.00"),
            ("12.5", "₹12.50"),
            ("-999.999", "-₹1,000.00"),
            ("0.005", "₹0.01"),
            ("100000", "₹1,00,000.00"),
            ("-12345678.9", "-₹1,23,45,678.90"),
        ] {
            assert_eq!(of(amount), shown, "{amount}");
        }
        for (text, amount) in
            [("1,00,000", "100000"), (" ₹ 50.5 ", "50.5"), ("-5", "-5"), ("100,000", "100000")]
        {
            assert_eq!(written(text), Ok(amount.parse().unwrap()), "{text}");
        }
        assert!(written("").is_err() && written("ten").is_err() && written("1 lakh").is_err());
        assert_eq!(signed_rupees(Decimal::from(1500)), "+₹1,500.00");
        assert_eq!(signed_rupees(Decimal::from(-50)), "-₹50.00");
        assert_eq!((count(7), count(1_234_567)), ("7".to_owned(), "12,34,567".to_owned()));
        assert_eq!(grouped(Decimal::MIN).len(), 46, "the largest amount is written whole");
    }
}
