//! The table of docs/logging.md, as values.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// Events by name.
pub(crate) type Table = BTreeMap<String, Event>;

/// What may stand in a line of one event, besides what all lines have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) levels: BTreeSet<String>,
    pub(crate) fields: BTreeSet<String>,
}

impl Event {
    /// The row, without what it means.
    #[allow(dead_code, reason = "one of the two programs with this file prints rows")]
    pub(crate) fn row(&self, name: &str) -> String {
        let list = |all: &BTreeSet<String>| {
            let all: Vec<_> = all.iter().map(|one| format!("`{one}`")).collect();
            if all.is_empty() { "-".to_owned() } else { all.join(", ") }
        };
        let levels: Vec<_> = self.levels.iter().cloned().collect();
        format!("| `{name}` | {} | {} | ", levels.join(", "), list(&self.fields))
    }
}

/// Reads the table.
pub(crate) fn documented() -> Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/logging.md");
    let text = fs::read_to_string(path).unwrap();
    let (_, table) = text.split_once("\n## Events").unwrap();
    let table = table.split("\n## ").next().unwrap();
    let mut events = Table::new();
    for row in table.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [name, levels, fields, meaning] = cells[..] else { panic!("not four cells: {row}") };
        assert!(!meaning.is_empty(), "what does it mean? {row}");
        let set = |cell: &str| -> BTreeSet<String> {
            let parts = cell.split(',').map(|part| part.trim().trim_matches('`'));
            parts.filter(|part| !matches!(*part, "" | "-")).map(str::to_owned).collect()
        };
        let event = Event { levels: set(levels), fields: set(fields) };
        let before = events.insert(name.trim_matches('`').to_owned(), event);
        assert!(before.is_none(), "{name} is there twice");
    }
    events
}
