//! `backup` and `restore`: the state as one file, and back.

use std::path::{Path, PathBuf};

use keeper_domain::alerts::words::counted;

use crate::cli::{
    backup_postgres::{self, not_made},
    exit::Exit,
    failure::Failure,
    left_behind,
    output::{fail, json as print_json, no_runtime, no_state, say},
    probe::block_on,
    setup::load,
};
use crate::{
    backup::{self, Backup, Restore, Restored, Wish},
    doctor::contents,
    store::StateDir,
};

/// Alerts that are named.
const MOST_ALERTS: usize = 20;

pub(super) fn backup(file: Option<PathBuf>, wish: Wish, json: bool) -> Result<Exit, Failure> {
    let config = load()?;
    let file = file.unwrap_or_else(|| {
        PathBuf::from(format!("keeper-backup-{}.db", chrono::Utc::now().format("%Y%m%dT%H%M%SZ")))
    });
    let made = block_on(async {
        match &config.settings.database_url {
            Some(url) => backup_postgres::backup(&config, url, &file, wish).await,
            None => {
                let made = backup::backup(&config.settings.state_dir, &file, wish).await;
                made.map_err(|error| not_made(&error))
            }
        }
    });
    finish(made, json, describe_backup)
}

pub(super) fn restore(file: &Path, wish: Restore, json: bool) -> Result<Exit, Failure> {
    let config = load()?;
    // Nothing is made for a file that is not there: a typo must not leave an empty state folder.
    if !file.is_file() {
        return Err(fail(Exit::Error, &format!("{} is not there", file.display()), "Check the name."));
    }
    let restored = block_on(async {
        if let Some(url) = &config.settings.database_url {
            return backup_postgres::restore(&config, url, file, wish).await;
        }
        let state = StateDir::open(&config.settings.state_dir).map_err(|error| no_state(&error))?;
        left_behind::refuse_moved(&state).await?;
        backup::restore(&state, file, wish).await.map_err(|error| not_made(&error))
    });
    // What the start will find beside the state.
    let has_token = config.settings.access_token.is_some();
    finish(restored, json, |restored| describe_restored(restored, has_token))
}

fn finish<T: serde::Serialize>(
    outcome: Option<Result<T, Failure>>,
    json: bool,
    describe: impl Fn(&T) -> String,
) -> Result<Exit, Failure> {
    match outcome {
        Some(Ok(value)) if json => print_json(&value),
        Some(Ok(value)) => say(&describe(&value)),
        Some(Err(failure)) => return Err(failure),
        None => return Err(no_runtime()),
    }
    Ok(Exit::Good)
}

fn describe_backup(made: &Backup) -> String {
    let tokens = if made.with_tokens {
        "With the tokens and the gateway key: whoever has this file can trade. Keep it as you keep a password."
    } else {
        "Without tokens and gateway key: after a restore, one login brings a new token."
    };
    format!(
        "Backup written and checked: {} ({} KiB, for its owner only)\nIn it: {}.\n{tokens}",
        made.file.display(),
        made.bytes.div_ceil(1024),
        contents(&made.counts)
    )
}

fn describe_restored(restored: &Restored, has_token: bool) -> String {
    let made = restored.made_at.map(|at| at.format(" of %a %d %b %Y, %H:%M:%S IST").to_string());
    let mut lines = vec![
        format!("The backup{} is the state now, checked.", made.unwrap_or_default()),
        format!("In it: {}.", contents(&restored.counts)),
    ];
    if let Some(old) = &restored.old_state {
        lines.push(format!("The old state is kept: {}", old.display()));
    }
    if !restored.alerts_not_sent.is_empty() {
        lines.push(format!(
            "Not sent, because they tell of the time of the backup: {}.",
            counted(restored.alerts_not_sent.len() as u64, "alert")
        ));
        lines.extend(restored.alerts_not_sent.iter().take(MOST_ALERTS).map(|alert| format!("  {alert}")));
    }
    if restored.halt_kept {
        lines.push("Trading was halted and still is: end the halt with /resume when you mean to.".to_owned());
    }
    if restored.gateway_key {
        lines.push("The gateway key came with it: bots need no new one.".to_owned());
    }
    if restored.bot_keys > 0 {
        let keys = counted(restored.bot_keys, "bot key");
        lines.push(format!("{keys} came with it: no new ones are needed."));
    }
    if restored.bot_keys_left > 0 {
        lines.push(format!(
            "Not taken: {}. Restore with --with-gateway-key to take them, or add them anew.",
            counted(restored.bot_keys_left, "bot key")
        ));
    }
    if restored.gateway_key_left {
        lines.push(
            "The gateway key in the backup was not taken: with --with-gateway-key it is, and its maker knows it."
                .to_owned(),
        );
    }
    if restored.bot_keys > 0 && !restored.gateway_key {
        lines.push(
            "No gateway key came with it: `fyers-keeper key show default` shows the one that the first bot needs."
                .to_owned(),
        );
    }
    lines.push(
        match (restored.with_tokens, has_token) {
            (true, _) => "Start the keeper: `fyers-keeper run`.",
            (false, true) => {
                "Start the keeper: `fyers-keeper run`. There is no token in the backup; the one in FYERS_ACCESS_TOKEN is \
                 used if it is still good, and then orders go where FYERS_SANDBOX says at once."
            }
            (false, false) => "Start the keeper (`fyers-keeper run`) and log in once: there is no token in it.",
        }
        .to_owned(),
    );
    lines.join("\n")
}
