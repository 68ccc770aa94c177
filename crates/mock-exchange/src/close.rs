//! Getting out: exits a bot asks for, the intraday square-off, the end of a day, and changes of product.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;

use crate::{
    Engine,
    account::Account,
    command::{Conversion, Exit, NewOrder},
    draft::Draft,
    order::OrderState,
    record::{Origin, Record},
    risk,
};
use fyers_api::{codes, error::ApiError, model::Validity};
use fyers_api::{
    ist,
    model::{OrderRequest, OrderType, Product, Side},
};

type Decision = Result<Vec<Record>, ApiError>;

/// When a day that was left open is closed (IST).
const CLOSE: NaiveTime = ist::at(15, 30);

/// Market orders against the positions asked for. Where the market shows less than is held, the rest of the
/// order waits; asking again sends nothing more for it.
pub(super) fn exit(engine: &Engine, exit: &Exit, cancel_pending: bool, at: DateTime<Utc>) -> Decision {
    if let Exit::Ids(ids) = exit
        && ids.iter().any(|id| !engine.ledger.accounts.contains_key(id))
    {
        return Err(ApiError::unknown_position());
    }
    let mut draft = Draft::new(engine, at);
    if cancel_pending {
        let covered = |order: &&OrderState| covers(engine, exit, order.symbol(), order.product(), None);
        waiting_orders(engine).filter(covered).for_each(|order| draft.cancel(&order.id, ""));
    }
    let mut found = false;
    for account in engine.ledger.accounts.values().filter(|account| account.net != 0) {
        if covers(engine, exit, &account.symbol, account.product, Some(side_of(account))) {
            found = true;
            send_exit(engine, &mut draft, account, cancel_pending);
        }
    }
    if found || !draft.records.is_empty() { Ok(draft.records) } else { Err(ApiError::nothing_open()) }
}

/// Whether an exit is about this position, or (without a side) about orders of its symbol and product.
fn covers(engine: &Engine, exit: &Exit, symbol: &str, product: Product, side: Option<Side>) -> bool {
    match exit {
        Exit::All => true,
        Exit::Ids(ids) => ids.contains(&codes::position_id(symbol, product)),
        Exit::Matching { segments, sides, products } => {
            let segment = engine.instruments.tradable(symbol).map(|instrument| instrument.segment);
            let product = products.is_empty() || products.contains(&product);
            let side = side.is_none_or(|side| sides.contains(&side));
            product && side && segment.is_ok_and(|segment| segments.contains(&segment))
        }
    }
}

fn side_of(account: &Account) -> Side {
    if account.net > 0 { Side::Buy } else { Side::Sell }
}

fn waiting_orders(engine: &Engine) -> impl Iterator<Item = &OrderState> {
    engine.ledger.open.values().flatten().filter_map(|id| engine.ledger.orders.get(id))
}

/// Closes what no order under way will close.
fn send_exit(engine: &Engine, draft: &mut Draft<'_>, account: &Account, fresh: bool) {
    let order = closing_order(account, account.net.abs());
    let ids = engine.ledger.open.get(&account.symbol).into_iter().flatten();
    let orders = ids.filter_map(|id| engine.ledger.orders.get(id)).filter(|_| !fresh);
    let same =
        orders.filter(|waiting| waiting.product() == account.product && waiting.side() == order.request.side);
    // Delivery cannot be sold twice, so there a bot's own waiting order counts as well.
    let delivery = matches!(account.product, Product::Cnc | Product::Mtf);
    let under_way = same.filter(|waiting| delivery || waiting.origin == Origin::Exit);
    let quantity = account.net.abs() - under_way.map(OrderState::remaining).sum::<i64>();
    if quantity > 0 {
        let reserve = engine.market.ltp(&account.symbol).unwrap_or_default();
        let mut state = draft.accept(&closing_order(account, quantity), Origin::Exit, reserve);
        draft.expose(&mut state, true);
    }
}

fn closing_order(account: &Account, quantity: i64) -> NewOrder {
    let side = match side_of(account) {
        Side::Buy => Side::Sell,
        Side::Sell => Side::Buy,
    };
    let request = OrderRequest {
        symbol: account.symbol.clone(),
        quantity,
        side,
        order_type: OrderType::Market,
        product: account.product,
        limit_price: Decimal::ZERO,
        stop_price: Decimal::ZERO,
        tag: None,
    };
    NewOrder { request, validity: Validity::Day, disclosed: 0 }
}

/// The broker ends INTRADAY: waiting orders are cancelled and positions closed in full at the market's price,
/// however little it shows.
pub(super) fn square_off(engine: &Engine, at: DateTime<Utc>) -> Vec<Record> {
    if engine.ledger.squared_off {
        return vec![];
    }
    let mut draft = Draft::new(engine, at);
    for order in waiting_orders(engine).filter(|order| order.product() == Product::Intraday) {
        draft.cancel(&order.id, "Cancelled by the intraday square-off");
    }
    close_intraday(engine, &mut draft);
    draft.records.push(Record::SquaredOff { at });
    draft.records
}

fn close_intraday(engine: &Engine, draft: &mut Draft<'_>) {
    let open = |account: &&Account| account.product == Product::Intraday && account.net != 0;
    for account in engine.ledger.accounts.values().filter(open) {
        let order = closing_order(account, account.net.abs());
        let touch = engine.market.top(&account.symbol).map(|top| top.touch(order.request.side));
        let price = touch.unwrap_or_else(|| account.average().round_dp(2));
        let mut state = draft.accept(&order, Origin::SquareOff, price);
        draft.fill(&mut state, account.net.abs(), price);
    }
}

/// The open day ends (what waits expires, INTRADAY that nobody squared off is closed) and `date` begins. A
/// date that is not later changes nothing.
pub(super) fn new_day(engine: &Engine, date: NaiveDate) -> Vec<Record> {
    let Some(day) = engine.ledger.day else { return vec![Record::DayOpened { date }] };
    if date <= day {
        return vec![];
    }
    let at = ist::instant(day, CLOSE);
    let mut draft = Draft::new(engine, at);
    let expired = waiting_orders(engine).map(|order| Record::OrderExpired { id: order.id.clone(), at });
    draft.records.extend(expired);
    close_intraday(engine, &mut draft);
    draft.records.push(Record::DayOpened { date });
    draft.records
}

/// A change of product. INTRADAY can become CNC when it is a long share, and INTRADAY and MARGIN become each
/// other in derivatives; CNC and MTF stay what they are (docs/fyers-api.md, "Convert").
pub(super) fn convert(engine: &Engine, conversion: &Conversion, at: DateTime<Utc>) -> Decision {
    let Conversion { symbol, side, quantity, from, to } = conversion;
    if matches!(from, Product::Cnc | Product::Mtf) {
        return Err(ApiError::not_convertible(codes::product_word(*from)));
    }
    let account = engine.ledger.accounts.get(&codes::position_id(symbol, *from));
    let account = account.filter(|account| account.net.signum() == side.sign());
    let account = account.ok_or_else(ApiError::unknown_position)?;
    if from == to || !(1..=account.net.abs()).contains(quantity) {
        return Err(ApiError::invalid_input());
    }
    if !risk::convertible(*to, account.kind, *side) {
        let segment = engine.instruments.tradable(symbol)?.segment_name();
        return Err(ApiError::product_not_enabled(codes::product_word(*to), segment));
    }
    if *to == Product::Intraday && engine.ledger.squared_off {
        return Err(ApiError::after_square_off());
    }
    affordable(engine, account, *to, *quantity)?;
    let (symbol, side, quantity, from, to) = (symbol.clone(), *side, *quantity, *from, *to);
    Ok(vec![Record::PositionConverted { symbol, side, quantity, from, to, at }])
}

fn affordable(engine: &Engine, account: &Account, to: Product, quantity: i64) -> Result<(), ApiError> {
    let target = engine.ledger.accounts.get(&codes::position_id(&account.symbol, to));
    let mut target = target.cloned().unwrap_or_else(|| Account::new(&account.symbol, to));
    let mut source = account.clone();
    let margin = |one: &Account, other: &Account| {
        one.margin(engine.config.leverage) + other.margin(engine.config.leverage)
    };
    let before = margin(&source, &target);
    source.move_to(&mut target, quantity);
    risk::affordable(engine, before, margin(&source, &target))
}
