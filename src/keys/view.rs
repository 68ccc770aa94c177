//! Keys as they are asked for and shown: in the API, on the page, by the command line.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};
use fyers_api::ist::ist;
use keeper_domain::{
    bots::reached::reached,
    keys::{BotKey, BotName, KeyLimits, KeyRing, LimitKind, NameProblem, NewKey},
    mode::Mode,
    routing::own::{Own, OwnDay},
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A key that somebody asks for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct KeyWish {
    /// The bot's name.
    pub name: String,
    /// How far its orders may go; `None`: as far as the keeper's.
    #[serde(default)]
    pub mode: Option<Mode>,
    /// Whether it may only read.
    #[serde(default)]
    pub read_only: bool,
    /// The largest value of one order, in INR.
    #[serde(default)]
    pub max_order_value: Option<Decimal>,
    /// Orders a day.
    #[serde(default)]
    pub max_orders_per_day: Option<u32>,
    /// The largest loss of a day, in INR.
    #[serde(default)]
    pub max_loss: Option<Decimal>,
}

impl KeyWish {
    /// What is asked for, in the rules' words.
    ///
    /// # Errors
    /// The name is none.
    pub fn read(&self) -> Result<NewKey, NameProblem> {
        let (max_order_value, max_orders_per_day, max_loss) =
            (self.max_order_value, self.max_orders_per_day, self.max_loss);
        Ok(NewKey {
            name: BotName::new(&self.name)?,
            ceiling: self.mode.unwrap_or(Mode::Live),
            read_only: self.read_only,
            limits: KeyLimits { max_order_value, max_orders_per_day, max_loss },
        })
    }
}

/// A position that a bot holds in the MockExchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldRow {
    /// As `NSE:SBIN-EQ`.
    pub symbol: String,
    /// As `INTRADAY`.
    pub product: String,
    /// Signed quantity.
    pub net: i64,
}

/// A key without anything that opens a door.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeyRow {
    /// The bot's name.
    pub name: String,
    /// How far its orders may go.
    pub mode: Mode,
    /// Whether it may only read.
    pub read_only: bool,
    /// The largest value of one order, in INR.
    #[serde(with = "rust_decimal::serde::float_option")]
    pub max_order_value: Option<Decimal>,
    /// Orders a day.
    pub max_orders_per_day: Option<u32>,
    /// The largest loss of a day, in INR.
    #[serde(with = "rust_decimal::serde::float_option")]
    pub max_loss: Option<Decimal>,
    /// Whether a person has halted this bot.
    pub halted: bool,
    /// Limits that let no entry of it through any more today; empty where its day is not known.
    #[serde(default)]
    pub limits_reached: Vec<LimitKind>,
    /// When it was added; `None` for the first key.
    pub created_at: Option<DateTime<FixedOffset>>,
    /// When it was last given a new token.
    pub rotated_at: Option<DateTime<FixedOffset>>,
    /// Its day so far; `None`: not known, because no keeper runs.
    pub today: Option<OwnDay>,
    /// What it holds in the MockExchange; `None`: not known, because no keeper runs.
    pub simulated: Option<Vec<HeldRow>>,
}

impl KeyRow {
    /// A key, with what is known of its bot's day.
    pub fn of(key: &BotKey, own: Option<&Own>) -> Self {
        let (stored, limits) = (&key.stored, key.stored.limits);
        let held = |own: &Own| {
            let row = |one: &fyers_api::model::Position| HeldRow {
                symbol: one.symbol.clone(),
                product: fyers_api::codes::product_word(one.product).to_owned(),
                net: one.net,
            };
            own.simulated.iter().map(row).collect()
        };
        Self {
            name: stored.name.to_string(),
            mode: stored.ceiling,
            read_only: stored.read_only,
            max_order_value: limits.max_order_value,
            max_orders_per_day: limits.max_orders_per_day,
            max_loss: limits.max_loss,
            halted: stored.halted,
            limits_reached: own.map(|own| reached(&limits, &own.day)).unwrap_or_default(),
            created_at: (!stored.name.is_owner()).then(|| ist(stored.created_at)),
            rotated_at: stored.rotated_at.map(ist),
            today: own.map(|own| own.day.clone()),
            simulated: own.map(held),
        }
    }
}

/// All keys with their bots' day, the first one first.
pub fn rows(ring: &KeyRing, owns: &BTreeMap<BotName, Own>) -> Vec<KeyRow> {
    let nothing = Own::default();
    ring.all().iter().map(|key| KeyRow::of(key, Some(owns.get(key.name()).unwrap_or(&nothing)))).collect()
}
