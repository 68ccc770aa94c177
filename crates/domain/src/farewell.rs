//! Who tells a person that a keeper has stopped, where two of them share a database: one of them, and once.

use std::time::Duration;

/// How long a keeper that has stopped waits for the one that stood by. It is starved for longer than that at most.
pub const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// What a keeper says of its own stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Farewell {
    /// Nothing: it only stood by, and bots miss nobody.
    Nothing,
    /// That it stops, and that bots get no answer. It says so before it ends.
    Stops,
    /// That another one acts in its place. That one tells it.
    HandsOver,
}

impl Farewell {
    /// By whether it acted, and whether another one stood by.
    pub fn of(acted: bool, is_awaited: bool) -> Self {
        match (acted, is_awaited) {
            (false, _) => Self::Nothing,
            (true, false) => Self::Stops,
            (true, true) => Self::HandsOver,
        }
    }
}

/// What has become of the place of a keeper that has let its lease go to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Succession {
    /// Another one has taken it, and tells.
    Taken,
    /// Nobody has, and nobody will: the one that stood by has stopped, too. Whoever let it go tells.
    Vacant,
    /// It may be taken in a moment.
    Open,
}

impl Succession {
    /// `is_followed`: there is a later holding. `is_awaited`: somebody still stands by.
    pub fn after(is_followed: bool, is_awaited: bool, waited: Duration) -> Self {
        match (is_followed, is_awaited) {
            (true, _) => Self::Taken,
            (false, true) if waited < LONGEST_WAIT => Self::Open,
            (false, _) => Self::Vacant,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever stops when: of two keepers exactly one says the last word, and none speaks for a keeper that stood by.
    #[test]
    fn one_of_two_keepers_says_the_last_word() {
        assert_eq!(Farewell::of(false, false), Farewell::Nothing);
        assert_eq!(Farewell::of(false, true), Farewell::Nothing, "with three of them");
        assert_eq!(Farewell::of(true, false), Farewell::Stops);
        assert_eq!(Farewell::of(true, true), Farewell::HandsOver);
        let soon = Duration::from_millis(100);
        for waited in [soon, LONGEST_WAIT, LONGEST_WAIT * 2] {
            assert_eq!(Succession::after(true, true, waited), Succession::Taken);
            assert_eq!(
                Succession::after(true, false, waited),
                Succession::Taken,
                "that one may have stopped by now"
            );
            assert_eq!(
                Succession::after(false, false, waited),
                Succession::Vacant,
                "it stopped before it could take it"
            );
        }
        assert_eq!(Succession::after(false, true, soon), Succession::Open);
        assert_eq!(
            Succession::after(false, true, LONGEST_WAIT),
            Succession::Vacant,
            "it is there and does not act"
        );
    }
}
