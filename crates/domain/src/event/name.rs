//! The stable names of events, which log lines, metrics and the journal share (docs/logging.md).

use crate::{event::Event, session_state::StateName};

impl Event {
    /// The stable name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::KeeperStarted { .. } => "keeper.started",
            Self::KeeperStopping => "keeper.stopping",
            Self::Ticked { late: false, .. } => "clock.tick",
            Self::Ticked { late: true, .. } => "clock.caught_up",
            Self::TickSkipped { .. } => "clock.skipped",
            Self::CalendarUncovered { .. } => "clock.uncovered",
            Self::ClockStepped { .. } => "clock.stepped",
            Self::SymbolsLoaded { .. } => "symbols.loaded",
            Self::SymbolsNotRenewed { .. } => "symbols.failed",
            Self::SessionChanged { to: StateName::Expired, .. } => "token.expired",
            Self::SessionChanged { .. } => "token.state",
            Self::RefreshStarted { .. } => "token.refresh.started",
            Self::RefreshFailed { .. } => "token.refresh.failed",
            Self::RefreshSucceeded { .. } => "token.refresh.succeeded",
            Self::LoginStarted => "login.started",
            Self::LoginFailed { .. } => "login.failed",
            Self::AccountUnconfirmed { .. } => "login.unconfirmed",
            Self::LoggedOut => "login.ended",
            Self::LoginSucceeded { .. } => "login.completed",
            Self::StrangerWrote { .. } => "chat.stranger",
            Self::WrongKeys { .. } => "gateway.wrong_keys",
            Self::SecondPoller => "chat.second_poller",
            Self::HaltChanged { .. } => "exchange.halt",
            Self::TestAlert { .. } => "alert.test",
            Self::TokenGood { .. } => "token.check",
            Self::LoginRequired { .. } => "login.required",
            Self::LoginReminder { .. } => "login.reminded",
            Self::TokenDelayed { .. } => "token.delayed",
            Self::DayGivenUp { .. } => "token.day_given_up",
            Self::RefreshTokenEnding { .. } => "token.expiring",
            Self::EnvFileFailed { .. } => "token.env_file_failed",
            Self::ModeChanged { .. } => "exchange.switched",
            Self::OrderSimulated { .. } | Self::OrderPlaced { .. } => "order.placed",
            Self::SimulatedMeanwhile { .. } => "order.simulated_meanwhile",
            Self::OrderOutcomeUnknown { .. } => "order.unknown",
            Self::OrderRefused { .. } | Self::OrdersNotAllowed { .. } => "order.refused",
            Self::OrderRejected { .. } => "order.rejected",
            Self::PositionsUnreadable { over: false } => "positions.unreadable",
            Self::PositionsUnreadable { over: true } => "positions.readable",
            Self::PositionUnknown { .. } => "positions.unknown",
            Self::SimulatedLeft { .. } => "positions.simulated_left",
            Self::SegmentJoined { .. } => "clock.segment_joined",
            Self::SimulatedCleared { .. } => "positions.simulated_cleared",
            Self::DaySummary(_) => "day.summary",
            Self::ActorCrashed { .. } => "actor.crashed",
            Self::ActorRestarted { .. } => "actor.restarted",
            Self::ActorGaveUp { .. } => "actor.gave_up",
        }
    }
}
