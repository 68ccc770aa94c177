//! Settings of simulated orders.

use keeper_actors::exchange::market::Fill;
use keeper_domain::routing::OnTokenLoss;
use mock_exchange::exchange::Prices;
use rust_decimal::Decimal;

use crate::config::read::{Reader, not_possible};

impl Reader<'_> {
    pub(super) fn on_token_loss(&mut self) -> OnTokenLoss {
        let choices = [("mock", OnTokenLoss::Mock), ("reject", OnTokenLoss::Reject)];
        let chosen = self.choice("KEEPER_ON_TOKEN_LOSS", &choices, "Set it to mock or reject.");
        chosen.unwrap_or(OnTokenLoss::Mock)
    }

    pub(super) fn capital(&mut self) -> Option<Decimal> {
        let capital = self.parsed::<Decimal>("KEEPER_MOCK_CAPITAL", "an amount in INR, as 1000000")?;
        if capital <= Decimal::ZERO {
            self.problem("KEEPER_MOCK_CAPITAL", format!("is {capital}"), "Set it to an amount above zero.");
        }
        Some(capital)
    }

    pub(super) fn mock_prices(&mut self) -> Prices {
        let usual = if self.client_id.is_some() { Prices::Last } else { Prices::Walk };
        let choices = [("last", Prices::Last), ("walk", Prices::Walk)];
        self.choice("KEEPER_MOCK_PRICES", &choices, "Set it to last or walk.").unwrap_or(usual)
    }

    pub(super) fn mock_fill(&mut self) -> Fill {
        let choices = [("touch", Fill::Touch), ("depth", Fill::Depth)];
        self.choice("KEEPER_MOCK_FILL", &choices, "Set it to touch or depth.").unwrap_or(Fill::Touch)
    }

    /// One of these words.
    fn choice<T: Copy>(
        &mut self,
        name: &'static str,
        choices: &[(&str, T)],
        remedy: &'static str,
    ) -> Option<T> {
        let found = self.value(name)?;
        let word = found.text.trim().to_lowercase();
        let chosen = choices.iter().find(|(known, _)| *known == word).map(|(_, value)| *value);
        if chosen.is_none() {
            self.problem(name, not_possible(&found.text), remedy);
        }
        chosen
    }
}
