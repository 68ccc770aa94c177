//! The trading days: built in, and what a file adds to them or corrects.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::Path,
};

use mock_exchange::calendar::Calendar;

/// The longest calendar file, in bytes: ten years of holidays need a tenth of it.
const LONGEST: u64 = 256 * 1024;

/// The calendar, with the file of `KEEPER_CALENDAR_FILE` if there is one.
///
/// # Errors
///
/// In words, when the file cannot be read or understood.
pub fn calendar(file: Option<&Path>) -> Result<Calendar, String> {
    let Some(path) = file else { return Ok(Calendar::embedded()) };
    let problem = |error: std::io::Error| match error.kind() {
        ErrorKind::InvalidInput => "it is no file".to_owned(),
        ErrorKind::NotFound => "it is not there".to_owned(),
        kind => kind.to_string(),
    };
    let text = read(path).map_err(problem)?;
    Calendar::with_file(&text).map_err(|error| error.to_string())
}

fn read(path: &Path) -> std::io::Result<String> {
    if !path.metadata()?.is_file() {
        return Err(ErrorKind::InvalidInput.into());
    }
    let mut text = String::new();
    File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST { Err(ErrorKind::FileTooLarge.into()) } else { Ok(text) }
}
