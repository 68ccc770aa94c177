//! `demo`: a week of the keeper in under a minute. The real actors, the real store and real sockets, against the
//! simulator; only the clock runs faster.

#[cfg(feature = "fault-injection")]
pub mod file_clock;
mod person;
pub mod report;
pub mod screen;
pub mod sped_clock;
mod stage;
pub mod week;

use std::sync::Arc;

use keeper_domain::{event::Recorded, mode::Mode};

use report::{Observed, Report, report};
use screen::Screen;
use stage::Stage;
use week::Act;

/// Runs the demo; `Ok(false)`: something was lost. The error is what kept it from running.
pub fn run(json: bool, colour: bool) -> Result<bool, String> {
    let screen = Screen::new(json, colour);
    let report = actix_rt::System::new().block_on(play(&screen))?;
    if json {
        screen.json(&report);
    } else {
        screen.say(&format!("\n{}", report.table()));
    }
    Ok(report.is_good())
}

async fn play(screen: &Screen) -> Result<Report, String> {
    screen.say(
        "A week of fyers-keeper, Friday to Thursday, in under a minute: the real program\non a simulated FYERS and \
         Telegram. Lines: what happens inside (times IST).\nCards: what arrives on the phone.",
    );
    let mut stage = Stage::set().await?;
    let calendar = Arc::clone(&stage.calendar);
    let mut seen = Observed::default();
    for (at, act) in week::acts(|date| calendar.is_trading_day(date)) {
        stage.until(at, screen, &mut seen).await;
        perform(&mut stage, &act, screen, &mut seen).await;
    }
    stage.until(week::ends(), screen, &mut seen).await;
    stage.settle(screen, &mut seen).await;
    let journal: Vec<Recorded> = stage.journal().await;
    seen.totals = stage.totals().await;
    let days: Vec<_> = week::STORIES
        .iter()
        .filter_map(|(date, story)| Some((date.parse().ok()?, *story)))
        .map(|(date, story)| (date, calendar.is_trading_day(date), story))
        .collect();
    stage.strike().await;
    Ok(report(&days, &journal, &seen))
}

async fn perform(stage: &mut Stage, act: &Act, screen: &Screen, seen: &mut Observed) {
    match act {
        Act::Day(date, story) => screen.day(stage.now(), *date, story),
        Act::Speed(speed) => stage.clock.set_speed(*speed),
        Act::Outage(service, on) => {
            screen.act(stage.now(), &stage::outage_in_words(*service, *on));
            stage.outage(*service, *on);
        }
        Act::Refresh(true) => {
            screen.act(stage.now(), "FYERS allows token refresh today: no tap is needed");
            stage.refresh(true);
        }
        Act::Refresh(false) => {
            screen.act(stage.now(), "FYERS switches token refresh off, as it did in April 2026");
            stage.refresh(false);
        }
        Act::Tap => {
            let (at, how) = stage.tap(screen, seen).await;
            screen.act(at, how);
        }
        Act::Crash(victim) => {
            screen.act(stage.now(), &format!("a bug makes the {} panic", stage::name(*victim)));
            stage.crash(*victim);
        }
        Act::Order(order) => {
            let side = if order.signed_quantity() > 0 { "buy" } else { "sell" };
            screen.act(stage.now(), &format!("a bot wants to {side} {} {}", order.quantity, order.symbol));
            stage.order(order).await;
        }
        Act::MarketOpens(date) => {
            let mode = stage.mode().await.unwrap_or(Mode::Mock);
            screen.act(stage.now(), &format!("the market opens; orders go to {mode}"));
            seen.mode_at_open.insert(*date, mode);
        }
    }
}
