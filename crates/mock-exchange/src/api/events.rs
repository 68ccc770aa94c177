//! What the order socket tells of the book: an event for each record, with the values of the REST books. Whoever applies
//! all events of a day has the books.

use fyers_api::{
    codes, ist,
    model::{OrderStatus, Side},
    order_socket::{OrderEvent, PositionEvent, TradeEvent},
};

use rust_decimal::Decimal;

use crate::{
    account::{Account, PositionKey},
    api::{
        responses::CLIENT,
        values::{exchange, moment, segment, short_name, token},
    },
    book::Book,
    order::OrderState,
    record::Record,
    views::PositionView,
};

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BookEvent {
    /// A new day: orders and trades of the day before are gone; the positions that are left follow.
    Day,
    /// An order has changed.
    Order(Box<OrderEvent>),
    /// A fill.
    Trade(Box<TradeEvent>),
    /// A position has changed.
    Position(Box<PositionEvent>),
}

/// The events of new records, in order. The book has them already.
pub fn events(book: &Book, records: &[Record]) -> Vec<BookEvent> {
    let mut events = vec![];
    for (at, record) in records.iter().enumerate() {
        let later = &records[at + 1..];
        if let Some(order) = order_of(record).and_then(|id| book.ledger().orders.get(id)) {
            events.push(order_event(book, &before(order, later)));
        }
        if let Record::Traded { id, number, .. } = record {
            events.extend(trade_event(book, id, *number));
        }
        if matches!(record, Record::DayOpened { .. }) {
            events.push(BookEvent::Day);
            events.extend(book.positions().iter().map(position_event));
        }
        let touched = positions_of(book, record).into_iter();
        let last = touched.filter(|key| !later.iter().any(|record| positions_of(book, record).contains(key)));
        for key in last {
            let held = book.positions().into_iter().find(|view| view.account.key() == key);
            events.push(position_event(&held.unwrap_or_else(|| nothing_held(&key))));
        }
    }
    events
}

/// The order that a record is about.
fn order_of(record: &Record) -> Option<&str> {
    match record {
        Record::OrderAccepted { id, .. }
        | Record::OrderRejected { id, .. }
        | Record::OrderTriggered { id, .. }
        | Record::OrderModified { id, .. }
        | Record::OrderCancelled { id, .. }
        | Record::OrderExpired { id, .. }
        | Record::Traded { id, .. } => Some(id),
        _ => None,
    }
}

fn positions_of(book: &Book, record: &Record) -> Vec<PositionKey> {
    match record {
        Record::Traded { id, .. } => {
            let order = book.ledger().orders.get(id);
            order.map(|order| PositionKey::new(order.symbol(), order.product())).into_iter().collect()
        }
        Record::PositionConverted { symbol, from, to, .. } => {
            [*from, *to].map(|product| PositionKey::new(symbol, product)).into()
        }
        _ => vec![],
    }
}

/// The order before the records that are still to come.
fn before(mut order: OrderState, later: &[Record]) -> OrderState {
    let id = order.id.clone();
    for record in later.iter().filter(|record| order_of(record) == Some(&id)) {
        order.status = OrderStatus::Pending;
        order.message = String::new();
        if let Record::Traded { quantity, price, .. } = record {
            order.filled -= quantity;
            order.filled_value -= *price * Decimal::from(*quantity);
        }
    }
    order
}

fn order_event(book: &Book, order: &OrderState) -> BookEvent {
    let request = &order.order.request;
    let name = book.config().name;
    let message = match order.message.as_str() {
        "" => format!("SIMULATED by {name}"),
        words => format!("SIMULATED by {name}: {words}"),
    };
    let is_rejected = order.status == OrderStatus::Rejected;
    let event = OrderEvent {
        id: Some(order.id.clone()),
        client_id: Some(CLIENT.to_owned()),
        parent_id: order.link.as_ref().map(|link| link.parent.clone()),
        exchange_id: Some(order.id.clone()).filter(|_| !is_rejected),
        fyers_id: Some(order.id.clone()),
        symbol: Some(order.symbol().to_owned()),
        fy_token: Some(token(order.symbol())),
        quantity: Some(request.quantity),
        remaining: Some(order.open_quantity()),
        filled: Some(order.filled),
        limit_price: Some(request.limit_price),
        stop_price: Some(request.stop_price),
        traded_price: Some(order.average().round_dp(4)),
        order_type: Some(codes::order_type_number(request.order_type)),
        side: Some(request.side.sign()),
        product: Some(codes::product_word(order.product()).to_owned()),
        validity: Some(if order.is_ioc() { "IOC" } else { "DAY" }.to_owned()),
        offline: Some(false),
        exchange: Some(exchange(order.symbol())),
        segment: Some(segment(order.symbol())),
        instrument: Some(0),
        exchange_symbol: Some(short_name(order.symbol()).to_owned()),
        description: Some(short_name(order.symbol()).to_owned()),
        message: Some(message),
        time: Some(moment(order.placed_at)),
        source: Some("API".to_owned()),
        tag: Some(order.shown_tag()),
        ..OrderEvent::default()
    };
    BookEvent::Order(Box::new(event.with_status(order.status)))
}

fn trade_event(book: &Book, id: &str, number: u64) -> Option<BookEvent> {
    let mut newest_first = book.trades().rev();
    let trade = newest_first.find(|trade| trade.number == number && trade.order_id == id)?;
    let order = book.ledger().orders.get(id)?;
    Some(BookEvent::Trade(Box::new(TradeEvent {
        id: Some(format!("{id}-{number}")),
        order_id: Some(id.to_owned()),
        fyers_id: Some(id.to_owned()),
        exchange_id: Some(id.to_owned()),
        client_id: Some(CLIENT.to_owned()),
        symbol: Some(trade.symbol.clone()),
        fy_token: Some(token(&trade.symbol)),
        quantity: Some(trade.quantity),
        price: Some(trade.price),
        value: Some(trade.value()),
        order_type: Some(codes::order_type_number(order.order.request.order_type)),
        side: Some(if trade.side == Side::Buy { 1 } else { -1 }),
        product: Some(codes::product_word(trade.product).to_owned()),
        time: Some(ist::ist(trade.at).format("%d-%m-%Y %H:%M:%S").to_string()),
        exchange: Some(exchange(&trade.symbol)),
        segment: Some(segment(&trade.symbol)),
        tag: Some(order.shown_tag()),
    })))
}

/// A conversion of all leaves no row behind; whoever heard of one must hear that it is gone.
fn nothing_held(key: &PositionKey) -> PositionView {
    let account = Account::new(&key.symbol, key.product);
    PositionView { account, ltp: Decimal::ZERO, unrealized: Decimal::ZERO }
}

fn position_event(view: &PositionView) -> BookEvent {
    let account = &view.account;
    let (buy, sell) = (&account.buy, &account.sell);
    BookEvent::Position(Box::new(PositionEvent {
        id: Some(account.id()),
        symbol: Some(account.symbol.clone()),
        fy_token: Some(token(&account.symbol)),
        product: Some(codes::product_word(account.product).to_owned()),
        side: Some(account.net.signum()),
        net_quantity: Some(account.net),
        quantity: Some(account.net.abs()),
        net_average: Some(account.net_average().round_dp(4)),
        buy_quantity: Some(buy.quantity),
        buy_average: Some(account.buy_average().round_dp(4)),
        buy_value: Some(buy.value),
        sell_quantity: Some(sell.quantity),
        sell_average: Some(account.sell_average().round_dp(4)),
        sell_value: Some(sell.value),
        realized: Some(account.realized),
        unrealized: Some(view.unrealized),
        profit: Some(account.realized + view.unrealized),
        day_buy_quantity: Some(account.bought_today()),
        day_sell_quantity: Some(account.sold_today()),
        carried_buy_quantity: Some(account.carried.max(0)),
        carried_sell_quantity: Some((-account.carried).max(0)),
        exchange: Some(exchange(&account.symbol)),
        segment: Some(segment(&account.symbol)),
        multiplier: Some(account.multiplier.into()),
        cross_currency: Some("N".to_owned()),
        reference_rate: Some(Decimal::ONE),
        ..PositionEvent::default()
    }))
}
