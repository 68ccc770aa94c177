//! The person: logs in by the page, or by the card's link and the chat.

use std::{sync::Arc, time::Duration};

use fyers_keeper::{app::KeeperBackend, http::Backend};
use keeper_actors::token::messages::LoginProof;
use keeper_domain::{mode::ShownMode, secret::AuthCode, session::login::LoginOrigin};
use secrecy::SecretString;
use tokio::time::sleep;

use crate::{
    day::Login,
    totals::Fault,
    world::{STATE, World},
};

/// At FYERS: a one-time password and a PIN.
const AT_FYERS: Duration = Duration::from_secs(35);
/// Until an answer in the chat is read.
const A_MOMENT: Duration = Duration::from_secs(30);

pub(crate) async fn log_in(world: &World, backend: Arc<KeeperBackend>, login: Login) {
    if world.settings.has_page { by_page(world, &backend, login).await } else { by_chat(world, login).await }
}

async fn by_page(world: &World, backend: &KeeperBackend, login: Login) {
    let Ok(address) = backend.begin_login(LoginOrigin::Card) else { return };
    let state = state_of(&address);
    sleep(AT_FYERS).await;
    let code = world.fyers.code(login != Login::Refused);
    let finish =
        |code: AuthCode| backend.finish_login(code, LoginProof::State(SecretString::from(state.clone())));
    let report = match login {
        Login::Twice => tokio::join!(finish(code.clone()), finish(code)).0,
        Login::Good | Login::Refused => finish(code).await,
    };
    let is_in_use = backend.shown_mode() != ShownMode::Mock;
    // Tokens may have ended in this very moment.
    let granted = world.fyers.granted().is_some_and(|granted| world.fyers.is_good(&granted.token));
    let is_false = report.good && (login == Login::Refused || (granted && !is_in_use));
    if is_false {
        let mut judge = world.judge.borrow_mut();
        let words = format!("{} {:?}", report.title, report.lines);
        judge.totals.found(Fault::FalseLogin, world.clock.truth(), words);
    }
}

/// Asks for the card where there is none.
async fn by_chat(world: &World, login: Login) {
    let mut link = world.telegram.link();
    if link.is_none() {
        world.telegram.write("/login".to_owned());
        sleep(A_MOMENT).await;
        link = world.telegram.link();
    }
    let Some(link) = link else { return };
    let state = state_of(&link);
    sleep(AT_FYERS).await;
    let code = world.fyers.code(login != Login::Refused);
    let text =
        format!("https://127.0.0.1/fyers/callback?s=ok&code=200&auth_code={}&state={state}", code.expose());
    world.telegram.write(text.clone());
    if login == Login::Twice {
        world.telegram.write(text);
    }
}

fn state_of(address: &str) -> String {
    address.split_once(STATE).map(|(_, state)| state.to_owned()).unwrap_or_default()
}
