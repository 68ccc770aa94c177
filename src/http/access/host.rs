//! What a host says, as a URL or the header `Host` has it.

use core::net::IpAddr;

/// Whether a host, with or without a port, is a name of this machine. What stands in the port's place and is none belongs to
/// no name of it.
pub(super) fn is_this_machine(host: &str) -> bool {
    let (name, Some(_)) = split_port(host) else { return false };
    let name = name.to_ascii_lowercase();
    let name = name.trim_end_matches('.');
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    match address {
        Ok(address) => address.is_loopback(),
        Err(_) => name == "localhost" || name.ends_with(".localhost"),
    }
}

/// The name, and the port: that of http when none is written, `None` when it is no number.
pub(super) fn split_port(host: &str) -> (&str, Option<u16>) {
    let name_end = host.rfind(']').map_or(0, |end| end + 1);
    match host[name_end..].split_once(':') {
        Some((name, port)) => (&host[..name_end + name.len()], port.parse().ok()),
        None => (host, Some(80)),
    }
}
