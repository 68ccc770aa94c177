//! What FYERS lets an app do, by the ending of its id. It is FYERS' rule since April 2026 and may change again, so it is
//! told and stops nothing.

/// What of Live is not true for an app that only reads, to follow a full stop or a semicolon: the same on the page, in the
/// chat, in the alerts and on the command line.
pub const READS_ONLY: &str = "this app (-100) only reads, and FYERS refuses its orders";

/// What FYERS lets an app do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppKind {
    /// It may place orders.
    Trades,
    /// It reads; FYERS takes no orders from it.
    Reads,
    /// Its ending is none that is known here.
    Unknown,
}

impl AppKind {
    /// The kind of the app with this id.
    pub fn of(client_id: &str) -> Self {
        match client_id.rsplit_once('-') {
            Some((_, "200")) => Self::Trades,
            Some((_, "100")) => Self::Reads,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_tells_the_kind() {
        for (id, kind) in [
            ("ABCD1234EF-200", AppKind::Trades),
            ("ABCD1234EF-100", AppKind::Reads),
            ("ABCD1234EF-300", AppKind::Unknown),
            ("ABCD100", AppKind::Unknown),
            ("", AppKind::Unknown),
        ] {
            assert_eq!(AppKind::of(id), kind, "{id}");
        }
    }
}
