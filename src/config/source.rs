//! Where settings come from: the environment first, then the `.env` file, then the defaults.

use std::{collections::BTreeMap, path::Path};

use serde::Serialize;

use crate::{
    config::{
        problem::Problem,
        table::{self, Spec},
    },
    private_file::{self, Content, Rules},
};

/// Which of the places a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingOrigin {
    /// The process environment.
    Environment,
    /// The `.env` file.
    EnvFile,
    /// A file named by `NAME_FILE`.
    SecretFile,
    /// Nobody set it.
    Default,
}

impl SettingOrigin {
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

/// How wide a person wants lines to be, where he says so: `COLUMNS`.
pub fn columns() -> Option<usize> {
    std::env::var("COLUMNS").ok()?.trim().parse().ok()
}

/// The clock of a test.
#[cfg(feature = "fault-injection")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DemoClock {
    /// It starts there and runs at real speed.
    From(chrono::DateTime<chrono::Utc>),
    /// It shows what this file says.
    File(std::path::PathBuf),
}

/// The clock of a test: `KEEPER_DEMO_CLOCK`, a time or `file:PATH`, which only test builds know.
#[cfg(feature = "fault-injection")]
pub fn demo_clock() -> Option<DemoClock> {
    let told = std::env::var("KEEPER_DEMO_CLOCK").ok()?;
    if let Some(path) = told.strip_prefix("file:") {
        return Some(DemoClock::File(path.into()));
    }
    chrono::DateTime::parse_from_rfc3339(&told).ok().map(|start| DemoClock::From(start.to_utc()))
}

/// Where a test ends the program: `KEEPER_ABORT_AT=after_send:2` is the second order that gets so far. Only test
/// builds know it.
#[cfg(feature = "fault-injection")]
pub fn fatal_order_step() -> Option<(keeper_actors::exchange::execution::OrderStep, u32)> {
    let told = std::env::var("KEEPER_ABORT_AT").ok()?;
    let (name, nth) = told.split_once(':')?;
    let step = keeper_actors::exchange::execution::OrderStep::ALL.iter().find(|(known, _)| *known == name)?.1;
    Some((step, nth.parse().ok()?))
}

/// A line or a variable that names settings of ours and cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Where it is: `.env, line 3`.
    pub place: String,
    /// Why it cannot be read.
    pub what: String,
    /// The settings that it names.
    pub names: Vec<String>,
}

/// All places together.
pub struct Sources<'a> {
    /// The process environment, or a test's stand-in.
    pub environment: &'a Values,
    /// The `.env` file's values.
    pub env_file: &'a Values,
    /// What names a setting in either and cannot be read.
    pub unread: &'a [Unread],
}

/// A value and where it came from.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) text: String,
    pub(super) origin: SettingOrigin,
}

/// What reading a setting brings to light beside its value.
#[derive(Default)]
pub(super) struct Remarks {
    pub(super) problems: Vec<Problem>,
    pub(super) notes: Vec<String>,
}

impl Sources<'_> {
    /// The raw value of a name, or of its other name; an empty one is as good as none.
    pub(super) fn raw(&self, name: &str) -> Option<Found> {
        let alias = table::alias_of(name);
        let names = [Some(name), alias.as_deref()];
        let places =
            [(self.environment, SettingOrigin::Environment), (self.env_file, SettingOrigin::EnvFile)];
        let of = |(values, origin)| {
            names.into_iter().flatten().find_map(|name| Some(Found { text: set_in(values, name)?, origin }))
        };
        places.into_iter().find_map(of)
    }

    /// The other name of a setting, where that one alone is set.
    pub(super) fn alias_used(&self, name: &str) -> Option<String> {
        let is_set = |name: &str| {
            [self.environment, self.env_file].iter().any(|values| set_in(values, name).is_some())
        };
        table::alias_of(name).filter(|alias| is_set(alias) && !is_set(name))
    }

    /// Both names of one setting in one place: which of the two did a person mean?
    fn check_alias(&self, name: &str, remarks: &mut Remarks) {
        let Some(alias) = table::alias_of(name) else { return };
        for values in [self.environment, self.env_file] {
            match (set_in(values, name), set_in(values, &alias)) {
                (Some(own), Some(other)) if own != other => remarks.problems.push(Problem::new(
                    name,
                    format!("is set, and {alias} is set to something else: both are names of one setting"),
                    "Keep one of the two.",
                )),
                (None, Some(_)) => remarks.notes.push(format!("{alias} is read as {name}.")),
                _ => {}
            }
        }
    }

    /// The value of a setting; a secret may be in a file of its own.
    pub(super) fn find(&self, spec: &Spec, remarks: &mut Remarks) -> Option<Found> {
        self.check_alias(spec.name, remarks);
        let direct = self.raw(spec.name);
        if !spec.is_secret() {
            return direct;
        }
        let file_name = format!("{}_FILE", spec.name);
        let Some(path) = self.raw(&file_name) else { return direct };
        if let Some(direct) = direct {
            // The .env copy of a token is kept up to date by the keeper itself; only a person's two wishes clash.
            if direct.origin == path.origin {
                remarks.problems.push(Problem::new(
                    spec.name,
                    format!("is set, and so is {file_name}"),
                    "Keep one of the two.",
                ));
                return None;
            }
            if direct.origin == SettingOrigin::Environment {
                return Some(direct);
            }
        }
        read_secret(&file_name, Path::new(&path.text), remarks)
    }

    /// Names that look like ours and are not. The file is the keeper's, so a name in it that only resembles one of ours
    /// counts too; the environment is everybody's.
    pub(super) fn strangers(&self) -> impl Iterator<Item = &String> {
        let resembles = |name: &&String| table::looks_like_ours(name) || table::did_you_mean(name).is_some();
        let in_environment = self.environment.keys().filter(|name| table::looks_like_ours(name));
        // The end-to-end tests set these; they are no settings.
        let of_tests = |name: &str| {
            cfg!(feature = "fault-injection") && ["KEEPER_DEMO_CLOCK", "KEEPER_ABORT_AT"].contains(&name)
        };
        let ours = move |name: &&String| !table::is_known(name) && !of_tests(name);
        in_environment.chain(self.env_file.keys().filter(resembles)).filter(ours)
    }
}

fn set_in(values: &Values, name: &str) -> Option<String> {
    values.get(name).map(|text| text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn read_secret(name: &str, path: &Path, remarks: &mut Remarks) -> Option<Found> {
    match private_file::read(path, Rules::BROUGHT) {
        Ok(Content { text, loose }) => {
            if loose && !path.starts_with("/run/secrets") {
                remarks.notes.push(format!("{name}: other users can read {}; chmod 600 it", path.display()));
            }
            let text = text.trim_end_matches(['\r', '\n']).to_owned();
            (!text.is_empty()).then_some(Found { text, origin: SettingOrigin::SecretFile })
        }
        Err(error) => {
            let what = format!("names {}, which {error}", path.display());
            remarks.problems.push(Problem::new(name, what, error.advice()));
            None
        }
    }
}
