//! Which user of this machine holds the other end of a connection.
//!
//! A browser sends a cookie to every port of a host, and to 127.0.0.1 on every one of them: a program of another user that
//! listens there may be shown the cookie of a page session. It can copy everything that the browser sends, but not the
//! user that its connection belongs to, which the kernel knows.

use std::{
    fs,
    net::{IpAddr, SocketAddr},
};

/// The kernel's tables of connections, as this process sees them.
const TABLES: [&str; 2] = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];
/// States of a socket that nobody holds any more (`TIME_WAIT`), or that is no connection (`LISTEN`).
const NOBODYS: [&str; 2] = ["06", "0A"];

/// The user whose socket has this address and is connected to `port`. `None` for one that is not on this machine, and
/// where the kernel does not tell.
pub(in crate::http) fn user_of(peer: SocketAddr, port: u16) -> Option<u32> {
    TABLES.iter().find_map(|table| find(&fs::read_to_string(table).ok()?, peer, port))
}

/// The same in the text of a table.
fn find(table: &str, peer: SocketAddr, port: u16) -> Option<u32> {
    let peer = (peer.ip().to_canonical(), peer.port());
    table.lines().skip(1).find_map(|row| {
        let mut columns = row.split_ascii_whitespace().skip(1);
        let (local, remote, state) = (columns.next()?, columns.next()?, columns.next()?);
        let is_it = address(local)? == peer && address(remote)?.1 == port && !NOBODYS.contains(&state);
        columns.nth(3).filter(|_| is_it)?.parse().ok()
    })
}

/// `0100007F:1F90`: 32-bit words in the machine's order, and the port.
fn address(text: &str) -> Option<(IpAddr, u16)> {
    let (ip, port) = text.split_once(':')?;
    let words: Option<Vec<[u8; 4]>> = (0..ip.len())
        .step_by(8)
        .map(|at| Some(u32::from_str_radix(ip.get(at..at + 8)?, 16).ok()?.to_ne_bytes()))
        .collect();
    let bytes = words?.concat();
    let ip = match bytes.len() {
        4 => IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?),
        _ => IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?),
    };
    Some((ip.to_canonical(), u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[cfg(target_endian = "little")]
    const TABLE: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000   998        0 1 1 0
   1: 0100007F:A001 0100007F:1F90 06 00000000:00000000 00:00000000 00000000     0        0 0 3 0
   2: 0100007F:A001 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 2 1 0
   3: 0100007F:1F90 0100007F:A001 01 00000000:00000000 00:00000000 00000000   998        0 3 1 0
   4: 0100007F:A001 0100007F:270F 01 00000000:00000000 00:00000000 00000000    33        0 4 1 0
   5: 0000000000000000FFFF00000100007F:A002 0000000000000000FFFF00000100007F:1F90 01 0:0 00:0 0  1001 0 5 1 0
   6: 00000000000000000000000001000000:A003 00000000000000000000000001000000:1F90 01 0:0 00:0 0  1002 0 6 1 0
   7: odd";

    #[cfg(target_endian = "little")]
    #[test]
    fn the_other_ends_user_is_read() {
        let find = |peer: &str, port| find(TABLE, peer.parse().unwrap(), port);
        assert_eq!(find("127.0.0.1:40961", 8080), Some(1000));
        assert_eq!(find("127.0.0.1:40961", 9999), Some(33), "another connection from the same port");
        assert_eq!(find("127.0.0.1:40962", 8080), Some(1001), "by an IPv6 socket");
        assert_eq!(find("[::ffff:127.0.0.1]:40962", 8080), Some(1001));
        assert_eq!(find("[::1]:40963", 8080), Some(1002));
        assert_eq!(find("127.0.0.2:40961", 8080), None);
        assert_eq!(find("127.0.0.1:40961", 80), None);
        assert_eq!(find("127.0.0.1:8080", 0), None, "a listener");
    }

    #[test]
    fn the_kernel_tells_of_a_connection_of_ours() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let (_server, peer) = listener.accept().unwrap();
        assert_eq!(peer, client.local_addr().unwrap());
        assert_eq!(user_of(peer, port), Some(rustix::process::geteuid().as_raw()));
        assert_eq!(user_of(peer, port.wrapping_add(1)), None);
    }
}
