//! A real PostgreSQL in a folder of its own, for this run of the tests only.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use secrecy::SecretString;
use tempfile::TempDir;

/// A server that is stopped with this value.
pub(crate) struct Server {
    folder: TempDir,
    bin: PathBuf,
    port: u16,
    /// Its input closes with this program, however that ends.
    _guard: Child,
}

/// A port that nobody uses, below those that connections get by themselves: a server that is started again finds it free.
fn free_port() -> u16 {
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    std::iter::repeat_with(|| rand::random_range(6_000..10_000)).find(free).unwrap()
}

/// Ends the server when nobody can do so any more: a static value is not dropped, and a program may be killed.
fn guard(folder: &Path) -> Child {
    let script = r#"read -r _; kill -QUIT "$(head -n 1 "$0/data/postmaster.pid")"; rm -rf "$0""#;
    let mut command = Command::new("sh");
    command
        .args(["-c", script])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().unwrap()
}

/// Where Debian and others put the server's programs, which are not on the path.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut folders: Vec<PathBuf> = versions
        .flatten()
        .map(|version| version.path().join("bin"))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    folders.sort();
    folders.pop().or_else(|| {
        let found = Command::new("sh").args(["-c", "command -v initdb"]).output().ok()?;
        let found = fs::canonicalize(String::from_utf8_lossy(&found.stdout).trim()).ok()?;
        found.parent().map(Path::to_owned)
    })
}

impl Server {
    /// Starts one; `None` when this machine has no PostgreSQL.
    pub(crate) fn start() -> Option<Self> {
        let bin = programs()?;
        let folder = tempfile::tempdir().unwrap();
        // The server refuses to run as root, so its folder belongs to somebody else.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let port = free_port();
        let guard = guard(folder.path());
        let server = Self { folder, bin, port, _guard: guard };
        let data = server.data();
        fs::create_dir(&data).unwrap();
        if is_root() {
            assert!(Command::new("chown").arg("postgres").arg(&data).status().unwrap().success());
        }
        good(
            server
                .as_server("initdb")
                .args(["-A", "trust", "-U", "keeper", "--no-sync", "-D"])
                .arg(&data)
                .output(),
        );
        server.run();
        Some(server)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A program of the server, as a user that the server accepts.
    fn as_server(&self, program: &str) -> Command {
        let program = self.bin.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir("/");
        command
    }

    /// Starts it, after `stop` or a kill as well.
    pub(crate) fn run(&self) {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=60 -c fsync=on",
            self.port
        );
        let log = self.data().join("log");
        let mut command = self.as_server("pg_ctl");
        command
            .args(["-w", "-t", "240", "-s", "-o", &options, "-l"])
            .arg(&log)
            .arg("-D")
            .arg(self.data())
            .arg("start");
        // With pipes the call would wait for the server, which keeps them open.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let is_up = command.status().unwrap().success();
        assert!(is_up, "PostgreSQL does not start: {}", fs::read_to_string(&log).unwrap_or_default());
    }

    /// Stops it as a power cut would.
    pub(crate) fn crash(&self) {
        let mut command = self.as_server("pg_ctl");
        command.args(["-w", "-s", "-m", "immediate", "-D"]).arg(self.data()).arg("stop");
        drop(command.stdout(Stdio::null()).stderr(Stdio::null()).status());
    }

    /// Runs SQL as the owner.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        let mut command = Command::new(self.bin.join("psql"));
        command.args([
            "-h",
            "127.0.0.1",
            "-U",
            "keeper",
            "-d",
            database,
            "-AtqX",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            sql,
        ]);
        String::from_utf8(good(command.arg("-p").arg(self.port.to_string()).output()).stdout).unwrap()
    }

    /// An empty database: its address.
    pub(crate) fn database(&self) -> SecretString {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("keeper{}", NEXT.fetch_add(1, Ordering::SeqCst));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.address(&name)
    }

    pub(crate) fn address(&self, database: &str) -> SecretString {
        SecretString::from(format!("postgres://keeper@127.0.0.1:{}/{database}?sslmode=disable", self.port))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.crash();
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn good(output: std::io::Result<Output>) -> Output {
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// One server for all tests of a run; `None` where there is no PostgreSQL, and then it is said.
pub(crate) fn shared() -> Option<&'static Server> {
    static SHARED: OnceLock<Option<Server>> = OnceLock::new();
    SHARED
        .get_or_init(|| {
            let server = Server::start();
            if server.is_none() {
                println!("PostgreSQL is not installed here: its half of the tests is not run");
            }
            server
        })
        .as_ref()
}
