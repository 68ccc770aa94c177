//! A real disk that is really full: a small tmpfs in a mount namespace of its own.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::verify::{self, Tally};
use crate::writer::{Outcome, Plan, Said, Workload, Writer};

const HISTORY: &str = "KEEPER_STORE_FAULTS_HISTORY";
const MOUNT: &str = "KEEPER_STORE_FAULTS_MOUNT";

/// Starts `inside` where mounting is allowed.
pub(crate) fn history(name: &str) {
    let mount = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let script = "mount -t tmpfs -o size=16m keeper-test \"$KEEPER_STORE_FAULTS_MOUNT\" || exit 77
                  exec \"$0\" --exact inside --ignored --nocapture";
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script]).arg(std::env::current_exe().unwrap());
    command.env(HISTORY, name).env(MOUNT, mount.path());
    let Ok(ran) = command.output() else { return skipped("unshare is not installed") };
    let said = String::from_utf8_lossy(&ran.stdout);
    said.lines().filter(|line| line.starts_with("disk: ")).for_each(|line| println!("{line}"));
    if ran.status.code() == Some(77) || String::from_utf8_lossy(&ran.stderr).contains("unshare failed") {
        return skipped("mounting is not permitted here");
    }
    assert!(ran.status.success(), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));
    assert!(said.contains("disk: "), "nothing was tried: {said}");
}

fn skipped(why: &str) {
    println!("SKIPPED: {why}, no disk was filled");
}

/// The tmpfs with what fills it.
struct Disk {
    mount: PathBuf,
}

impl Disk {
    /// Leaves this much room.
    fn fill(&self, left: u64) {
        let _none = fs::remove_file(self.filler());
        let stat = rustix::fs::statvfs(&self.mount).unwrap();
        let free = stat.f_bavail * stat.f_bsize;
        // Written, not only made long: a hole takes no room.
        fs::write(self.filler(), vec![1; usize::try_from(free - left).unwrap()]).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.mount.join("filler")
    }

    fn state(&self) -> PathBuf {
        self.mount.join("state")
    }
}

/// Both histories begin with a store that works.
pub(crate) fn inside() {
    let Some(mount) = std::env::var_os(MOUNT) else { return };
    let disk = Disk { mount: PathBuf::from(mount) };
    match std::env::var(HISTORY).as_deref() {
        Ok("room_again") => room_again(&disk),
        _ => stays_full(&disk),
    }
}

/// The first orders do not fit, then there are 7.5 MB.
fn room_again(disk: &Disk) {
    let mut sum = Tally::default();
    for left in (0..40).map(|pages| pages * 4096) {
        let mut writer = Writer::start(&disk.state(), Plan { workload: Workload::Single, first: 3 }, 60);
        disk.fill(left);
        writer.go();
        let free_again = thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(100));
                disk.fill(7_500_000);
            });
            writer.hear()
        });
        sum.add(judge(disk, &mut writer, &free_again));
        assert_eq!(free_again.outcomes.last().unwrap().1, Outcome::Acknowledged, "it healed: {free_again:?}");
        clear(disk);
    }
    report("room again", &sum);
    assert!(sum.healed > 0, "no disk was full: {sum:?}");
}

/// Nothing fits for as long as the program tries; all is refused in words. Then there is room.
fn stays_full(disk: &Disk) {
    let mut sum = Tally::default();
    for left in (0..6).map(|pages| pages * 4096) {
        let mut writer =
            Writer::start(&disk.state(), Plan { workload: Workload::Together, first: 4_000 }, 60);
        disk.fill(left);
        writer.go();
        let first = writer.hear_some(3_000);
        assert_eq!(writer.process.try_wait().unwrap(), None, "it lives: {first:?}");
        let last = first.outcomes.last().unwrap().1;
        assert_ne!(last, Outcome::Acknowledged, "the disk is full");
        let words = first.words.last().unwrap();
        assert!(words.contains("disk is full") && words.contains("Free some space"), "{words}");
        disk.fill(7_500_000);
        let mut all = first;
        all.append(writer.hear());
        assert_eq!(all.outcomes.last().unwrap().1, Outcome::Acknowledged, "it healed");
        sum.add(judge(disk, &mut writer, &all));
        clear(disk);
    }
    report("stays full", &sum);
    assert!(sum.refused >= 10_000, "{sum:?}");
}

fn judge(disk: &Disk, writer: &mut Writer, said: &Said) -> Tally {
    assert!(said.done, "it lived to the end: {said:?}");
    writer.kill();
    let (tally, wrong) = verify::compare(&disk.state(), said);
    assert!(wrong.is_empty(), "{wrong:?}");
    tally
}

fn clear(disk: &Disk) {
    fs::remove_dir_all(disk.state()).unwrap();
    let _none = fs::remove_file(disk.filler());
}

fn report(name: &str, sum: &Tally) {
    let Tally { runs, acknowledged, on_disk, refused, open, open_on_disk, healed, wrong } = *sum;
    println!(
        "\ndisk: {name}: {runs} runs; {acknowledged} acknowledged, {on_disk} of these on disk; {refused} refused, 0 of \
         these on disk; {open} not known, {open_on_disk} of these on disk; {healed} runs healed; {wrong} wrong"
    );
    assert_eq!(acknowledged, on_disk);
}
