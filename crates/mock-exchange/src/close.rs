//! Getting out: exits a bot asks for, the intraday square-off, the end of a day, and changes of product.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;

use crate::{
    account::Account,
    book::Book,
    command::{Conversion, ExitScope},
    draft::Draft,
    gtt::GttStatus,
    new_order::NewOrder,
    order::OrderState,
    record::{Origin, Record},
    risk,
    sessions::{self, Segment},
    symbol::{Contract, Right, segment_of},
    words,
};
use fyers_api::{
    codes,
    error::ApiError,
    ist,
    model::{OrderRequest, OrderType, Product, Side, Validity},
};

type Decision = Result<Vec<Record>, ApiError>;

/// When a day that was left open is closed (IST), where its segment had no session.
const CLOSE: NaiveTime = ist::at(15, 30);

/// Market orders against the positions asked for. Where the market shows less than is held, the rest of the
/// order waits; asking again sends nothing more for it.
pub(crate) fn exit(book: &Book, exit: &ExitScope, cancel_pending: bool, at: DateTime<Utc>) -> Decision {
    if let ExitScope::Ids(ids) = exit
        && ids.iter().any(|id| !book.ledger.accounts.values().any(|account| account.id() == *id))
    {
        return Err(ApiError::unknown_position());
    }
    let mut draft = Draft::new(book, at);
    if cancel_pending {
        let covered = |order: &OrderState| covers(book, exit, order.symbol(), order.product(), None);
        book.waiting().filter(covered).for_each(|order| draft.cancel(&order, ""));
    }
    let mut found = false;
    for account in book.ledger.accounts.values().filter(|account| account.net != 0) {
        if covers(book, exit, &account.symbol, account.product, Some(side_of(account))) {
            is_taken(book, &account.symbol, at)?;
            found = true;
            send_exit(book, &mut draft, account, cancel_pending);
        }
    }
    if found || !draft.records.is_empty() { Ok(draft.records) } else { Err(ApiError::nothing_open()) }
}

/// Symbols of the open positions that an exit is about.
pub(crate) fn exiting(book: &Book, exit: &ExitScope) -> Vec<String> {
    let open = book.ledger.accounts.values().filter(|account| account.net != 0);
    let covered =
        open.filter(|account| covers(book, exit, &account.symbol, account.product, Some(side_of(account))));
    covered.map(|account| account.symbol.clone()).collect()
}

fn is_taken(book: &Book, symbol: &str, at: DateTime<Utc>) -> Result<(), ApiError> {
    if book.takes_orders(symbol, at) {
        return Ok(());
    }
    let instrument = book.instrument(symbol, None)?;
    let next = sessions::next_open(&book.calendar, &[instrument.segment], at);
    Err(words::market_closed(instrument.segment_name(), next.map(|(_, session)| session.open)))
}

/// Whether an exit is about this position, or (without a side) about orders of its symbol and product.
fn covers(book: &Book, exit: &ExitScope, symbol: &str, product: Product, side: Option<Side>) -> bool {
    match exit {
        ExitScope::All => true,
        ExitScope::Ids(ids) => ids.contains(&codes::position_id(symbol, product)),
        ExitScope::Matching { segments, sides, products } => {
            let segment = book.instrument(symbol, None).map(|instrument| instrument.segment);
            let product = products.is_empty() || products.contains(&product);
            let side = side.is_none_or(|side| sides.contains(&side));
            product && side && segment.is_ok_and(|segment| segments.contains(&segment))
        }
    }
}

fn side_of(account: &Account) -> Side {
    if account.net > 0 { Side::Buy } else { Side::Sell }
}

/// Closes what no order under way will close. Exit legs of the position end with it.
fn send_exit(book: &Book, draft: &mut Draft<'_>, account: &Account, fresh: bool) {
    let order = closing_order(account, account.net.abs());
    let own = |waiting: &OrderState| waiting.product() == account.product;
    let legs = book.waiting_in(&account.symbol).filter(own).filter(|waiting| waiting.link.is_some());
    legs.for_each(|leg| draft.cancel(&leg, ""));
    let plain =
        book.waiting_in(&account.symbol).filter(own).filter(|waiting| waiting.link.is_none() && !fresh);
    let same = plain.filter(|waiting| waiting.side() == order.request.side);
    // Delivery cannot be sold twice, so there a bot's own waiting order counts as well.
    let delivery = matches!(account.product, Product::Cnc | Product::Mtf);
    let under_way = same.filter(|waiting| delivery || waiting.origin == Origin::Exit);
    let quantity = account.net.abs() - under_way.map(|order| order.remaining()).sum::<i64>();
    if quantity > 0 {
        let reserve = book.market.ltp(&account.symbol).unwrap_or_default();
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
    NewOrder { request, validity: Validity::Day, disclosed: 0, legs: None }
}

/// Ends these orders, exit legs and GTT orders among them.
pub(crate) fn withdraw(book: &Book, ids: &[String], message: &str, at: DateTime<Utc>) -> Vec<Record> {
    let is_meant = |id: &str| ids.iter().any(|one| one == id);
    let mut draft = Draft::new(book, at);
    book.waiting().filter(|order| is_meant(&order.id)).for_each(|order| draft.cancel(&order, message));
    let gtts = book.gtts().filter(|gtt| gtt.status == GttStatus::Waiting && is_meant(&gtt.id));
    draft.records.extend(gtts.map(|gtt| Record::GttCancelled { id: gtt.id.clone(), at }));
    draft.records
}

/// The broker ends INTRADAY in a segment: waiting orders are cancelled and positions closed in full at the market's
/// price, however little it shows.
pub(crate) fn square_off(book: &Book, segment: Segment, at: DateTime<Utc>) -> Vec<Record> {
    let mut draft = Draft::new(book, at);
    for order in waiting_of(book, segment).filter(|order| order.product() == Product::Intraday) {
        draft.cancel(&order, "Cancelled by the intraday square-off");
    }
    close_intraday(book, &mut draft, segment);
    if !draft.records.is_empty() {
        draft.records.push(Record::SquaredOff { segment: Some(segment), at });
    }
    draft.records
}

fn waiting_of(book: &Book, segment: Segment) -> impl Iterator<Item = OrderState> {
    book.waiting().filter(move |order| segment_of(order.symbol()) == segment)
}

fn open_of(book: &Book, segment: Segment) -> impl Iterator<Item = &Account> {
    let accounts = book.ledger.accounts.values().filter(|account| account.net != 0);
    accounts.filter(move |account| segment_of(&account.symbol) == segment)
}

fn close_intraday(book: &Book, draft: &mut Draft<'_>, segment: Segment) {
    for account in open_of(book, segment).filter(|account| account.product == Product::Intraday) {
        let order = closing_order(account, account.net.abs());
        let touch = book.market.top(&account.symbol).map(|top| top.touch(order.request.side));
        let price = touch.unwrap_or_else(|| account.average().round_dp(2));
        let mut state = draft.accept(&order, Origin::SquareOff, price);
        draft.fill(&mut state, account.net.abs(), price);
    }
}

/// The last session of a segment is over: what waits expires, and contracts whose last day it was are settled.
pub(crate) fn end_session(book: &Book, segment: Segment, at: DateTime<Utc>) -> Vec<Record> {
    let mut draft = Draft::new(book, at);
    end(book, &mut draft, segment, at, ist::date(at));
    draft.records
}

fn end(book: &Book, draft: &mut Draft<'_>, segment: Segment, at: DateTime<Utc>, last: NaiveDate) {
    for order in waiting_of(book, segment) {
        draft.records.push(Record::OrderExpired { id: order.id, at });
    }
    // INTRADAY is closed before, perhaps by this very draft.
    let expired = |account: &&Account| {
        let is_carried = account.product != Product::Intraday;
        is_carried && last_day(book, &account.symbol).is_some_and(|day| day <= last)
    };
    for account in open_of(book, segment).filter(expired) {
        let price = settlement(book, account);
        let mut state = draft.accept(&closing_order(account, account.net.abs()), Origin::Expiry, price);
        draft.fill(&mut state, account.net.abs(), price);
    }
}

/// The last date on which a contract trades.
pub(crate) fn last_day(book: &Book, symbol: &str) -> Option<NaiveDate> {
    book.known(symbol, None).ok()?.last_day(&book.calendar)
}

/// What a contract is worth at its expiry, in INR: a future what its underlying is, an option what exercising it gives.
/// Where the underlying's price is not known, the contract's own last price stands for it.
fn settlement(book: &Book, account: &Account) -> Decimal {
    let contract = Contract::of(&account.symbol);
    // A made-up price of the underlying settles only what was made up as well.
    let counts = |symbol: &String| book.is_made_up(&account.symbol) || !book.is_made_up(symbol);
    let underlying = contract.as_ref().and_then(Contract::underlying_symbol).filter(counts);
    let underlying = underlying.and_then(|symbol| book.market.ltp(&symbol));
    let option = contract.and_then(|contract| contract.option);
    let own = || book.market.ltp(&account.symbol).unwrap_or_else(|| account.average().round_dp(2));
    match (underlying, option) {
        (Some(price), Some((strike, Right::Call))) => (price - strike).max(Decimal::ZERO),
        (Some(price), Some((strike, Right::Put))) => (strike - price).max(Decimal::ZERO),
        (Some(price), None) => price,
        (None, _) => own(),
    }
}

/// The open day ends (what waits expires, INTRADAY that nobody squared off is closed, contracts that expired meanwhile
/// are settled) and `date` begins. A date that is not later changes nothing.
pub(crate) fn new_day(book: &Book, date: NaiveDate) -> Vec<Record> {
    let Some(day) = book.ledger.day else { return vec![Record::DayOpened { date }] };
    if date <= day {
        return vec![];
    }
    let last = date.pred_opt().unwrap_or(day);
    let mut draft = Draft::new(book, ist::instant(day, CLOSE));
    for segment in Segment::ALL {
        let close = sessions::day_close(&book.calendar, segment, day);
        let at = close.unwrap_or_else(|| ist::instant(day, CLOSE));
        draft.set_time(at);
        close_intraday(book, &mut draft, segment);
        end(book, &mut draft, segment, at, last);
    }
    draft.records.push(Record::DayOpened { date });
    draft.records
}

/// A change of product. INTRADAY can become CNC when it is a long share, and INTRADAY and MARGIN become each
/// other in derivatives; CNC and MTF stay what they are (docs/fyers-api.md, "Convert").
pub(crate) fn convert(book: &Book, conversion: &Conversion, at: DateTime<Utc>) -> Decision {
    let Conversion { symbol, side, quantity, from, to } = conversion;
    if matches!(from, Product::Cnc | Product::Mtf) {
        return Err(ApiError::not_convertible(codes::product_word(*from)));
    }
    let account = book.ledger.accounts.get(&(symbol.as_str(), *from));
    let account = account.filter(|account| account.net.signum() == side.sign());
    let account = account.ok_or_else(ApiError::unknown_position)?;
    if from == to || !(1..=account.net.abs()).contains(quantity) {
        return Err(ApiError::invalid_input());
    }
    if !risk::convertible(*to, account.kind, *side) {
        let segment = book.instrument(symbol, None)?.segment_name();
        return Err(ApiError::product_not_enabled(codes::product_word(*to), segment));
    }
    if *to == Product::Intraday && book.is_squared_off(segment_of(symbol), at) {
        return Err(ApiError::after_square_off());
    }
    affordable(book, account, *to, *quantity)?;
    let (symbol, side, quantity, from, to) = (symbol.clone(), *side, *quantity, *from, *to);
    Ok(vec![Record::PositionConverted { symbol, side, quantity, from, to, at }])
}

fn affordable(book: &Book, account: &Account, to: Product, quantity: i64) -> Result<(), ApiError> {
    let target = book.ledger.accounts.get(&(account.symbol.as_str(), to));
    let mut target = target.cloned().unwrap_or_else(|| Account::new(&account.symbol, to));
    target.multiplier = account.multiplier;
    let mut source = account.clone();
    let margin = |one: &Account, other: &Account| {
        one.margin(book.config.leverage) + other.margin(book.config.leverage)
    };
    let before = margin(&source, &target);
    source.move_to(&mut target, quantity);
    risk::affordable(book, before, margin(&source, &target))
}
