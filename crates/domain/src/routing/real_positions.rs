//! What is open at FYERS with real money, in words: one text wherever the simulated account is shown, and wherever orders
//! cannot reach FYERS.

use fyers_api::ist::ist;

use super::{conditional::Conditional, live_positions::LivePositions, route::Snapshot};
use crate::mode::Mode;

impl LivePositions {
    /// Each open position as `+6 NSE:SBIN-EQ`, as last read, and what may be open besides; `None` while nobody has read them
    /// although there may be some.
    pub fn open(&self) -> Option<Vec<String>> {
        if self.was_live && self.read_at.is_none() {
            return None;
        }
        let open = self.positions.iter().filter(|position| position.net != 0);
        let open = open.map(|position| format!("{:+} {}", position.net, position.symbol));
        let unread = self.unknown.iter().map(|symbol| format!("{symbol} (a row that cannot be read)"));
        let waiting = self.waiting.iter().filter(|leg| leg.quantity != 0);
        let waiting = waiting.map(|leg| format!("{:+} {} (an order that waits)", leg.quantity, leg.symbol));
        let conditional = self.conditional.iter().map(Conditional::told);
        let later = self.unread_since.map(|since| {
            format!("what came after {} (positions could not be read since)", ist(since).format("%H:%M"))
        });
        Some(
            open.chain(unread)
                .chain(waiting)
                .chain(conditional)
                .chain(self.sent.iter().cloned())
                .chain(later)
                .collect(),
        )
    }

    /// The same in a line of its own; `None` when nothing is open, as far as is known.
    fn words(&self) -> Option<String> {
        let Some(open) = self.open() else {
            return Some(
                "❗ What is open at FYERS, with real money, is not known: it could not be read yet".into(),
            );
        };
        let when =
            self.read_at.map(|at| ist(at).format(", when last read at %H:%M on %a %-d %b").to_string());
        let when = when.unwrap_or_default();
        (!open.is_empty()).then(|| format!("❗ At FYERS, with real money{when}: {}", open.join(", ")))
    }
}

impl Snapshot {
    /// What is open at FYERS, for whoever is shown the simulated account, or asks where orders go while none goes there.
    pub fn open_at_fyers(&self) -> Option<String> {
        // Live shows the account itself. Whoever has chosen the sandbox is not told of what nobody has read since.
        let is_beside = self.mode != Mode::Live && (!self.sandbox || self.live.read_at.is_some());
        let open = is_beside.then(|| self.live.with_sent(&self.sent).words()).flatten()?;
        Some(match (self.mode, self.sandbox) {
            (Mode::Mock, false) => {
                format!("{open}. The keeper cannot manage it until there is a token; the FYERS app can.")
            }
            _ => open,
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::routing::{exposure::tests::position, request::Reserved, route::tests::snapshot};

    fn read(net: i64) -> LivePositions {
        let read_at = DateTime::parse_from_rfc3339("2026-11-27T03:17:00+05:30").unwrap().to_utc();
        let positions = vec![position("NSE:SBIN-EQ", net), position("NSE:TCS-EQ", 0)];
        LivePositions { positions, read_at: Some(read_at), was_live: true, ..LivePositions::default() }
    }

    fn told(mode: Mode, sandbox: bool, live: LivePositions) -> Option<String> {
        Snapshot { sandbox, live, ..snapshot(mode) }.open_at_fyers()
    }

    #[test]
    fn what_is_real_is_named_wherever_simulated_positions_are_shown() {
        let open = "❗ At FYERS, with real money, when last read at 03:17 on Fri 27 Nov: +6 NSE:SBIN-EQ";
        let lost = format!("{open}. The keeper cannot manage it until there is a token; the FYERS app can.");
        assert_eq!(told(Mode::Mock, false, read(6)), Some(lost));
        assert_eq!(told(Mode::Mock, true, read(6)).as_deref(), Some(open));
        assert_eq!(told(Mode::Sandbox, true, read(6)).as_deref(), Some(open));
        assert_eq!(told(Mode::Live, false, read(6)), None, "the account itself is shown");
        assert_eq!(told(Mode::Mock, false, read(0)), None);
        assert_eq!(told(Mode::Mock, false, LivePositions::default()), None, "never live");
    }

    #[test]
    fn what_nobody_has_read_is_not_nothing() {
        let told = told(Mode::Mock, false, LivePositions::not_known()).unwrap();
        assert!(told.contains("is not known: it could not be read yet"), "{told}");
        let mut row = read(0);
        row.unknown = vec!["NSE:INFY-EQ".into()];
        assert_eq!(row.open().unwrap(), ["NSE:INFY-EQ (a row that cannot be read)"]);
        row = read(0);
        assert_eq!(row.open().unwrap(), [""; 0]);
        row.waiting = vec![crate::routing::exposure::tests::leg("NSE:TCS-EQ", 50)];
        assert_eq!(
            row.open().unwrap(),
            ["+50 NSE:TCS-EQ (an order that waits)"],
            "it can fill while nobody looks"
        );
        row.waiting.clear();
        row.unread_since = row.read_at;
        assert_eq!(row.open().unwrap(), ["what came after 03:17 (positions could not be read since)"]);
    }

    #[test]
    fn what_was_sent_and_is_in_no_reading_yet_is_named() {
        let leg = crate::routing::exposure::tests::leg("NSE:SBIN-EQ", 10);
        let sent = Reserved { legs: vec![leg], is_opaque: false };
        assert_eq!(read(0).with_sent(&sent).open().unwrap(), ["+10 NSE:SBIN-EQ (sent, not read yet)"]);
        let opaque = Reserved { legs: vec![], is_opaque: true };
        assert_eq!(
            read(0).with_sent(&opaque).open().unwrap(),
            ["what the last request has done is not known"]
        );
        let told = Snapshot { sandbox: false, live: read(0), sent, ..snapshot(Mode::Mock) };
        assert!(told.open_at_fyers().unwrap().contains("+10 NSE:SBIN-EQ (sent, not read yet)"));
    }
}
