//! What a person wrote into the environment and the `.env` file, before it is settings.

use secrecy::ExposeSecret;

use crate::{
    config::{self, Problem, Settings, Sources, Unread, Values, table},
    env_file::{Entry, EnvFile, EnvFileErrorKind, EnvText},
};

/// What a person wrote, as text.
#[derive(Default)]
pub(super) struct Written {
    environment: Values,
    env_file: Values,
    unread: Vec<Unread>,
    notes: Vec<String>,
}

/// Settings that mean nothing without each other.
const PAIRS: [[&str; 2]; 2] =
    [["FYERS_CLIENT_ID", "FYERS_SECRET_KEY"], ["TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID"]];

impl Written {
    /// An unreadable `.env` file is a mistake; what the environment says is known all the same.
    pub(super) fn read() -> (Self, Option<Problem>) {
        let (environment, names) = config::process_environment();
        let not_text = |name| Unread {
            place: "the environment".to_owned(),
            what: "it is not valid text".to_owned(),
            names: vec![name],
        };
        let unread = names.into_iter().map(not_text).collect();
        let mut written = Self { environment, unread, ..Self::default() };
        let problem = written.read_env_file().err();
        (written, problem)
    }

    /// The settings, and what a person should know and may ignore.
    pub(super) fn settings(&self) -> Result<(Settings, Vec<String>), Vec<Problem>> {
        let Self { environment, env_file, unread, .. } = self;
        let settings = config::read(&Sources { environment, env_file, unread })?;
        let notes = self.notes.iter().chain(&settings.notes).cloned().collect();
        Ok((settings, notes))
    }

    /// The `.env` file's values. No `.env` is no mistake; a file that somebody has named and that is not there is one,
    /// and so is a file that cannot be read.
    fn read_env_file(&mut self) -> Result<(), Problem> {
        let named = |name| self.environment.get(name).filter(|path| !path.is_empty());
        let path = named("KEEPER_ENV_FILE").map_or(".env", String::as_str).to_owned();
        let file = EnvFile::new(&path, named("KEEPER_STATE_DIR").map_or("./state", String::as_str));
        match file.read() {
            Ok(text) => {
                self.take(&path, text);
                Ok(())
            }
            Err(error) if error.kind() == EnvFileErrorKind::Missing && named("KEEPER_ENV_FILE").is_none() => {
                Ok(())
            }
            Err(error) => Err(Problem {
                name: "KEEPER_ENV_FILE".to_owned(),
                what: format!("cannot be used: {error}"),
                remedy: error.advice().to_owned(),
            }),
        }
    }

    /// The values in the text of the file at `path`. Malformed lines and our own names set twice are noted; what names a
    /// setting and cannot be read is kept apart.
    fn take(&mut self, path: &str, text: EnvText) {
        for problem in &text.problems {
            match table::names_in(problem.text.expose_secret()) {
                names if names.is_empty() => self.notes.push(format!("{path}, {problem}")),
                names => self.unread.push(unread(path, problem.line, problem.what, names)),
            }
        }
        for entry in text.entries.iter().filter(|entry| entry.value.expose_secret().contains('\n')) {
            // A quote that was not closed goes on to the next one and takes the lines between with it.
            let names = table::names_in(entry.value.expose_secret());
            if !names.is_empty() {
                self.unread.push(unread(path, entry.line, "a quote that begins there takes it in", names));
            }
        }
        // Other names may be values in the wrong place, which must not be printed.
        let ours = text.duplicates().into_iter().filter(|duplicate| table::is_known(&duplicate.key));
        self.notes.extend(ours.map(|duplicate| format!("{path}: {duplicate}")));
        let value = |entry: Entry| (entry.key, entry.value.expose_secret().to_owned());
        self.env_file = text.entries.into_iter().map(value).collect();
    }

    /// Nothing but what a person should know.
    pub(super) fn without_values(self) -> Self {
        Self { notes: self.notes, ..Self::default() }
    }

    pub(super) fn forget(&mut self, name: &str) {
        let name = name.strip_suffix("_FILE").unwrap_or(name);
        let pair = PAIRS.iter().find(|pair| pair.contains(&name));
        let names = pair.map_or_else(|| vec![name], |pair| pair.to_vec());
        self.unread.retain(|unread| unread.names.join(", ") != name);
        for values in [&mut self.environment, &mut self.env_file] {
            for name in &names {
                values.remove(*name);
                values.remove(&format!("{name}_FILE"));
                if let Some(alias) = table::alias_of(name) {
                    values.remove(&format!("{alias}_FILE"));
                    values.remove(&alias);
                }
            }
        }
    }
}

fn unread(path: &str, line: usize, what: &str, names: Vec<String>) -> Unread {
    Unread { place: format!("{path}, line {line}"), what: what.to_owned(), names }
}
