//! What FYERS sends: answers, frames of the data socket, texts of the order socket.

use fyers_api::{
    claims::claims,
    envelope::{Envelope, EnvelopeStatus, kills_token},
    hsm::{ClientFrame, ServerFrame},
    order_socket::{ClientText, ServerText},
    response,
};

/// The first byte chooses the HTTP status.
pub(crate) fn json(data: &[u8]) {
    let Some((&choice, body)) = data.split_first() else { return };
    let status = [200, 400, 401, 403, 429, 500, 502, 503][usize::from(choice) % 8];
    let is_error = Envelope::read(body).is_ok_and(|envelope| envelope.status == Some(EnvelopeStatus::Error));
    if kills_token(status, body).is_some() {
        assert!(is_error && status < 429, "only FYERS' own error says that a token is dead");
    }
    let _answers = (
        response::profile(status, body).is_ok(),
        response::funds(status, body).is_ok(),
        response::holdings(status, body).is_ok(),
        response::tokens(status, body).is_ok(),
        response::positions(status, body).is_ok(),
        response::orders(status, body).is_ok(),
        response::ack(status, body).is_ok(),
        response::symbol_tokens(status, body).is_ok(),
    );
    let told = serde_json::from_slice(body).unwrap_or_default();
    let _prices = (response::prices(&told), response::depth_prices(&told), response::last_prices(&told));
    let _claims = claims(&String::from_utf8_lossy(body));
}

/// What was read can be written, and is read as the same again.
pub(crate) fn hsm_frame(data: &[u8]) {
    if let Ok(frame) = ServerFrame::decode(data) {
        assert_eq!(ServerFrame::decode(&frame.encode()), Ok(frame));
    }
    if let Ok(frame) = ClientFrame::decode(data) {
        assert_eq!(ClientFrame::decode(&frame.encode()), Ok(frame));
    }
}

/// The same of texts.
pub(crate) fn order_socket(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(said) = ServerText::read(text) {
        assert_eq!(ServerText::read(&said.write()), Some(said));
    }
    if let Some(said) = ClientText::read(text) {
        assert_eq!(ClientText::read(&said.write()), Some(said));
    }
}
