//! FYERS changes its answers without notice. What is odd in a book that is read every half minute is told once.

use std::collections::BTreeSet;

/// Fields that were told, each with the call whose answer has it.
#[derive(Debug, Clone, Default)]
pub struct ToldDrift(BTreeSet<(&'static str, String)>);

impl ToldDrift {
    /// Those of an answer that were not told before. In whichever row a field is odd, it is the same field.
    pub fn news(&mut self, call: &'static str, drift: &[String]) -> Vec<String> {
        let mut fields = drift.iter().map(|field| place_of(field)).collect::<BTreeSet<_>>();
        fields.retain(|field| self.0.insert((call, field.clone())));
        fields.into_iter().collect()
    }
}

/// `netPositions[12].productType` as `netPositions[].productType`.
fn place_of(field: &str) -> String {
    let parts = field.split_inclusive('[');
    parts.map(|part| part.trim_start_matches(|letter: char| letter.is_ascii_digit())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_told_once_in_whichever_row_it_is_odd() {
        let mut told = ToldDrift::default();
        let mut news = |call, drift: &[&str]| {
            told.news(call, &drift.iter().map(|field| (*field).to_owned()).collect::<Vec<_>>())
        };
        let odd = "netPositions[].productType";
        assert_eq!(
            news("positions", &["netPositions[0].productType", "netPositions[12].productType"]),
            [odd]
        );
        assert!(news("positions", &["netPositions[3].productType"]).is_empty());
        assert_eq!(news("positions", &[odd, "netPositions[3].netAvg"]), ["netPositions[].netAvg"]);
        assert_eq!(news("gtt/orders", &[odd]), [odd], "another answer");
        assert!(news("orders", &[]).is_empty());
    }
}
