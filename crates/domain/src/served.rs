//! What a keeper is set up for, and whether it may take the place of another one of the same database.

use serde::{Deserialize, Serialize};

use crate::secret::Fingerprint;

/// What a keeper is set up for, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Served {
    /// The account at FYERS.
    pub account: Option<String>,
    /// The app, by its id.
    pub app: Option<String>,
    /// Whether orders never leave the keeper.
    pub sandbox: Option<bool>,
    /// The gateway key, where it comes from the settings; otherwise keepers of one database share theirs.
    pub gateway_key: Option<Fingerprint>,
}

/// Why a keeper may not take the place of another one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// It is of another account.
    #[error("the state in this database is account {theirs}'s, and this keeper is set up for account {ours}")]
    Account {
        /// Whose the state is.
        theirs: String,
        /// Whose this keeper would be.
        ours: String,
    },
    /// It has another app, which may be of another account.
    #[error("the keeper before works with the app {theirs}, and this one is set up {}", app_words(ours.as_deref()))]
    App {
        /// The app of the keeper before.
        theirs: String,
        /// This one's.
        ours: Option<String>,
    },
    /// It would send orders elsewhere.
    #[error("the keeper before has FYERS_SANDBOX={theirs}, and this one has FYERS_SANDBOX={}", !theirs)]
    Sandbox {
        /// Whether the keeper before is in the sandbox.
        theirs: bool,
    },
    /// Bots that the keeper before lets in would be strangers to it.
    #[error("the keeper before has another KEEPER_GATEWAY_KEY: bots could not go on here")]
    GatewayKey,
}

fn app_words(app: Option<&str>) -> String {
    app.map_or_else(|| "without one".to_owned(), |app| format!("with {app}"))
}

impl Misfit {
    /// What to do about it, in one line.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Account { .. } => "Give it a database of its own, or correct FYERS_ACCOUNT_ID.",
            Self::App { .. } => {
                "Give both the same FYERS_CLIENT_ID. To change the app, set FYERS_ACCOUNT_ID and stop all keepers first."
            }
            Self::Sandbox { .. } => {
                "Give both the same FYERS_SANDBOX. To change it, stop all keepers first, in good order."
            }
            Self::GatewayKey => {
                "Give both the same KEEPER_GATEWAY_KEY, or none. To change it, stop all keepers first, in good order."
            }
        }
    }
}

impl Served {
    /// Why a keeper that is set up like this may not follow one that was set up like `before`. While that one acts, or
    /// when its end was not told, nothing may change by chance; after an end in good order a person may have changed
    /// app and sandbox, and the account never changes.
    pub fn misfit(&self, before: &Self, has_ended: bool) -> Option<Misfit> {
        let is_same = same_account(self, before);
        if let (Some(false), Some(theirs), Some(ours)) = (is_same, &before.account, &self.account) {
            return Some(Misfit::Account { theirs: theirs.clone(), ours: ours.clone() });
        }
        let other = self.other_app(before, has_ended, is_same);
        other.or_else(|| self.other_venue(before, has_ended)).or_else(|| self.other_key(before, has_ended))
    }

    /// An app is one account's: whose another app is, is known only where the account is said.
    fn other_app(&self, before: &Self, has_ended: bool, is_same: Option<bool>) -> Option<Misfit> {
        let theirs = before.app.clone().filter(|_| before.app != self.app)?;
        let is_anybodys = self.app.is_some() && before.account.is_some() && is_same.is_none();
        (!has_ended || is_anybodys).then(|| Misfit::App { theirs, ours: self.app.clone() })
    }

    fn other_venue(&self, before: &Self, has_ended: bool) -> Option<Misfit> {
        let theirs = before.sandbox.filter(|theirs| self.sandbox.is_some_and(|ours| ours != *theirs))?;
        (!has_ended).then_some(Misfit::Sandbox { theirs })
    }

    fn other_key(&self, before: &Self, has_ended: bool) -> Option<Misfit> {
        let both = self.gateway_key.as_ref().zip(before.gateway_key.as_ref());
        both.filter(|(ours, theirs)| !has_ended && ours != theirs).map(|_| Misfit::GatewayKey)
    }
}

/// `None` where one of them does not know it.
fn same_account(one: &Served, other: &Served) -> Option<bool> {
    Some(one.account.as_ref()?.eq_ignore_ascii_case(other.account.as_ref()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(account: &str, app: &str, sandbox: bool) -> Served {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Served { account: some(account), app: some(app), sandbox: Some(sandbox), gateway_key: None }
    }

    #[test]
    fn the_same_settings_fit_and_nothing_known_fits() {
        let one = served("XA1", "APP-100", false);
        for has_ended in [false, true] {
            assert_eq!(one.misfit(&one, has_ended), None);
            assert_eq!(one.misfit(&Served::default(), has_ended), None, "nobody was here before");
            assert_eq!(
                served("", "APP-100", false).misfit(&one, has_ended),
                None,
                "the app says whose it is"
            );
            assert_eq!(one.misfit(&served("xa1", "APP-100", false), has_ended), None, "as FYERS writes it");
        }
    }

    #[test]
    fn another_account_never_fits() {
        let (one, other) = (served("XA1", "APP-100", false), served("XB2", "APP-100", false));
        for has_ended in [false, true] {
            assert!(matches!(other.misfit(&one, has_ended), Some(Misfit::Account { .. })));
        }
    }

    #[test]
    fn another_app_fits_after_an_end_in_good_order_and_for_the_same_account_only() {
        let before = served("XA1", "APP-100", false);
        let is_app = |misfit: Option<Misfit>| matches!(misfit, Some(Misfit::App { .. }));
        assert!(is_app(served("XA1", "NEW-100", false).misfit(&before, false)));
        assert_eq!(served("XA1", "NEW-100", false).misfit(&before, true), None);
        assert!(is_app(served("", "NEW-100", false).misfit(&before, true)), "it may be anybody's");
        assert_eq!(served("", "NEW-100", false).misfit(&served("", "APP-100", false), true), None);
        assert!(is_app(served("", "", false).misfit(&before, false)), "it could send nothing");
        assert_eq!(served("", "", false).misfit(&before, true), None);
    }

    #[test]
    fn nobody_goes_live_or_leaves_it_by_a_take_over() {
        for theirs in [false, true] {
            let (before, ours) = (served("", "APP-100", theirs), served("", "APP-100", !theirs));
            assert_eq!(ours.misfit(&before, false), Some(Misfit::Sandbox { theirs }));
            assert_eq!(ours.misfit(&before, true), None, "a person has changed it");
        }
    }

    #[test]
    fn bots_of_the_one_are_let_in_by_the_other() {
        let with = |key: Option<&str>| Served {
            gateway_key: key.map(Fingerprint::of),
            ..served("XA1", "APP-100", false)
        };
        let (one, other, shared) = (with(Some("one key")), with(Some("another")), with(None));
        assert_eq!(other.misfit(&one, false), Some(Misfit::GatewayKey));
        assert_eq!(other.misfit(&one, true), None, "a person has changed it");
        for (ours, theirs) in [(&one, &one), (&shared, &one), (&one, &shared)] {
            assert_eq!(ours.misfit(theirs, false), None);
        }
    }

    #[test]
    fn it_says_who_is_who_in_one_line() {
        let before = served("XA1", "APP-100", true);
        let of = |ours: Served| ours.misfit(&before, false).unwrap();
        assert_eq!(
            of(served("XB2", "APP-100", true)).to_string(),
            "the state in this database is account XA1's, and this keeper is set up for account XB2"
        );
        assert!(
            of(served("", "", true))
                .to_string()
                .ends_with("the app APP-100, and this one is set up without one")
        );
        assert!(of(served("", "APP-100", false)).to_string().contains("FYERS_SANDBOX=true"));
    }
}
