//! `gateway.key`: whether it can be used, and, while the keeper runs, the new key that somebody puts into it: then the old
//! one ends at once.

use std::{path::PathBuf, sync::Arc, time::Duration};

use keeper_domain::{
    note::Note,
    ports::{Change, Store, Time},
};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    cli::{
        exit::Exit,
        failure::Failure,
        output::{fail, no_state},
        setup::CliConfig,
    },
    config::weakness_of_key,
    http::GatewayKey,
    keys::KeyAdmin,
    logging::Redactor,
    private_file::{self, Content, Rules},
    store::{StateDir, postgres::SHARED_SECRETS},
};

/// Time between two looks at the file.
const EVERY: Duration = Duration::from_secs(5);

/// The first key, from the settings or from the state folder.
pub(super) fn gateway_key(config: &CliConfig, state: &StateDir) -> Result<SecretString, Failure> {
    match &config.settings.gateway_key {
        Some(key) => Ok(key.clone()),
        None => state.gateway_key().map_err(|error| no_state(&error)).and_then(strong),
    }
}

/// The keeper's own keys are strong; one that a person has put into the file may not be.
fn strong(key: SecretString) -> Result<SecretString, Failure> {
    let remedy =
        "Remove gateway.key from the state folder: the keeper makes a new one, which bots then need.";
    match weakness_of_key(key.expose_secret()) {
        Some(weakness) => Err(fail(Exit::BadSettings, &format!("the key in gateway.key {weakness}"), remedy)),
        None => Ok(key),
    }
}

/// Takes over every good key that is put into the file. One that cannot be used is told once, and the old one stays.
pub(super) async fn follow(
    path: PathBuf,
    key: GatewayKey,
    redactor: Redactor,
    time: Arc<dyn Time>,
    (keys, store): (Arc<KeyAdmin>, Option<Arc<dyn Store>>),
) {
    let (mut told, mut is_shared) = (None, true);
    loop {
        time.sleep(EVERY).await;
        if !is_shared {
            is_shared = share(store.as_deref(), &key.secret()).await;
        }
        match read(&path) {
            Ok(new) => {
                told = None;
                // Before it can be shown anywhere.
                redactor.register(&new);
                if key.replace(new.clone()) {
                    keys.owner_is(&new);
                    is_shared = share(store.as_deref(), &new).await;
                    tracing::warn!(
                        event = "keeper.key_replaced",
                        actor = "keeper",
                        "gateway.key holds another key: the old one and all page sessions have ended"
                    );
                }
            }
            Err(why) if told.as_ref() != Some(&why) => {
                tracing::warn!(
                    event = "keeper.settings",
                    actor = "keeper",
                    "{} {why}; the key from before stays good",
                    path.display()
                );
                told = Some(why);
            }
            Err(_) => {}
        }
    }
}

/// Where keepers share a database, the next one takes the key from there: what a person has taken away must not come back.
async fn share(store: Option<&dyn Store>, key: &SecretString) -> bool {
    let Some(store) = store else { return true };
    let Ok(note) = Note::<String>::new(SHARED_SECRETS[0]).set(&key.expose_secret().to_owned()) else {
        return false;
    };
    let done = store.commit(Change { notes: vec![note], ..Change::default() }).await;
    done.inspect_err(|error| tracing::error!(event = "store.failed", actor = "keeper", "{error}")).is_ok()
}

fn read(path: &std::path::Path) -> Result<SecretString, String> {
    let Content { text, loose } = private_file::read(path, Rules::OWN).map_err(|error| error.to_string())?;
    if let Some(weakness) = weakness_of_key(text.trim()) {
        return Err(weakness);
    }
    if loose {
        private_file::open_own(path).map_err(|error| error.to_string())?;
    }
    Ok(SecretString::from(text.trim()))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn only_a_good_key_in_an_own_file_is_taken() {
        let work = tempfile::tempdir().unwrap();
        let path = work.path().join("gateway.key");
        assert!(read(&path).is_err(), "nothing there");
        for weak in ["", "short", "123456789012345678901234567890", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
            fs::write(&path, weak).unwrap();
            assert!(read(&path).is_err(), "{weak}");
        }
        fs::write(&path, "a-new-key-0123456789-ABCDEF\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(read(&path).unwrap().expose_secret(), "a-new-key-0123456789-ABCDEF");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "closed");
        fs::rename(&path, work.path().join("other")).unwrap();
        std::os::unix::fs::symlink(work.path().join("other"), &path).unwrap();
        assert!(read(&path).is_err(), "a link");
    }
}
