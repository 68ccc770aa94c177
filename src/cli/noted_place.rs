//! The note of the database with which a keeper works, beside its state.

use std::io::Write;

use crate::private_file::{self, Rules};
use crate::store::{StateDir, state_dir::WORKED_WITH};

/// Its state has left: an empty database there is no loss.
pub(super) fn forget_place(state: &StateDir) {
    let _none = std::fs::remove_file(state.path().join(WORKED_WITH));
}

/// Notes with which database this keeper works, when there is a state in it.
pub(super) fn note_place(state: &StateDir, place: &str) {
    let path = state.path().join(WORKED_WITH);
    if private_file::read(&path, Rules::OWN).is_ok_and(|noted| noted.text == place) {
        return;
    }
    let written =
        private_file::open_or_create(&path).map_err(|error| error.to_string()).and_then(|mut file| {
            let written = file.set_len(0).and_then(|()| file.write_all(place.as_bytes()));
            written.map_err(|error| error.kind().to_string())
        });
    if let Err(problem) = written {
        tracing::warn!(event = "keeper.settings", "{} cannot be written: {problem}", path.display());
    }
}
