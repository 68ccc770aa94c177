//! Control frames of the server: `u16 length, u8 type, u8 count, {u8 id, u16 length, bytes}*`.

/// Type of the reply to an authentication.
const AUTH: u8 = 1;
/// Type of a message with a code and a text.
const CUSTOM: u8 = 51;

fn frame(kind: u8, fields: &[(u8, &[u8])]) -> Vec<u8> {
    let mut body = vec![kind, u8::try_from(fields.len()).unwrap_or(u8::MAX)];
    for (id, bytes) in fields {
        body.push(*id);
        body.extend(u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes());
        body.extend(*bytes);
    }
    with_length(body)
}

/// Puts the length of the rest in front.
pub(super) fn with_length(body: Vec<u8>) -> Vec<u8> {
    let mut frame = u16::try_from(body.len()).unwrap_or(u16::MAX).to_be_bytes().to_vec();
    frame.extend(body);
    frame
}

/// The reply to a subscription, a mode, a pause: `K` for accepted.
pub(crate) fn ack(kind: u8) -> Vec<u8> {
    frame(kind, &[(1, b"K")])
}

/// The reply to an authentication; an acknowledgement is wanted for each `ack_every` feed frames, 0 for none.
pub(crate) fn auth_ack(accepted: bool, ack_every: u32) -> Vec<u8> {
    let verdict: &[u8] = if accepted { b"K" } else { b"N" };
    frame(AUTH, &[(1, verdict), (2, &ack_every.to_be_bytes())])
}

/// A message with a code, such as 51001 for the symbol limit.
pub(crate) fn custom(code: i32, text: &str) -> Vec<u8> {
    frame(CUSTOM, &[(1, &code.to_be_bytes()), (2, text.as_bytes()), (3, &[0])])
}
