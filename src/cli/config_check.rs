//! `config check`: what holds, where it came from, what is missing.

use serde::Serialize;

use crate::cli::{
    exit::Exit,
    failure::Failure,
    output::{json as print_json, say},
    setup::load,
};
use crate::config::Row;

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
    let answer = SettingsReport {
        settings: &config.settings.rows,
        missing: config.settings.missing(),
        notes: &config.notes,
    };
    if json {
        print_json(&answer);
        return Ok(Exit::Good);
    }
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::UTF8_FULL_CONDENSED).set_header(["Setting", "Value", "From"]);
    for row in answer.settings {
        table.add_row([row.name, &row.value, row.origin.words()]);
    }
    say(&table.to_string());
    for line in &answer.missing {
        say(&format!("missing: {line}"));
    }
    for note in answer.notes {
        say(&format!("note: {note}"));
    }
    say("The settings are good.");
    Ok(Exit::Good)
}
