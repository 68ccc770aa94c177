//! For which client a standby asks, as it tells the keeper that acts. Both have the secret that signs tokens, and a stranger
//! who writes this header has not: without it all who come through the standby would be one client, and one of them who
//! guesses keys would slow the others.

use core::net::IpAddr;

use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// Where it is told.
pub const CLIENT_HEADER: &str = "x-keeper-client";

fn mac(secret: &SecretString, client: IpAddr) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).ok()?;
    // What signs tokens signs nothing that begins like this.
    mac.update(format!("client of a standby\n{client}").as_bytes());
    Some(mac)
}

/// The header's value for this client.
pub fn told(secret: &SecretString, client: IpAddr) -> Option<String> {
    let signature = mac(secret, client)?.finalize().into_bytes();
    Some(format!("{client} {}", hex::encode(signature)))
}

/// The client that such a value names, when another keeper has written it. Compared in constant time.
pub fn client(secret: &SecretString, value: &str) -> Option<IpAddr> {
    let (client, signature) = value.split_once(' ')?;
    let (client, signature) = (client.parse().ok()?, hex::decode(signature).ok()?);
    mac(secret, client)?.verify_slice(&signature).ok().map(|()| client)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_keeper_with_the_same_secret_is_believed_and_only_of_the_client_that_it_names() {
        let [own, other] = ["a secret of keepers", "another secret"].map(SecretString::from);
        for address in ["203.0.113.7", "2001:db8::7"] {
            let address: IpAddr = address.parse().unwrap();
            let value = told(&own, address).unwrap();
            assert_eq!(client(&own, &value), Some(address));
            assert_eq!(client(&other, &value), None, "another secret");
            let (_, signature) = value.split_once(' ').unwrap();
            for forged in [format!("203.0.113.8 {signature}"), address.to_string(), format!("{address} ")] {
                assert_eq!(client(&own, &forged), None, "{forged}");
            }
            for cut in 0..value.len() {
                assert_eq!(client(&own, &value[..cut]), None, "{cut}");
            }
        }
    }
}
