//! The database's disk is full: what fits into room that is there does not count as "it can be written".

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    hosts::World,
    support::{get, wait_for},
};

/// A small disk for the tables; what the server writes ahead is elsewhere.
struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// `None` where mounting is not permitted.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let disk = Self { folder };
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=40m", "keeper-test"])
            .arg(disk.path())
            .output();
        if !mounted.is_ok_and(|mounted| mounted.status.success()) {
            println!("SKIPPED: mounting is not permitted here, no disk was filled");
            return None;
        }
        fs::create_dir(disk.tables()).unwrap();
        assert!(Command::new("chown").arg("postgres").arg(disk.tables()).status().unwrap().success());
        Some(disk)
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn tables(&self) -> PathBuf {
        self.path().join("tables")
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    /// Until nothing more goes in: the server writes beside it.
    fn fill(&self) {
        let mut filler = fs::File::create(self.filler()).unwrap();
        for piece in [64 * 1024, 4 * 1024] {
            while filler.write_all(&vec![1; piece]).is_ok() {}
        }
    }

    fn empty(&self) {
        fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _gone = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

#[test]
fn while_the_database_is_full_it_is_said_without_a_break() {
    let Some(disk) = SmallDisk::mount() else { return };
    let Some(mut world) = World::new() else { return };
    world.server.sql("postgres", &format!("CREATE TABLESPACE small LOCATION '{}'", disk.tables().display()));
    world.server.sql("postgres", &format!("ALTER DATABASE {} SET TABLESPACE small", world.database));
    world.start(0);
    world.wait_acts(0);
    assert!(world.order(0, "with room").is_some());
    disk.fill();
    let ready = |world: &World| get(&world.url(0, "/readyz")).unwrap();
    wait_for("an order does not fit", || {
        let is_refused = world.order(0, "without room").is_none();
        (is_refused && ready(&world).0 == 503).then_some(())
    });
    // Several tries of its own, and orders between them.
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(5) {
        let (status, why) = ready(&world);
        assert_eq!(status, 503, "{:?} after it was full", began.elapsed());
        assert!(why.contains("disk is full"), "{why}");
        if world.order(0, "without room").is_some() {
            println!("one that fits");
        }
    }
    disk.empty();
    wait_for("it is ready again", || (ready(&world).0 == 200).then_some(()));
    assert!(world.order(0, "with room again").is_some());
    assert_eq!(ready(&world).0, 200);
    let tables = world.sql("SELECT count(*) FROM pg_class WHERE relname = 'keeper_room'");
    assert_eq!(tables, "0\n", "the look for room leaves nothing");
    world.judge();
    drop(world);
}
