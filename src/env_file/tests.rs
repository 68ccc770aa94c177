//! What can only be shown from inside: edits by others at the worst moment, and every torn state there can be.

use std::fs;
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;

use crate::env_file::in_place::{journal_path, store_journal};
use crate::env_file::{EnvFile, EnvFileErrorKind, How};

struct Place {
    dir: TempDir,
}

impl Place {
    fn new(text: &str) -> Self {
        let place = Self { dir: tempfile::tempdir().unwrap() };
        fs::create_dir(place.state()).unwrap();
        fs::write(place.env(), text).unwrap();
        place
    }

    fn env(&self) -> PathBuf {
        self.dir.path().join(".env")
    }

    fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    fn keeper(&self) -> EnvFile {
        EnvFile::new(self.env(), self.state())
    }

    fn text(&self) -> String {
        fs::read_to_string(self.env()).unwrap()
    }

    fn tie_to_inode(&self) {
        fs::hard_link(self.env(), self.dir.path().join("other-name")).unwrap();
    }

    fn journal(&self, old: &str, new: &str) {
        store_journal(&self.state(), &self.env().canonicalize().unwrap(), old, new).unwrap();
    }

    fn has_journal(&self) -> bool {
        journal_path(&self.state()).exists()
    }
}

fn edit_in_place(place: &Place) {
    fs::write(place.env(), "A=old\nB=theirs\n").unwrap();
}

fn edit_by_rename(place: &Place) {
    let other = place.dir.path().join("editor-temp");
    fs::write(&other, "A=old\nB=theirs\n").unwrap();
    fs::rename(other, place.env()).unwrap();
}

#[test]
fn an_edit_between_reading_and_writing_is_seen_and_kept() {
    for edit in [edit_in_place, edit_by_rename] {
        for tied in [false, true] {
            let place = Place::new("A=old\nB=mine\n");
            if tied {
                place.tie_to_inode();
            }
            let keeper = place.keeper();
            let plan = keeper.plan(&[("A", "new")]).unwrap();
            edit(&place);
            assert_eq!(keeper.commit(&plan).unwrap(), None);
            assert_eq!(place.text(), "A=old\nB=theirs\n");
            assert!(!place.has_journal());
            let _ = keeper.update(&[("A", &SecretString::from("new"))]).unwrap();
            assert_eq!(place.text(), "A=new\nB=theirs\n");
        }
    }
}

#[test]
fn a_file_deleted_between_reading_and_writing_is_not_brought_back() {
    let place = Place::new("A=old\n");
    let keeper = place.keeper();
    let plan = keeper.plan(&[("A", "new")]).unwrap();
    fs::remove_file(place.env()).unwrap();
    assert_eq!(keeper.commit(&plan).unwrap(), None);
    assert!(!place.env().exists());
}

#[test]
fn every_torn_state_of_a_write_in_place_is_finished() {
    let texts = ["A=1\n# é\nB=2\n", "A=12345\n# é\nB=2\n", "A=\n# é\nB=2\n"];
    for (old, new) in texts.iter().flat_map(|old| texts.iter().map(move |new| (*old, *new))) {
        let longest = old.len().max(new.len());
        for written in 0..=longest {
            // The first `written` bytes are new, the rest is still old, perhaps in the middle of a letter.
            let head = &new.as_bytes()[..written.min(new.len())];
            let torn = [head, old.as_bytes().get(head.len()..).unwrap_or_default()].concat();
            let place = Place::new("");
            place.journal(old, new);
            fs::write(place.env(), &torn).unwrap();
            place.keeper().recover().unwrap();
            assert_eq!(place.text(), new);
            assert!(!place.has_journal());
        }
    }
}

#[test]
fn a_hole_left_by_a_power_loss_is_filled() {
    let place = Place::new("");
    place.journal("A=1\n", "A=12345\n");
    fs::write(place.env(), "A=1\n\0\0\0\0").unwrap();
    place.keeper().recover().unwrap();
    assert_eq!(place.text(), "A=12345\n");
}

#[test]
fn reading_repairs_an_interrupted_write_first() {
    let place = Place::new("");
    place.journal("A=1\nB=2\n", "A=12345\nB=2\n");
    fs::write(place.env(), "A=12345\n\0\0\0\0").unwrap();
    assert_eq!(place.keeper().read().unwrap().get("B").unwrap().expose_secret(), "2");
    assert!(!place.has_journal());
}

#[test]
fn an_edit_after_a_crash_is_kept_as_it_is() {
    let place = Place::new("");
    place.journal("A=old\nB=1\n", "A=new\nB=1\n");
    // Perhaps a newer token, pasted by hand.
    fs::write(place.env(), "# mine\nA=pasted\nB=2\nC=3\n").unwrap();
    place.keeper().recover().unwrap();
    assert_eq!(place.text(), "# mine\nA=pasted\nB=2\nC=3\n");
    assert!(!place.has_journal());
}

#[test]
fn an_incomplete_journal_means_that_nothing_was_written() {
    let place = Place::new("A=old\n");
    place.journal("A=old\n", "A=new\n");
    let journal = journal_path(&place.state());
    let whole = fs::read(&journal).unwrap();
    for len in 0..whole.len() {
        fs::write(&journal, &whole[..len]).unwrap();
        place.keeper().recover().unwrap();
        assert_eq!(place.text(), "A=old\n", "{len}");
        assert!(!journal.exists());
    }
}

#[test]
fn a_journal_of_a_file_that_is_gone_is_dropped() {
    let place = Place::new("A=old\n");
    place.journal("A=old\n", "A=new\n");
    fs::remove_file(place.env()).unwrap();
    place.keeper().recover().unwrap();
    assert!(!place.has_journal());
    assert_eq!(place.keeper().read().unwrap_err().kind(), EnvFileErrorKind::Missing);
}

#[test]
fn the_next_update_repairs_the_file_first() {
    let place = Place::new("");
    place.journal("A=1234567\nB=old\n", "A=1\nB=new\n");
    fs::write(place.env(), "A=1\nB=new\nB=old\n").unwrap();
    let two = SecretString::from("2");
    let how = place.keeper().update(&[("A", &two)]).unwrap();
    assert_eq!((how, place.text().as_str()), (How::Replaced, "A=2\nB=new\n"));
}
