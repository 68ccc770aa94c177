//! Amounts and tables for people.

/// What stands where something is not known.
const NOT_KNOWN: &str = "not known";

/// An amount in INR with paise.
pub fn amount(value: Option<f64>) -> String {
    // Added to zero, a minus before a zero is gone.
    value.map_or_else(
        || NOT_KNOWN.to_owned(),
        |amount| format!("{:.2}", (amount * 100.0).round() / 100.0 + 0.0),
    )
}

/// The same, grouped as in India: 12,34,567.80.
pub fn grouped(value: Option<f64>) -> String {
    let plain = amount(value);
    let Some((whole, paise)) = plain.split_once('.') else { return plain };
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let (high, low) = digits.split_at(digits.len().saturating_sub(3));
    let mut groups: Vec<String> =
        high.as_bytes().rchunks(2).rev().map(|pair| String::from_utf8_lossy(pair).into_owned()).collect();
    groups.push(low.to_owned());
    format!("{sign}{}.{paise}", groups.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_grouped_as_in_india() {
        let shown = [0.0, -0.001, 12.5, -999.999, 100_000.0, 12_345_678.9].map(|value| grouped(Some(value)));
        assert_eq!(shown, ["0.00", "0.00", "12.50", "-1,000.00", "1,00,000.00", "1,23,45,678.90"]);
        assert_eq!(grouped(None), "not known");
    }
}
