//! `config check`: what holds, where it came from, what is missing.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets::UTF8_FULL_CONDENSED};
use serde::Serialize;

use crate::cli::{
    exit::Exit,
    failure::Failure,
    output::{json as print_json, put, say, say_row},
    setup::load,
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
    Ok(Exit::Good)
}

/// All settings with what they mean, for somebody who has the program alone.
pub(super) fn example() -> Exit {
    put(include_str!("../../env.example").trim_end());
    Exit::Good
}

/// Names and origins stay whole; values take the rest of the room.
fn table(rows: &[Row], room: Option<usize>) -> String {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_header(["Setting", "Value", "From"]);
    for row in rows {
        table.add_row([row.name, &row.value, row.origin.words()]);
    }
    let rest = ColumnConstraint::LowerBoundary(Width::Fixed(10));
    table.set_constraints([ColumnConstraint::ContentWidth, rest, ColumnConstraint::ContentWidth]);
    if let Some(room) = room {
        let room = u16::try_from(room).unwrap_or(u16::MAX);
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(room);
    }
    table.to_string()
}
