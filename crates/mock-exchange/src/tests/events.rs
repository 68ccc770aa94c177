//! What the order socket tells and what the REST books show are the same.

use std::collections::BTreeMap;

use fyers_api::order_socket::{OrderEvent, PositionEvent, TradeEvent};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::{
    api::{
        events::{BookEvent, events},
        responses,
    },
    tests::game::{Game, config, moves},
};

/// A bot that knows nothing but the events.
#[derive(Default)]
struct Follower {
    orders: BTreeMap<String, OrderEvent>,
    trades: Vec<TradeEvent>,
    positions: BTreeMap<String, PositionEvent>,
}

impl Follower {
    fn hear(&mut self, event: BookEvent) {
        match event {
            BookEvent::Day => *self = Self::default(),
            BookEvent::Order(order) => {
                self.orders.insert(order.id.clone().unwrap(), *order);
            }
            BookEvent::Trade(trade) => self.trades.push(*trade),
            BookEvent::Position(position) => {
                self.positions.insert(position.id.clone().unwrap(), *position);
            }
        }
    }

    fn orders(&self) -> Vec<String> {
        let row = |one: &OrderEvent| {
            let parts =
                (one.status_number, one.quantity, one.filled, one.remaining, one.side, one.order_type);
            let prices = (one.stop_price.unwrap(), one.traded_price.unwrap());
            let words = (one.symbol.clone(), one.product.clone(), one.tag.clone(), one.parent_id.clone());
            format!("{:?} {parts:?} {:?} {words:?}", one.id, (prices.0.normalize(), prices.1.normalize()))
        };
        self.orders.values().map(row).collect()
    }

    fn positions(&self) -> Vec<String> {
        let row = |one: &PositionEvent| {
            let counts = (
                one.net_quantity,
                one.buy_quantity,
                one.sell_quantity,
                one.day_buy_quantity,
                one.carried_buy_quantity,
            );
            let money = [one.buy_average, one.sell_average, one.net_average, one.realized];
            format!("{:?} {counts:?} {:?}", one.id, money.map(|one| one.unwrap().round_dp(4).normalize()))
        };
        // A row in which nothing was traded is none.
        let is_row = |one: &&PositionEvent| one.buy_quantity != Some(0) || one.sell_quantity != Some(0);
        self.positions.values().filter(is_row).map(row).collect()
    }

    fn trades(&self) -> Vec<String> {
        let row = |one: &TradeEvent| {
            format!(
                "{:?} {:?} {:?} {:?}",
                one.order_id,
                one.quantity,
                one.price.unwrap().normalize(),
                one.side
            )
        };
        self.trades.iter().map(row).collect()
    }
}

fn number(value: &Value) -> Decimal {
    fyers_api::number::decimal(value).unwrap().round_dp(4).normalize()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn rows(body: &Value, name: &str, row: impl Fn(&Value) -> String) -> Vec<String> {
    body[name].as_array().unwrap().iter().map(row).collect()
}

fn order_rows(game: &Game) -> Vec<String> {
    let body = responses::orders(&game.engine, None, None).unwrap();
    let mut all = rows(&body, "orderBook", |row| {
        let whole = |name: &str| row[name].as_i64();
        let parts = (
            whole("status"),
            whole("qty"),
            whole("filledQty"),
            whole("remainingQuantity"),
            whole("side"),
            whole("type"),
        );
        let words =
            (text(&row["symbol"]), text(&row["productType"]), text(&row["orderTag"]), text(&row["parentId"]));
        format!(
            "{:?} {parts:?} {:?} {words:?}",
            text(&row["id"]),
            (number(&row["stopPrice"]), number(&row["tradedPrice"]))
        )
    });
    all.sort();
    all
}

fn position_rows(game: &Game) -> Vec<String> {
    let mut all = rows(&responses::positions(&game.engine), "netPositions", |row| {
        let whole = |name: &str| row[name].as_i64();
        let counts =
            (whole("netQty"), whole("buyQty"), whole("sellQty"), whole("dayBuyQty"), whole("cfBuyQty"));
        let money = ["buyAvg", "sellAvg", "netAvg", "realized_profit"].map(|name| number(&row[name]));
        format!("{:?} {counts:?} {money:?}", text(&row["id"]))
    });
    all.sort();
    all
}

fn trade_rows(game: &Game) -> Vec<String> {
    rows(&responses::trades(&game.engine, None), "tradeBook", |row| {
        let (price, side) = (number(&row["tradePrice"]), row["side"].as_i64());
        format!("{:?} {:?} {price:?} {side:?}", text(&row["orderNumber"]), row["tradedQty"].as_i64())
    })
}

proptest! {
    #[test]
    fn whoever_hears_all_events_has_the_rest_books(moves in moves()) {
        let mut game = Game::new(config(false));
        let mut follower = Follower::default();
        events(&game.engine, &game.journal).into_iter().for_each(|event| follower.hear(event));
        for next in &moves {
            let known = game.journal.len();
            game.play(next);
            events(&game.engine, &game.journal[known..]).into_iter().for_each(|event| follower.hear(event));
            let mut orders = follower.orders();
            orders.sort();
            prop_assert_eq!(orders, order_rows(&game), "orders after {:?}", next);
            prop_assert_eq!(follower.trades(), trade_rows(&game), "trades after {:?}", next);
            let mut positions = follower.positions();
            positions.sort();
            prop_assert_eq!(positions, position_rows(&game), "positions after {:?}", next);
        }
    }
}

#[test]
fn a_fill_in_one_step_is_told_as_waiting_and_then_as_traded() {
    let mut game = Game::new(config(false));
    let order = order(Side::Buy, 3);
    let records = game.engine.execute(&Command::Place { order, at: at(1) }).unwrap();
    let told = events(&game.engine, &records);
    let status: Vec<_> = told
        .iter()
        .filter_map(|event| match event {
            BookEvent::Order(order) => Some((order.status().unwrap(), order.filled.unwrap())),
            _ => None,
        })
        .collect();
    assert_eq!(status, [(OrderStatus::Pending, 0), (OrderStatus::Traded, 3)]);
    let kinds: Vec<_> =
        told.iter().map(|event| matches!(event, BookEvent::Trade(_) | BookEvent::Position(_))).collect();
    assert_eq!(kinds, [false, false, true, true]);
}

#[test]
fn a_position_that_was_converted_whole_is_told_as_gone() {
    let mut game = Game::new(config(false));
    game.engine.execute(&Command::Place { order: order(Side::Buy, 3), at: at(1) }).unwrap();
    let conversion = Conversion {
        symbol: SBIN.to_owned(),
        side: Side::Buy,
        quantity: 3,
        from: Product::Intraday,
        to: Product::Cnc,
    };
    let records = game.engine.execute(&Command::ConvertPosition { conversion, at: at(2) }).unwrap();
    let told: Vec<_> = events(&game.engine, &records)
        .into_iter()
        .filter_map(|event| match event {
            BookEvent::Position(position) => {
                Some((position.product.unwrap(), position.net_quantity.unwrap()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(told, [("INTRADAY".to_owned(), 0), ("CNC".to_owned(), 3)]);
}
