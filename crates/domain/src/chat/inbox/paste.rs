//! Whether a text has a login code in it. What is done with the code is decided elsewhere.

/// The parameter of FYERS' redirect that carries the code (docs/fyers-api.md, "Login").
const PARAMETER: &str = "auth_code=";

/// The shortest part of a signed token that is taken for one: a sentence has no such words.
const SHORTEST_PART: usize = 8;

/// Whether the text holds a redirect address with a code, or a bare code, anywhere.
///
/// It errs on the side of yes: a text that is wrongly taken for a code is deleted and refused, one that is
/// missed stays in the chat for everybody to read.
pub(super) fn has_code(text: &str) -> bool {
    has_parameter(text) || text.split(|c: char| !is_code_letter(c)).any(is_code)
}

fn has_parameter(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let mut values = lower.split(PARAMETER).skip(1);
    values.any(|value| value.starts_with(|c: char| !c.is_whitespace() && !matches!(c, '&' | '#')))
}

/// A signed token as RFC 7519 has it: three parts of base64url, the first of which begins with `{"`.
fn is_code(word: &str) -> bool {
    let parts: Vec<&str> = word.trim_matches('.').split('.').collect();
    parts.len() == 3 && parts[0].starts_with("eyJ") && parts.iter().all(|part| part.len() >= SHORTEST_PART)
}

fn is_code_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "eyJ0eXAiOiJKV1Qi.eyJhdWQiOlsiZCJd.q7Nw_-x1Zy9A";

    #[test]
    fn redirects_and_bare_codes_are_found_in_any_wrapping() {
        for text in [
            CODE.to_owned(),
            format!("  {CODE}\n"),
            format!("here it is: `{CODE}`, thanks"),
            format!("code={CODE}."),
            format!("https://x.example/cb?s=ok&code=200&auth_code={CODE}&state=abc"),
            "https://x.example/cb?s=ok&code=200&auth_code=abc123&state=s".to_owned(),
            "HTTPS://X.EXAMPLE/CB?AUTH_CODE=abc".to_owned(),
            format!("/login auth_code={CODE}"),
            "x?auth_code=&auth_code=abc".to_owned(),
        ] {
            assert!(has_code(&text), "{text}");
        }
    }

    #[test]
    fn other_texts_have_none() {
        for text in [
            "",
            "hello",
            "/halt",
            "what is auth_code?",
            "https://x.example/cb?s=error&auth_code=&state=x",
            "the parameter auth_code= is empty",
            "eyJhbGciOiJI.eyJzdWIiOiIx",
            "eyJ.a.b",
            "one.two.three",
            "v1.eyJhbGciOiJI.eyJzdWIiOiIx.abcdefghij",
        ] {
            assert!(!has_code(text), "{text}");
        }
    }
}
