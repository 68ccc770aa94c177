//! `config check`: what holds, where it came from, what is missing.

use keeper_domain::{
    text::shown,
    wrap::{columns, words},
};
use serde::Serialize;

use crate::cli::{
    exit::Exit,
    failure::Failure,
    output::{json as print_json, put, say, say_row},
    setup::{CliConfig, load},
    width::room,
};
use crate::{config::Row, env_file::EnvFile};

#[derive(Serialize)]
struct SettingsReport<'a> {
    settings: &'a [Row],
    missing: Vec<String>,
    notes: &'a [String],
}

pub(super) fn check(json: bool) -> Result<Exit, Failure> {
    let config = load()?;
    // Everything that is made from settings is made once, so that its mistakes show here and not at start.
    config.client()?;
    config.messenger()?;
    config.calendar()?;
    let mut notes = config.notes.clone();
    notes.extend(EnvFile::new(&config.settings.env_file, &config.settings.state_dir).warnings());
    let answer =
        SettingsReport { settings: &config.settings.rows, missing: config.settings.missing(), notes: &notes };
    if json {
        print_json(&answer);
        return Ok(Exit::Good);
    }
    put(&table(answer.settings, room(&std::io::stdout())));
    for line in &answer.missing {
        say_row("missing: ", line);
    }
    for note in answer.notes {
        say_row("note: ", note);
    }
    say("The settings are good.");
    for line in meaning(&config) {
        say(&line);
    }
    Ok(Exit::Good)
}

/// What they come to: where orders go, and where a login comes back to.
fn meaning(config: &CliConfig) -> Vec<String> {
    let orders = match (&config.settings.app, config.real_money()) {
        (None, _) => "Every order is simulated: there is no app at FYERS.".to_owned(),
        (Some(_), None) => {
            "With a login: sandbox. Prices and account are real, no order reaches FYERS.".to_owned()
        }
        (Some(_), Some(setting)) => {
            format!("With a login: live ({setting}). Orders go to FYERS, with REAL MONEY.")
        }
    };
    let back = config.redirect_uri().map(|uri| format!("A login comes back to {uri}"));
    std::iter::once(orders).chain(back).collect()
}

/// All settings with what they mean, for somebody who has the program alone.
pub(super) fn example() -> Exit {
    put(include_str!("../../env.example").trim_end());
    Exit::Good
}

/// Where a value stands that has a line to itself.
const BELOW: &str = "    ";

/// A row a setting, its value last. No word is broken: an address is to be copied, so that a value with a word too long for
/// its column stands below its name, whole.
fn table(rows: &[Row], room: Option<usize>) -> String {
    let widest = |cell: fn(&Row) -> &str| rows.iter().map(cell).map(columns).max().unwrap_or_default();
    let (name, from) = (widest(|row| row.name).max(7), widest(|row| row.origin.words()).max(4));
    let lead = |row: [&str; 2]| format!("{:name$}  {:from$}  ", row[0], row[1]);
    let line = |row: &Row| {
        let (lead, value) = (lead([row.name, row.origin.words()]), shown(&row.value));
        let Some(room) = room else { return format!("{lead}{value}") };
        let left = room.saturating_sub(columns(&lead));
        let is_too_long = |word: &str| columns(word) > left;
        match value.split(' ').any(is_too_long) {
            true => format!("{}\n{BELOW}{value}", lead.trim_end()),
            false => lead.clone() + &words(&value, left).join(&format!("\n{:1$}", "", columns(&lead))),
        }
    };
    std::iter::once(lead(["SETTING", "FROM"]) + "VALUE")
        .chain(rows.iter().map(line))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SettingOrigin;

    fn row(name: &'static str, value: &str, origin: SettingOrigin) -> Row {
        Row { name, value: value.to_owned(), origin }
    }

    #[test]
    fn no_word_of_a_value_is_broken() {
        let rows = [
            row("FYERS_REFRESH_TOKEN_VALID_DAYS", "15", SettingOrigin::Default),
            row("FYERS_API_URL", "https://api-t1.fyers.in/api/v3/and/more", SettingOrigin::EnvFile),
            row(
                "KEEPER_SEGMENTS",
                "cash and fno, and mcx once orders in it are seen",
                SettingOrigin::Environment,
            ),
        ];
        let text = "SETTING                         FROM         VALUE\n\
                    FYERS_REFRESH_TOKEN_VALID_DAYS  default      15\n\
                    FYERS_API_URL                   .env\n    https://api-t1.fyers.in/api/v3/and/more\n\
                    KEEPER_SEGMENTS                 environment  cash and fno, and mcx once orders\n\
                    \x20                                            in it are seen";
        assert_eq!(table(&rows, Some(80)), text);
        assert!(table(&rows, None).lines().count() == 4, "a program gets whole lines");
    }
}
