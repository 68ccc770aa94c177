//! What a trade costs beside its price: brokerage, taxes and fees, per fill, to the paisa.
//!
//! Rates of FYERS and NSE as published in 2025 and 2026. Rounding is per fill, where a contract note rounds
//! per day; charges per day (depository, square-off by the broker, stamp paper) are left out. BSE and MCX are
//! priced as NSE.

use rust_decimal::Decimal;

use crate::symbol::Kind;
use fyers_api::model::{Product, Side};

/// Whether trades cost anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Charges {
    /// They do not.
    #[default]
    Off,
    /// They do, at the rates of this module.
    On,
}

/// Highest brokerage of an executed order, in INR; options always pay it.
const BROKERAGE_CAP: Decimal = Decimal::from_parts(20, 0, 0, false, 0);
/// Goods and services tax on brokerage, exchange and SEBI fees: 18 %.
const GST: Decimal = Decimal::from_parts(18, 0, 0, false, 2);
/// SEBI turnover fee: 10 INR per crore.
const SEBI: Decimal = Decimal::from_parts(1, 0, 0, false, 6);

/// Fractions of the traded value.
struct Rates {
    /// `None`: the cap, whatever the value.
    brokerage: Option<Decimal>,
    /// Securities transaction tax when buying.
    stt_buy: Decimal,
    /// Securities transaction tax when selling.
    stt_sell: Decimal,
    /// Exchange transaction charge, clearing included.
    exchange: Decimal,
    /// Investor protection fund.
    protection: Decimal,
    /// Stamp duty, on buying only.
    stamp: Decimal,
}

/// `number` parts in ten million (100 is 0.001 %).
const fn parts(number: u32) -> Decimal {
    Decimal::from_parts(number, 0, 0, false, 7)
}

impl Rates {
    /// 0.3 %; 0.1 % both ways; 0.00297 %; 10 per crore; 0.015 %.
    const DELIVERY: Self = Self {
        brokerage: Some(parts(30_000)),
        stt_buy: parts(10_000),
        stt_sell: parts(10_000),
        exchange: parts(297),
        protection: parts(10),
        stamp: parts(1_500),
    };
    /// 0.03 %; 0.025 % selling; 0.00297 %; 10 per crore; 0.003 %.
    const INTRADAY: Self = Self {
        brokerage: Some(parts(3_000)),
        stt_buy: Decimal::ZERO,
        stt_sell: parts(2_500),
        exchange: parts(297),
        protection: parts(10),
        stamp: parts(300),
    };
    /// 0.03 %; 0.05 % selling (since April 2026); 0.00173 % and 0.0005 % clearing; 10 per crore; 0.002 %.
    const FUTURE: Self = Self {
        brokerage: Some(parts(3_000)),
        stt_buy: Decimal::ZERO,
        stt_sell: parts(5_000),
        exchange: parts(223),
        protection: parts(10),
        stamp: parts(200),
    };
    /// 20 INR; 0.15 % selling (since April 2026); 0.03503 % and 0.009 % clearing; 50 per crore; 0.003 %.
    const OPTION: Self = Self {
        brokerage: None,
        stt_buy: Decimal::ZERO,
        stt_sell: parts(15_000),
        exchange: parts(4_403),
        protection: parts(50),
        stamp: parts(300),
    };

    fn of(kind: Kind, product: Product) -> &'static Self {
        match (kind, product) {
            (Kind::Future, _) => &Self::FUTURE,
            (Kind::Option, _) => &Self::OPTION,
            (_, Product::Intraday) => &Self::INTRADAY,
            _ => &Self::DELIVERY,
        }
    }

    /// Brokerage of an order that has traded this much, in INR.
    fn brokerage(&self, value: Decimal) -> Decimal {
        match self.brokerage {
            _ if value.is_zero() => Decimal::ZERO,
            None => BROKERAGE_CAP,
            Some(rate) => (value * rate).min(BROKERAGE_CAP),
        }
    }
}

impl Charges {
    /// What one fill costs, in INR. `before` and `value` are what the order had traded before it and what the
    /// fill is worth: brokerage is per order, however many fills it takes.
    pub fn of_fill(
        self,
        kind: Kind,
        product: Product,
        side: Side,
        before: Decimal,
        value: Decimal,
    ) -> Decimal {
        if self == Self::Off {
            return Decimal::ZERO;
        }
        let rates = Rates::of(kind, product);
        let brokerage = rates.brokerage(before + value) - rates.brokerage(before);
        let (tax, stamp) = match side {
            Side::Buy => (rates.stt_buy, rates.stamp),
            Side::Sell => (rates.stt_sell, Decimal::ZERO),
        };
        let fees = brokerage + value * (rates.exchange + SEBI);
        (fees * (Decimal::ONE + GST) + value * (tax + stamp + rates.protection)).round_dp(2)
    }
}
