//! The calendar, the daily tick and the ClockActor.
