//! Symbol masters in the state folder: one text file for each of FYERS', a row a symbol, with only what the MockExchange
//! uses of it. The first row says what it is and since when, the last one how many there are.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use chrono::{DateTime, SecondsFormat, Utc};
use fyers_api::{
    codes,
    symbol_master::{Counted, FILES, MasterError, SymbolRow, read_csv, read_json},
};
use mock_exchange::SymbolMaster;

use crate::private_file;

/// What the first row begins with.
const TITLE: &str = "fyers-keeper symbols 1";
/// Nothing in a column.
const NONE: &str = "-";

/// Which form a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Csv,
    Json,
}

/// Why a file could not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it cannot be written to the state folder ({0})")]
pub struct DiskError(std::io::ErrorKind);

/// One file of the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its name at FYERS, as `NSE_FO`.
    pub file: &'static str,
    /// When it was fetched; `None` when it is not there or not to be used.
    pub fetched: Option<DateTime<Utc>>,
}

/// What the folder holds.
#[derive(Debug, Clone, Default)]
pub struct Cached {
    /// All symbols.
    pub master: SymbolMaster,
    /// When the oldest file was fetched.
    pub as_of: Option<DateTime<Utc>>,
}

fn path(folder: &Path, file: &str) -> PathBuf {
    folder.join(format!("symbols-{file}.tsv"))
}

/// How old each file of the folder is, by its first row.
pub fn look(folder: &Path) -> Vec<Found> {
    let first = |file: &'static str| {
        let mut row = String::new();
        BufReader::new(private_file::open_own(&path(folder, file)).ok()?)
            .take(200)
            .read_line(&mut row)
            .ok()?;
        title(&row, file)
    };
    FILES.into_iter().map(|file| Found { file, fetched: first(file) }).collect()
}

fn title(row: &str, file: &str) -> Option<DateTime<Utc>> {
    let rest = row.trim_end().strip_prefix(TITLE)?.trim_start().strip_prefix(file)?;
    DateTime::parse_from_rfc3339(rest.trim()).ok().map(|at| at.with_timezone(&Utc))
}

/// Everything in the folder. A file that is torn or not ours counts as not there.
pub(super) fn load(folder: &Path) -> Cached {
    let mut all = Cached::default();
    for file in FILES {
        // Once to see whether it is whole, once to take it in.
        if let Some(fetched) = rows_of(&path(folder, file), file, |_| {}) {
            rows_of(&path(folder, file), file, |row| all.master.add(&row));
            all.as_of = Some(all.as_of.map_or(fetched, |oldest| oldest.min(fetched)));
        }
    }
    all.master = all.master.sorted();
    all
}

fn rows_of(path: &Path, file: &str, mut hear: impl FnMut(SymbolRow)) -> Option<DateTime<Utc>> {
    let mut lines = BufReader::new(private_file::open_own(path).ok()?).lines();
    let fetched = title(&lines.next()?.ok()?, file)?;
    for (count, line) in lines.enumerate() {
        let line = line.ok()?;
        if let Some(end) = line.strip_prefix("end ") {
            return (end.parse() == Ok(count)).then_some(fetched);
        }
        hear(from_text(&line)?);
    }
    None
}

/// Brings a file into the folder, row by row. The one before is replaced when this one is there whole.
pub(super) fn write(
    folder: &Path,
    file: &str,
    (form, source): (Form, impl Read),
    fetched: DateTime<Utc>,
) -> Result<Result<Counted, MasterError>, DiskError> {
    let (whole, partial) = (path(folder, file), path(folder, file).with_extension("partial"));
    let _leftover = fs::remove_file(&partial);
    let disk = |error: std::io::Error| DiskError(error.kind());
    let written = private_file::create_new(&partial).map_err(disk).and_then(|target| {
        let title = format!("{TITLE} {file} {}", fetched.to_rfc3339_opts(SecondsFormat::Secs, true));
        rows_to(&target, &title, form, source).map_err(disk)
    });
    match written {
        Ok(Ok(counted)) => {
            let folder = File::open(folder).map_err(disk)?;
            fs::rename(&partial, &whole).and_then(|()| folder.sync_all()).map_err(disk)?;
            Ok(Ok(counted))
        }
        other => {
            let _gone = fs::remove_file(&partial);
            other
        }
    }
}

fn rows_to(
    target: &File,
    title: &str,
    form: Form,
    source: impl Read,
) -> std::io::Result<Result<Counted, MasterError>> {
    let mut out = BufWriter::new(target);
    writeln!(out, "{title}")?;
    let mut failed = Ok(());
    let mut hear = |row: SymbolRow| {
        if failed.is_ok() {
            failed = writeln!(out, "{}", to_text(&row));
        }
    };
    let source = BufReader::with_capacity(64 * 1024, source);
    let read = match form {
        Form::Csv => read_csv(source, &mut hear),
        Form::Json => read_json(source, &mut hear),
    };
    failed?;
    if let Ok(counted) = read {
        writeln!(out, "end {}", counted.good)?;
        out.flush()?;
        target.sync_all()?;
    }
    Ok(read)
}

/// Reads a symbol master that a person brings, whichever form it has.
///
/// # Errors
/// In words, when it cannot be read or is none.
pub fn read_file(path: &Path, master: &mut SymbolMaster) -> Result<Counted, String> {
    let file = private_file::open_public(path).map_err(|problem| format!("it {problem}"))?;
    let mut source = BufReader::with_capacity(64 * 1024, file);
    let start = source.fill_buf().map_err(|error| error.kind().to_string())?;
    let is_json = start.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let hear = |row: SymbolRow| master.add(&row);
    let read = if is_json { read_json(source, hear) } else { read_csv(source, hear) };
    read.map_err(|error| error.to_string())
}

fn to_text(row: &SymbolRow) -> String {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| NONE.to_owned());
    let (lower, upper) = row.circuit.map(|(lower, upper)| (lower.to_string(), upper.to_string())).unzip();
    [
        row.symbol.clone(),
        codes::segment_number(row.segment).to_string(),
        row.tick.to_string(),
        row.lot.to_string(),
        or_none(row.expiry.map(|date| date.to_string())),
        or_none(lower),
        or_none(upper),
        or_none(row.freeze.map(|quantity| quantity.to_string())),
        u8::from(row.closing_auction).to_string(),
        row.multiplier.to_string(),
    ]
    .join("\t")
}

fn from_text(line: &str) -> Option<SymbolRow> {
    let cells: Vec<&str> = line.split('\t').collect();
    let [symbol, segment, tick, lot, expiry, lower, upper, freeze, auction, multiplier] = cells[..] else {
        return None;
    };
    let some = |text: &'_ str| (text != NONE).then(|| text.to_owned());
    Some(SymbolRow {
        symbol: symbol.to_owned(),
        segment: codes::segment(segment.parse().ok()?)?,
        tick: tick.parse().ok()?,
        lot: lot.parse().ok()?,
        expiry: some(expiry).and_then(|text| text.parse().ok()),
        circuit: some(lower).zip(some(upper)).and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?))),
        freeze: some(freeze).and_then(|text| text.parse().ok()),
        closing_auction: auction == "1",
        multiplier: multiplier.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &str = r#"{"NSE:SBIN-EQ":{"segment":10,"tickSize":0.1,"minLotSize":1,"upperPrice":820.5,"lowerPrice":780,
        "isCasEligible":1},"NSE:NIFTY26N2326000CE":{"segment":11,"tickSize":0.05,"minLotSize":75,"qtyMultiplier":100,
        "expiryDate":"1795428600","qtyFreeze":"1801"}}"#;

    fn at() -> DateTime<Utc> {
        "2026-11-23T03:00:00Z".parse().unwrap()
    }

    #[test]
    fn what_is_written_is_read_and_what_is_torn_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let source = (Form::Json, ROWS.as_bytes());
        assert_eq!(write(folder.path(), "NSE_FO", source, at()).unwrap().unwrap().good, 2);
        let mut rows = vec![];
        let path = path(folder.path(), "NSE_FO");
        assert_eq!(rows_of(&path, "NSE_FO", |row| rows.push(row)), Some(at()));
        let mut original = vec![];
        read_json(ROWS.as_bytes(), |row| original.push(row)).unwrap();
        assert_eq!(rows, original);
        let cached = load(folder.path());
        assert_eq!((cached.master.len(), cached.as_of), (2, Some(at())));
        let whole = fs::read_to_string(&path).unwrap();
        for length in [0, 10, whole.len() / 2, whole.len() - 3] {
            fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(load(folder.path()).master.len(), 0, "{length}");
        }
    }

    #[test]
    fn a_file_that_does_not_come_whole_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "NSE_FO", (Form::Json, ROWS.as_bytes()), at()).unwrap().unwrap();
        for torn in [&ROWS.as_bytes()[..ROWS.len() - 1], b"<html>", b"{}", b""] {
            let later = at() + chrono::TimeDelta::days(1);
            write(folder.path(), "NSE_FO", (Form::Json, torn), later).unwrap().unwrap_err();
            assert_eq!(look(folder.path())[1], Found { file: "NSE_FO", fetched: Some(at()) });
            assert_eq!(load(folder.path()).master.len(), 2);
        }
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "no partial file stays");
    }

    #[test]
    fn a_person_s_file_is_read_in_either_form() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("master");
        let mut master = SymbolMaster::default();
        fs::write(&file, ROWS).unwrap();
        assert_eq!(read_file(&file, &mut master).map(|counted| counted.good), Ok(2));
        fs::write(&file, "10,SBIN,0,1,0.1,,,,,NSE:SBIN-EQ,10,10,3045,SBIN,3045,-1.0,XX,1,None,0,0.0\n")
            .unwrap();
        assert_eq!(read_file(&file, &mut master).map(|counted| counted.good), Ok(1));
        fs::write(&file, "nothing").unwrap();
        assert!(read_file(&file, &mut master).unwrap_err().contains("no row"));
    }
}
