//! Where a person finds the keeper that has just started.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::cli::{init::PageSetUp, probe::reachable, setup::CliConfig};
use crate::{
    config::Settings,
    http::set_up::{SetUpDoor, SetUpLink},
};

/// Where a person finds the keeper: its page, or the set-up while there is no app.
pub(super) fn welcome(settings: &Settings, set_up: Option<&SetUpOfRun>) -> String {
    let here = || format!("http://{}/", reachable(settings.http_addr));
    let page = settings.public_url.as_ref().map_or_else(here, |url| url.as_str().to_owned());
    let path = set_up.map_or_else(String::new, |set_up| set_up.door.link.path());
    format!("open {page}{path}")
}

/// How that address is reached from another computer: on a server it is the server's own.
pub(super) fn tunnel(settings: &Settings) -> Option<String> {
    let port = settings.http_addr.port();
    let is_own = settings.public_url.is_none();
    is_own.then(|| format!("from another computer run first: ssh -L {port}:127.0.0.1:{port} YOUR-SERVER"))
}

/// The set-up pages of a run without an app, and the signal that they are done.
pub(super) struct SetUpOfRun {
    pub(super) door: Arc<SetUpDoor>,
    finished: Arc<Notify>,
}

impl SetUpOfRun {
    pub(super) fn of(config: &CliConfig) -> Option<Self> {
        if config.settings.app.is_some() {
            return None;
        }
        let finished = Arc::new(Notify::new());
        let steps = Arc::new(PageSetUp::new(config.redactor.clone(), Arc::clone(&finished)));
        Some(Self { door: Arc::new(SetUpDoor { link: SetUpLink::default(), steps }), finished })
    }

    pub(super) async fn is_finished(set_up: Option<&Self>) {
        match set_up {
            Some(set_up) => set_up.finished.notified().await,
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Sources, Values, read};

    fn welcome_with(pairs: &[(&str, &str)]) -> String {
        let environment: Values =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        welcome(
            &read(&Sources { environment: &environment, env_file: &Values::new(), unread: &[] }).unwrap(),
            None,
        )
    }

    #[test]
    fn a_person_at_a_terminal_is_told_where_to_look() {
        assert_eq!(welcome_with(&[]), "open http://127.0.0.1:8080/");
        assert_eq!(welcome_with(&[("KEEPER_HTTP_ADDR", "0.0.0.0:9")]), "open http://127.0.0.1:9/");
        let public = [("KEEPER_PUBLIC_URL", "https://keeper.example.com")];
        assert_eq!(welcome_with(&public), "open https://keeper.example.com/");
    }
}
