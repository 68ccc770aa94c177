//! Who may read status, orders, metrics and events: one rule.

/// What is known of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    /// The listener is bound to an address of this machine only.
    pub(super) listens_on_loopback: bool,
    /// The settings name an address on the internet: strangers can reach the keeper.
    pub(super) has_public_url: bool,
    /// Nothing about it leaves open that somebody else has passed it on (`way`).
    pub(super) is_direct: bool,
    /// `Host` is this listener by a name of this machine: not a name bent to it, and not another port's.
    pub(super) names_listener: bool,
    /// The gateway key was shown.
    pub(super) shows_key: bool,
    /// The key of a bot other than the owner's was shown.
    pub(super) shows_bots_key: bool,
    /// A browser in which a person has entered the key.
    pub(super) has_session: bool,
}

/// By what right somebody reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Access {
    /// The gateway key.
    Key,
    /// A page session.
    Session,
    /// The key of a bot: it reads, and it changes nothing here.
    Bot,
    /// It is somebody on this machine, and nobody else can reach the listener.
    ThisMachine,
    /// None: the key is needed.
    Denied,
}

/// The rule. Any doubt about who is asking means that the key is needed.
pub(super) fn who_may_read(facts: Facts) -> Access {
    let Facts { listens_on_loopback, has_public_url, is_direct, names_listener, .. } = facts;
    let is_this_machine = listens_on_loopback && names_listener && !has_public_url && is_direct;
    if facts.shows_key {
        Access::Key
    } else if facts.has_session {
        Access::Session
    } else if facts.shows_bots_key {
        Access::Bot
    } else if is_this_machine {
        Access::ThisMachine
    } else {
        Access::Denied
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_of_facts_is_decided() {
        let mut without_key = Vec::new();
        for bits in 0u8..128 {
            let bit = |n: u8| bits >> n & 1 == 1;
            let facts = Facts {
                listens_on_loopback: bit(0),
                has_public_url: bit(1),
                is_direct: bit(2),
                names_listener: bit(3),
                shows_key: bit(4),
                has_session: bit(5),
                shows_bots_key: bit(6),
            };
            match who_may_read(facts) {
                Access::Key => assert!(facts.shows_key, "{facts:?}"),
                Access::Session => assert!(facts.has_session && !facts.shows_key, "{facts:?}"),
                Access::Bot => {
                    assert!(facts.shows_bots_key && !facts.shows_key && !facts.has_session, "{facts:?}");
                }
                Access::ThisMachine => without_key.push(facts),
                Access::Denied => {
                    let shown = facts.shows_key || facts.has_session || facts.shows_bots_key;
                    assert!(!shown, "{facts:?}");
                }
            }
        }
        let only = Facts {
            listens_on_loopback: true,
            has_public_url: false,
            is_direct: true,
            names_listener: true,
            shows_key: false,
            has_session: false,
            shows_bots_key: false,
        };
        assert_eq!(without_key, [only], "one single combination reads without key or session");
    }
}
