//! For which client a standby asks, and for which user of its machine, as it tells the keeper that acts. Both have the secret that signs tokens, and a stranger
//! who writes this header has not: without it all who come through the standby would be one client, and one of them who
//! guesses keys would slow the others.

use core::net::IpAddr;

use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// Where it is told.
pub const CLIENT_HEADER: &str = "x-keeper-client";
/// What tells a keeper that a request came through a standby.
pub const PASSED_ON_HEADER: &str = "x-keeper-passed-on";

/// Who asks a standby.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayedClient {
    /// The address.
    pub address: IpAddr,
    /// The user of the standby's machine whose connection it is, where it comes from there.
    pub user: Option<u32>,
}

impl RelayedClient {
    fn written(self) -> String {
        let user = self.user.map(|user| format!(",{user}"));
        format!("{}{}", self.address, user.unwrap_or_default())
    }

    fn read(text: &str) -> Option<Self> {
        let (address, user) = match text.split_once(',') {
            Some((address, user)) => (address, Some(user.parse().ok()?)),
            None => (text, None),
        };
        Some(Self { address: address.parse().ok()?, user })
    }
}

fn mac(secret: &SecretString, client: RelayedClient) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).ok()?;
    // What signs tokens signs nothing that begins like this.
    mac.update(format!("client of a standby\n{}", client.written()).as_bytes());
    Some(mac)
}

/// The header's value for this client.
pub fn told(secret: &SecretString, client: RelayedClient) -> Option<String> {
    let signature = mac(secret, client)?.finalize().into_bytes();
    Some(format!("{} {}", client.written(), hex::encode(signature)))
}

/// The client that such a value names, when another keeper has written it. Compared in constant time.
pub fn client(secret: &SecretString, value: &str) -> Option<RelayedClient> {
    let (client, signature) = value.split_once(' ')?;
    let (client, signature) = (RelayedClient::read(client)?, hex::decode(signature).ok()?);
    mac(secret, client)?.verify_slice(&signature).ok().map(|()| client)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_keeper_with_the_same_secret_is_believed_and_only_of_the_client_that_it_names() {
        let [own, other] = ["a secret of keepers", "another secret"].map(SecretString::from);
        for (address, user) in [("203.0.113.7", None), ("2001:db8::7", None), ("127.0.0.1", Some(1000))] {
            let asker = RelayedClient { address: address.parse().unwrap(), user };
            let value = told(&own, asker).unwrap();
            assert_eq!(client(&own, &value), Some(asker));
            assert_eq!(client(&other, &value), None, "another secret");
            let (_, signature) = value.split_once(' ').unwrap();
            let others = [format!("203.0.113.8 {signature}"), format!("{address},0 {signature}")];
            for forged in others.into_iter().chain([address.to_owned(), format!("{address} ")]) {
                assert_eq!(client(&own, &forged), None, "{forged}");
            }
            for cut in 0..value.len() {
                assert_eq!(client(&own, &value[..cut]), None, "{cut}");
            }
        }
    }
}
