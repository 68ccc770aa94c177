//! A terminal of 80 columns that the program runs at, as for a person.

use std::{
    fs::File,
    os::fd::OwnedFd,
    process::{Child, Command, Stdio},
};

use nix::pty::{Winsize, openpty};
use rustix::termios::{LocalModes, tcgetattr};

/// The terminal's other end: what is written there was typed, what is read there is on the screen.
pub(crate) struct Pty {
    master: OwnedFd,
}

impl Pty {
    /// Starts a command as the leader of a session at a new terminal, so that Ctrl-C reaches it.
    pub(crate) fn start(command: &Command) -> (Self, Child) {
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        let ends = openpty(&size, None).unwrap();
        let end = || Stdio::from(ends.slave.try_clone().unwrap());
        let mut at_terminal = Command::new("setsid");
        at_terminal.args(["--ctty", "--wait"]).arg(command.get_program()).args(command.get_args());
        at_terminal.env_clear().current_dir(command.get_current_dir().unwrap());
        at_terminal.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let child = at_terminal.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        (Self { master: ends.master }, child)
    }

    /// One more handle of it, to read or to write.
    pub(crate) fn file(&self) -> File {
        File::from(self.master.try_clone().unwrap())
    }

    /// Whether what is typed is seen.
    pub(crate) fn echoes(&self) -> bool {
        tcgetattr(&self.master).unwrap().local_modes.contains(LocalModes::ECHO)
    }
}
