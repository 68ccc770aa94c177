//! In what ways a secret could be written in a text: whoever looks for secrets looks for all of them.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};

/// Shorter texts occur by chance.
pub(crate) const SHORTEST: usize = 8;

/// The secret as it is, escaped for JSON and for a URL, in hex, as a list of bytes, and in base64.
pub(crate) fn spellings(secret: &str) -> Vec<String> {
    let percent: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let quoted = serde_json::Value::from(secret).to_string();
    let json = quoted.trim_matches('"').to_owned();
    let mut ways = vec![secret.to_owned(), hex::encode(secret), hex::encode_upper(secret)];
    // Some writers escape the slash too.
    ways.extend([json.replace('/', "\\/"), json]);
    ways.extend([lower_percent(&percent), percent]);
    ways.push(format!("{:?}", secret.as_bytes()).trim_matches(['[', ']']).to_owned());
    // In base64 a text looks different at each of three offsets; the ends depend on the neighbours.
    for skip in 0..3 {
        let inner = &secret.as_bytes()[skip.min(secret.len())..];
        let whole = &inner[..inner.len() / 3 * 3];
        ways.push(STANDARD_NO_PAD.encode(whole));
        ways.push(URL_SAFE_NO_PAD.encode(whole));
    }
    ways.retain(|way| way.len() >= SHORTEST);
    ways.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
    ways.dedup();
    ways
}

/// `%2F` as `%2f`; nothing else is changed.
fn lower_percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut left = 0_u8;
    for c in text.chars() {
        out.push(if left > 0 { c.to_ascii_lowercase() } else { c });
        left = if c == '%' { 2 } else { left.saturating_sub(1) };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_is_there_and_the_longest_comes_first() {
        let secret = "CANARY/app+secret=\"26";
        let ways = spellings(secret);
        for way in [
            secret,
            "CANARY%2Fapp%2Bsecret%3D%2226",
            "CANARY%2fapp%2bsecret%3d%2226",
            r#"CANARY/app+secret=\"26"#,
            r#"CANARY\/app+secret=\"26"#,
            "43414e4152592f6170702b7365637265743d223236",
            "43414E4152592F6170702B7365637265743D223236",
            &STANDARD_NO_PAD.encode(&secret[1..19]),
        ] {
            assert!(ways.iter().any(|one| one == way), "{way} is not in {ways:?}");
        }
        assert!(ways.windows(2).all(|pair| pair[0].len() >= pair[1].len() && pair[0] != pair[1]));
        assert!(
            spellings("1234").iter().all(|way| way.len() >= SHORTEST),
            "a short one is looked for by others"
        );
    }
}
