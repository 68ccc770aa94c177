//! Indian Standard Time: UTC+05:30 all year, whatever the host's time zone says.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, TimeZone, Utc};

/// The IST offset.
pub const IST: FixedOffset = match FixedOffset::east_opt(5 * 3600 + 30 * 60) {
    Some(offset) => offset,
    None => panic!("the offset is within a day"),
};

/// The instant as a clock in Mumbai shows it.
pub fn ist(at: DateTime<Utc>) -> DateTime<FixedOffset> {
    at.with_timezone(&IST)
}

/// The date in Mumbai.
pub fn date(at: DateTime<Utc>) -> NaiveDate {
    ist(at).date_naive()
}

/// The instant at which clocks in Mumbai show this date and time.
pub fn instant(date: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
    let local = date.and_time(time);
    // An offset without summer time maps every local time to exactly one instant.
    IST.from_local_datetime(&local).single().map_or_else(|| local.and_utc(), |at| at.to_utc())
}

/// A time of day known to be right at compile time.
pub const fn at(hour: u32, minute: u32) -> NaiveTime {
    match NaiveTime::from_hms_opt(hour, minute, 0) {
        Some(time) => time,
        None => panic!("not a time of day"),
    }
}

#[cfg(test)]
mod tests {
    use chrono::Offset;
    use chrono_tz::Asia::Kolkata;

    use super::*;

    #[test]
    fn agrees_with_the_time_zone_database_from_2000_to_2050() {
        let mut day = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap();
        while day < NaiveDate::from_ymd_opt(2051, 1, 1).unwrap() {
            let noon = day.and_time(at(12, 0)).and_utc();
            assert_eq!(noon.with_timezone(&Kolkata).offset().fix(), IST, "{day}");
            assert_eq!(instant(date(noon), ist(noon).time()), noon);
            day = day.succ_opt().unwrap();
        }
    }
}
