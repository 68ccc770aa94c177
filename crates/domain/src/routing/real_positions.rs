//! What is open at FYERS with real money, in words: one text wherever the simulated account is shown, and wherever orders
//! cannot reach FYERS.

use fyers_api::ist::ist;
use serde::{Deserialize, Serialize};

use super::{conditional::Conditional, live_positions::LivePositions, request::Leg, route::Snapshot};
use crate::{mode::Mode, text::and_more};

/// Characters of what waits that are shown: with the words around them two rows of an alert, wherever these are broken.
const WAITING: usize = 96;

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
        let torn = self.contradicted.iter();
        let torn = torn
            .map(|((symbol, _), ahead)| format!("{symbol} (order book and positions differ by {ahead:+})"));
        let waiting = self.waiting.iter().filter(|leg| leg.quantity != 0);
        let waiting = waiting.map(|leg| format!("{:+} {} (an order that waits)", leg.quantity, leg.symbol));
        let conditional = self.conditional.iter().map(Conditional::told);
        let later = self.unread_since.map(|since| {
            format!("what came after {} (positions could not be read since)", ist(since).format("%H:%M"))
        });
        Some(
            open.chain(unread)
                .chain(torn)
                .chain(waiting)
                .chain(conditional)
                .chain(self.sent.iter().cloned())
                .chain(later)
                .collect(),
        )
    }

    /// What becomes of orders because of it while there is no token.
    pub fn protection(&self) -> Protection {
        match self.open() {
            _ if self.are_not_known() => Protection::Everything,
            Some(open) if open.is_empty() => Protection::Nothing,
            _ => Protection::Exits,
        }
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

/// Which orders are refused, in place of being simulated, because of what is open at FYERS while no order goes there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    /// None: nothing is open there.
    #[default]
    Nothing,
    /// Those that could close what is open there.
    Exits,
    /// All: what is open there is not known.
    Everything,
}

/// What a halt does not take back, with the names of what is known to wait.
pub fn halt_leaves(waiting: &[String]) -> String {
    if waiting.is_empty() {
        return "Orders that wait already can still fill: let the bot cancel them, or cancel those at FYERS in its app.".into();
    }
    format!(
        "Orders that wait at FYERS already can still fill: {}. Cancel them in the FYERS app, or let the bot do it.",
        and_more(waiting, WAITING)
    )
}

impl Snapshot {
    /// Orders at FYERS that can still fill, as far as is known, as `+50 NSE:TCS-EQ`: no halt takes them back.
    pub fn waiting_at_fyers(&self) -> Vec<String> {
        let leg = |leg: &Leg| format!("{:+} {}", leg.quantity, leg.symbol);
        let waiting = self.live.waiting.iter().filter(|leg| leg.quantity != 0).map(leg);
        let conditional = self.live.conditional.iter().map(Conditional::told);
        waiting.chain(conditional).chain(self.live.with_sent(&self.sent).sent).collect()
    }

    /// Which orders are refused because of what is open at FYERS; none where they go there, or never do.
    pub fn protection(&self) -> Protection {
        match (self.mode, self.sandbox) {
            (Mode::Mock, false) if self.sent.is_opaque => Protection::Everything,
            (Mode::Mock, false) => self.live.with_sent(&self.sent).protection(),
            _ => Protection::Nothing,
        }
    }

    /// What is open at FYERS, for whoever is shown the simulated account, or asks where orders go while none goes there.
    pub fn open_at_fyers(&self) -> Option<String> {
        // Live shows the account itself. Whoever has chosen the sandbox is not told of what nobody has read since.
        let is_beside = self.mode != Mode::Live && (!self.sandbox || self.live.read_at.is_some());
        let live = is_beside.then(|| self.live.with_sent(&self.sent))?;
        let open = live.words()?;
        Some(match (self.mode, self.sandbox) {
            (Mode::Mock, false) => {
                let what = if live.open().is_some_and(|all| all.len() > 1) { "them" } else { "it" };
                format!("{open}. The keeper cannot manage {what} until there is a token; the FYERS app can.")
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
        let mut two = read(6);
        two.waiting = vec![crate::routing::exposure::tests::leg("NSE:TCS-EQ", 50)];
        let both = told(Mode::Mock, false, two).unwrap();
        let named =
            "+6 NSE:SBIN-EQ, +50 NSE:TCS-EQ (an order that waits). The keeper cannot manage them until";
        assert!(both.contains(named), "{both}");
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
    fn what_is_refused_is_told_as_the_rule_that_routes_decides() {
        use crate::routing::route::{Route, route, tests::place};
        let at = |mode, sandbox, live| Snapshot { sandbox, live, ..snapshot(mode) };
        let unread = LivePositions { unread_since: read(6).read_at, ..read(6) };
        for (live, protection) in [
            (read(0), Protection::Nothing),
            (read(6), Protection::Exits),
            (LivePositions::not_known(), Protection::Everything),
            (unread, Protection::Everything),
        ] {
            let now = at(Mode::Mock, false, live.clone());
            assert_eq!(now.protection(), protection, "{live:?}");
            let is_refused =
                |symbol, quantity| matches!(route(&now, &place(symbol, quantity)), Route::Refused(_));
            assert_eq!(is_refused("NSE:SBIN-EQ", -6), protection != Protection::Nothing, "{live:?}");
            assert_eq!(is_refused("NSE:INFY-EQ", 1), protection == Protection::Everything, "{live:?}");
            assert_eq!(at(Mode::Mock, true, live.clone()).protection(), Protection::Nothing);
            assert_eq!(at(Mode::Live, false, live).protection(), Protection::Nothing);
        }
    }

    #[test]
    fn what_a_halt_leaves_at_fyers_is_named() {
        let leg = |symbol, quantity| crate::routing::exposure::tests::leg(symbol, quantity);
        let live = LivePositions { waiting: vec![leg("NSE:TCS-EQ", 50)], ..read(6) };
        let sent = Reserved { legs: vec![leg("NSE:SBIN-EQ", 10)], is_opaque: false };
        let waiting = Snapshot { live, sent, ..snapshot(Mode::Live) }.waiting_at_fyers();
        assert_eq!(waiting, ["+50 NSE:TCS-EQ", "+10 NSE:SBIN-EQ (sent, not read yet)"]);
        let words = halt_leaves(&waiting);
        assert!(
            words.starts_with("Orders that wait at FYERS already can still fill: +50 NSE:TCS-EQ, "),
            "{words}"
        );
        assert_eq!(snapshot(Mode::Live).waiting_at_fyers(), [""; 0]);
        assert!(halt_leaves(&[]).contains("cancel those at FYERS in its app"), "what is not known may wait");
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
