//! What may happen on a day.

use proptest::prelude::*;

#[derive(Debug, Clone, Copy)]
pub(super) enum Happening {
    /// FYERS ends the token, and some call meets that.
    Killed,
    /// FYERS ends the token during an outage: nobody can say whether it works.
    Outage { minutes: i64 },
    /// The person logs in.
    Login,
    /// The program is started anew.
    Restart,
    /// The first order in a commodity: MCX counts from now on.
    Commodity,
    /// Telegram answers nobody.
    Silence { minutes: i64 },
}

pub(super) fn happening() -> impl Strategy<Value = (i64, Happening)> {
    let what = prop_oneof![
        4 => Just(Happening::Killed),
        1 => (1i64..20).prop_map(|minutes| Happening::Outage { minutes }),
        4 => Just(Happening::Login),
        1 => Just(Happening::Restart),
        1 => Just(Happening::Commodity),
        2 => (1i64..40).prop_map(|minutes| Happening::Silence { minutes }),
    ];
    (1i64..90, what)
}
