//! Where settings come from: the environment first, then the `.env` file, then the defaults.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::Path};

use serde::Serialize;

use crate::config::{
    problem::Problem,
    table::{self, Spec},
};

/// Which of the places a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The process environment.
    Environment,
    /// The `.env` file.
    EnvFile,
    /// A file named by `NAME_FILE`.
    SecretFile,
    /// Nobody set it.
    Default,
}

impl Origin {
    /// The place in a person's words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::EnvFile => ".env",
            Self::SecretFile => "its own file",
            Self::Default => "default",
        }
    }
}

/// Names and values as a person wrote them.
pub type Values = BTreeMap<String, String>;

/// The process environment. A value that is no text is left out with its name told: its bytes are not shown.
pub fn process_environment() -> (Values, Vec<String>) {
    let mut unreadable = Vec::new();
    let mut values = Values::new();
    for (name, value) in std::env::vars_os() {
        let Ok(name) = name.into_string() else { continue };
        match value.into_string() {
            Ok(value) => {
                values.insert(name, value);
            }
            Err(_) if table::is_known(&name) => unreadable.push(name),
            Err(_) => {}
        }
    }
    (values, unreadable)
}

/// Whether systemd (or somebody like it) waits for messages of this process.
pub fn notify_socket() -> bool {
    std::env::var_os("NOTIFY_SOCKET").is_some_and(|socket| !socket.is_empty())
}

/// Whether a person wants no colours: `NO_COLOR`, see no-color.org.
pub fn no_colour() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Where the clock of a test starts: `KEEPER_DEMO_CLOCK`, which only test builds know.
#[cfg(feature = "fault-injection")]
pub fn demo_clock() -> Option<chrono::DateTime<chrono::Utc>> {
    let told = std::env::var("KEEPER_DEMO_CLOCK").ok()?;
    chrono::DateTime::parse_from_rfc3339(&told).ok().map(|start| start.to_utc())
}

/// All places together.
pub struct Sources<'a> {
    /// The process environment, or a test's stand-in.
    pub environment: &'a Values,
    /// The `.env` file's values.
    pub env_file: &'a Values,
}

/// A value and where it came from.
pub(super) struct Found {
    pub(super) text: String,
    pub(super) origin: Origin,
}

impl Sources<'_> {
    /// The raw value of a name; an empty one is as good as none.
    pub(super) fn raw(&self, name: &str) -> Option<Found> {
        let of = |values: &Values, origin| {
            let text = values.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())?;
            Some(Found { text: text.to_owned(), origin })
        };
        of(self.environment, Origin::Environment).or_else(|| of(self.env_file, Origin::EnvFile))
    }

    /// The value of a setting; a secret may be in a file of its own.
    pub(super) fn find(
        &self,
        spec: &Spec,
        problems: &mut Vec<Problem>,
        notes: &mut Vec<String>,
    ) -> Option<Found> {
        let direct = self.raw(spec.name);
        if !spec.is_secret() {
            return direct;
        }
        let file_name = format!("{}_FILE", spec.name);
        let Some(path) = self.raw(&file_name) else { return direct };
        if let Some(direct) = direct {
            // The .env copy of a token is kept up to date by the keeper itself; only a person's two wishes clash.
            if direct.origin == path.origin {
                problems.push(Problem::new(
                    spec.name,
                    format!("is set, and so is {file_name}"),
                    "Keep one of the two.",
                ));
                return None;
            }
            if direct.origin == Origin::Environment {
                return Some(direct);
            }
        }
        read_secret(&file_name, Path::new(&path.text), problems, notes)
    }

    /// Names that look like ours and are not.
    pub(super) fn strangers(&self) -> impl Iterator<Item = &String> {
        let ours = |name: &&String| {
            ["FYERS_", "TELEGRAM_", "KEEPER_"].iter().any(|prefix| name.starts_with(prefix))
                && !table::is_known(name)
                // The end-to-end tests set it; it is no setting.
                && !(cfg!(feature = "fault-injection") && *name == "KEEPER_DEMO_CLOCK")
        };
        self.environment.keys().chain(self.env_file.keys()).filter(ours)
    }
}

fn read_secret(
    name: &str,
    path: &Path,
    problems: &mut Vec<Problem>,
    notes: &mut Vec<String>,
) -> Option<Found> {
    match fs::read_to_string(path) {
        Ok(text) => {
            let open = fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0);
            if open && !path.starts_with("/run/secrets") {
                notes.push(format!("{name}: other users can read {}; chmod 600 it", path.display()));
            }
            let text = text.trim_end_matches(['\r', '\n']).to_owned();
            (!text.is_empty()).then_some(Found { text, origin: Origin::SecretFile })
        }
        Err(error) => {
            let what = format!("names {}, which cannot be read: {}", path.display(), error.kind());
            problems.push(Problem::new(name, what, "Check the path and who may read the file."));
            None
        }
    }
}
