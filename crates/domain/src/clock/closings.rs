//! Until when what is traded, in words: shares close before derivatives, and orders in them are refused from then on.

use chrono::{DateTime, Utc};
use fyers_api::ist::ist;

use crate::clock::sessions::Segment;

/// When each segment's last session of a day ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Closings(pub Vec<(Segment, DateTime<Utc>)>);

impl Closings {
    /// As "shares until 15:30, derivatives until 15:40"; empty where shares and derivatives end together and nothing else is traded.
    pub fn words(&self) -> String {
        let mut ends: Vec<DateTime<Utc>> = self.0.iter().map(|(_, at)| *at).collect();
        ends.sort_unstable();
        ends.dedup();
        let shares = |segment: &Segment| matches!(segment, Segment::Cash | Segment::Fno);
        if ends.len() < 2 && self.0.iter().all(|(segment, _)| shares(segment)) {
            return String::new();
        }
        ends.into_iter().map(|end| self.at(end)).collect::<Vec<_>>().join(", ")
    }

    fn at(&self, end: DateTime<Utc>) -> String {
        let names = self.0.iter().filter(|(_, at)| *at == end).map(|(segment, _)| name(*segment));
        format!("{} until {}", names.collect::<Vec<_>>().join(" and "), ist(end).format("%H:%M"))
    }
}

fn name(segment: Segment) -> &'static str {
    match segment {
        Segment::Cash => "shares",
        Segment::Fno => "derivatives",
        Segment::Mcx => "commodities",
        Segment::Currency => "currencies",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::clock::{calendar::Calendar, sessions::Segment, token_hours::TokenHours};

    #[test]
    fn each_segment_is_named_with_its_own_end() {
        let words = |segments: &[Segment], date: &str| {
            let hours = TokenHours::new(Arc::new(Calendar::embedded()), segments.to_vec());
            hours.closings(date.parse().unwrap()).words()
        };
        let both = [Segment::Cash, Segment::Fno];
        let all = [Segment::Cash, Segment::Fno, Segment::Mcx];
        assert_eq!(words(&both, "2026-11-23"), "shares until 15:30, derivatives until 15:40");
        assert_eq!(
            words(&all, "2026-11-23"),
            "shares until 15:30, derivatives until 15:40, commodities until 23:55"
        );
        assert_eq!(words(&all, "2026-11-24"), "commodities until 23:55", "the evening of a holiday");
        assert_eq!(words(&both, "2025-10-21"), "", "they end together");
        assert_eq!(words(&[Segment::Cash], "2026-11-23"), "");
    }
}
