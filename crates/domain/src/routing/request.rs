//! What a bot's request would do, read for the safety rules only. FYERS gets the bytes as they came.

use fyers_api::{
    codes,
    http::{ApiRequest, Method},
    model::{OrderRequest, OrderType, Position, Product},
    operation::{MULTI_LEG, Operation},
    request::{self, GttFields, GttLegFields, MultiLegFields, OrderFields, Spelling},
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    change::{self, ChangedGtt, ChangedOrder},
    order_ids, position_ids, symbols,
};

/// More than any position has, and far from the bounds of the number.
const ANY_QUANTITY: i64 = 1_000_000_000_000;

/// One order in a request, as far as safety needs to know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    /// As the bot wrote it.
    pub symbol: String,
    /// `INTRADAY`, `CNC`, or any other word that the bot wrote.
    pub product: String,
    /// Signed: negative sells. Never zero.
    pub quantity: i64,
    /// Limit price in INR; zero for a market order.
    #[serde(default)]
    pub price: Decimal,
    /// The bot's own mark.
    #[serde(default)]
    pub tag: Option<String>,
}

impl Leg {
    /// An order in the keeper's own words.
    pub fn of(order: &OrderRequest) -> Self {
        Self {
            symbol: order.symbol.clone(),
            product: codes::product_word(order.product).to_owned(),
            quantity: order.signed_quantity(),
            price: order.limit_price,
            tag: order.tag.clone(),
        }
    }

    /// What closes this position whole.
    pub fn closing(position: &Position) -> Self {
        Self {
            symbol: position.symbol.clone(),
            product: codes::product_word(position.product).to_owned(),
            quantity: -position.net,
            price: Decimal::ZERO,
            tag: None,
        }
    }

    /// What FYERS may order by itself in a symbol: any quantity on either side, of any product.
    pub fn any_in(symbol: &str) -> [Self; 2] {
        [ANY_QUANTITY, -ANY_QUANTITY].map(|quantity| Self::unknown_product(symbol, quantity))
    }

    /// Whether it stands for whatever FYERS may order there.
    pub fn is_any(&self) -> bool {
        self.quantity.saturating_abs() >= ANY_QUANTITY
    }

    /// An order of a product that is not known, so that it may be any.
    pub fn unknown_product(symbol: &str, quantity: i64) -> Self {
        let (symbol, product) = (symbol.to_owned(), String::new());
        Self { symbol, product, quantity, price: Decimal::ZERO, tag: None }
    }

    /// As `+10 NSE:SBIN-EQ`. One that may be on either side is told once.
    pub fn told(&self) -> Option<String> {
        match self.quantity {
            ANY_QUANTITY => Some(format!("any quantity of {}", self.symbol)),
            quantity if quantity == 0 || quantity == -ANY_QUANTITY => None,
            quantity => Some(format!("{quantity:+} {}", self.symbol)),
        }
    }

    /// The product, when it is one that the keeper knows.
    pub fn known_product(&self) -> Option<Product> {
        codes::product(&normal(&self.product)).ok()
    }

    /// Whether it may be about shares that are held, and no position of the day. A product that is not known may be.
    pub fn may_be_delivery(&self) -> bool {
        matches!(self.known_product(), None | Some(Product::Cnc | Product::Mtf | Product::Other))
    }

    /// Whether both are about the same symbol, however it is written.
    pub fn is_in(&self, symbol: &str) -> bool {
        normal(&self.symbol) == normal(symbol)
    }

    /// Symbol and product in one spelling.
    pub fn key(&self) -> (String, String) {
        (normal(&self.symbol), normal(&self.product))
    }
}

/// One spelling for symbols and products: FYERS' own is upper case without spaces.
pub fn normal(text: &str) -> String {
    text.trim().to_uppercase()
}

/// What a request does to what is there already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderEffect {
    /// FYERS makes orders that close positions: what would close each, as far as it was known.
    Closes(Vec<Leg>),
    /// It takes positions away and makes others of them: what would close each.
    Converts(Vec<Leg>),
    /// It changes orders that wait.
    Changes(Vec<ChangedOrder>),
    /// It changes a GTT order.
    ChangesGtt {
        /// How.
        change: ChangedGtt,
        /// What may be ordered by it, once it triggers; empty: in a symbol that is not known.
        legs: Vec<Leg>,
    },
    /// FYERS orders by itself what it wants to, in these symbols.
    OrdersIn(Vec<String>),
}

impl OrderEffect {
    /// What would close the positions that it is about, or may be ordered by it.
    pub fn legs(&self) -> Vec<Leg> {
        match self {
            Self::Closes(legs) | Self::Converts(legs) | Self::ChangesGtt { legs, .. } => legs.clone(),
            Self::Changes(_) => vec![],
            Self::OrdersIn(symbols) => symbols.iter().flat_map(|symbol| Leg::any_in(symbol)).collect(),
        }
    }

    /// Whether these are all that the request may order, once FYERS has taken it.
    pub fn is_told(&self) -> bool {
        match self {
            Self::Closes(_) => true,
            Self::ChangesGtt { legs, .. } => !legs.is_empty(),
            Self::OrdersIn(symbols) => !symbols.is_empty(),
            Self::Converts(_) | Self::Changes(_) => false,
        }
    }
}

/// What a request that was sent may take from open positions until FYERS' books show what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reserved {
    /// Orders that it makes.
    pub legs: Vec<Leg>,
    /// Whether it may make or change orders that cannot be told from the request.
    pub is_opaque: bool,
}

/// A request with the orders in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderCall {
    /// What it is about.
    pub operation: Operation,
    /// The orders it would make, as far as they can be read.
    pub legs: Vec<Leg>,
    /// The stop of each of them in INR, where all could be read; zero for none.
    pub stops: Vec<Decimal>,
    /// Whether every order in it could be read.
    pub understood: bool,
    /// Whether another program could read other fields in it; always plain for what does not trade.
    pub spelling: Spelling,
    /// Whether an order carries more than itself: a stop or target leg of its own, or a later session.
    pub has_extras: bool,
    /// Whether it also cancels waiting orders (an exit with `pending_orders_cancel`).
    pub cancels_waiting: bool,
    /// Every symbol that it names; `None` where it names none, or not all of them can be read.
    pub symbols: Option<Vec<String>>,
    /// The orders that it names.
    pub ids: Vec<String>,
    /// The positions that an exit or a conversion names, by id or symbol; `None` where it may be about any.
    pub positions: Option<Vec<String>>,
    /// What it changes of waiting orders; `None` when it is no change, or may be more than one.
    pub changes: Option<Vec<ChangedOrder>>,
    /// What it changes of a GTT order; `None` when it is no such change, or may be more.
    pub changed_gtt: Option<ChangedGtt>,
}

impl OrderCall {
    /// Reads a request. Never fails: what cannot be read is said to be so.
    pub fn read(call: &ApiRequest) -> Self {
        let operation = Operation::of(call);
        let spelling = if operation.trades() { spelling(call) } else { Spelling::Plain };
        let (orders, understood) = match operation {
            Operation::Place => one(&call.body),
            Operation::PlaceMany => many(&call.body),
            Operation::PlaceGtt => gtt(&call.body),
            Operation::LiveOrder => only_at_fyers(call),
            _ => (vec![], true),
        };
        let legs: Vec<Leg> = orders.iter().filter_map(leg).collect();
        Self {
            operation,
            understood: understood && spelling == Spelling::Plain && legs.len() == orders.len(),
            spelling,
            legs,
            stops: orders.iter().filter_map(|fields| request::decimal(&fields.stop_price).ok()).collect(),
            has_extras: orders.iter().any(has_extras),
            symbols: if operation.trades() { symbols::named(&call.body) } else { None },
            cancels_waiting: operation == Operation::ExitPositions && cancels_waiting(&call.body),
            ids: order_ids::named(call, operation),
            positions: position_ids::named(&call.body, operation),
            changes: matches!(operation, Operation::Modify | Operation::ModifyMany)
                .then(|| change::read(&call.body))
                .flatten(),
            changed_gtt: (operation == Operation::ModifyGtt && spelling == Spelling::Plain)
                .then(|| change::read_gtt(&call.body))
                .flatten(),
        }
    }

    /// Of these positions, those that an exit may close, or a conversion take away.
    pub fn closes<'a>(&self, open: &'a [Position]) -> Vec<&'a Position> {
        let named =
            |id: &String| position_ids::is_plain(id) || open.iter().any(|one| position_ids::is_of(one, id));
        // An id that is not understood may be any position's.
        let ids = self.positions.as_ref().filter(|ids| ids.iter().all(named));
        let is_closed =
            |one: &&Position| ids.is_none_or(|ids| ids.iter().any(|id| position_ids::is_of(one, id)));
        open.iter().filter(is_closed).collect()
    }

    /// What it does to these positions, and to orders that wait, once it has been sent. An exit closes as well what orders open
    /// that are on their way, if they fill before it.
    pub fn effect(&self, open: &[Position], on_the_way: &[&Leg]) -> Option<OrderEffect> {
        let closing = || self.closes(open).into_iter().filter(|one| one.net != 0).map(Leg::closing);
        match self.operation {
            Operation::ExitPositions => {
                let opened = on_the_way.iter().filter_map(|leg| self.closes_order(leg, open));
                Some(OrderEffect::Closes(closing().chain(opened).collect()))
            }
            Operation::ConvertPosition => Some(OrderEffect::Converts(closing().collect())),
            _ => self.changes.clone().map(OrderEffect::Changes),
        }
    }

    /// Whether it closes a position that this order opens.
    pub(super) fn may_close(&self, leg: &Leg) -> bool {
        let ids = self.positions.as_ref();
        ids.is_none_or(|ids| ids.iter().any(|id| position_ids::is_of_symbol(&leg.symbol, id)))
    }

    /// What it may take from open positions once it has been sent. An exit of positions closes what is open then, a conversion
    /// takes it away, and a change of an order may make it larger: how large is not in the request.
    pub fn reserved(&self, effect: Option<&OrderEffect>) -> Reserved {
        let of_effect = effect.into_iter().flat_map(OrderEffect::legs);
        // When an exit arrives, more may be open than was known.
        let is_told =
            effect.is_some_and(|effect| effect.is_told() && !matches!(effect, OrderEffect::Closes(_)));
        Reserved {
            legs: self.legs.iter().cloned().chain(of_effect).collect(),
            is_opaque: self.is_opaque() && !is_told,
        }
    }

    /// Whether it may do more at FYERS than its orders tell: a change of an order may make it larger, and how large is not in
    /// the request. So may whatever trades and is not named here.
    pub fn is_opaque(&self) -> bool {
        use Operation::{Cancel, CancelGtt, CancelMany, LiveOrder, Place, PlaceGtt, PlaceMany};
        let is_told = match self.operation {
            Place | PlaceMany | PlaceGtt | LiveOrder => self.understood && !self.legs.is_empty(),
            // Less can be open by it, never more.
            Cancel | CancelMany | CancelGtt => self.understood,
            other => !other.trades(),
        };
        !is_told
    }

    /// The first order's symbol and signed quantity; empty and zero when there is none to be read.
    pub fn subject(&self) -> (String, i64) {
        self.legs.first().map_or((String::new(), 0), |leg| (leg.symbol.clone(), leg.quantity))
    }
}

/// What a query says beside a body may be read instead of the body, or beside it. No body is no second place.
fn spelling(call: &ApiRequest) -> Spelling {
    match Spelling::of(&call.body) {
        _ if call.body.trim_ascii().is_empty() => Spelling::Plain,
        Spelling::Plain if request::query_says_more(&call.query, &call.body) => Spelling::Queried,
        spelling => spelling,
    }
}

pub(super) fn reduces_any(leg: &Leg, open: &[Position]) -> bool {
    open.iter().any(|one| Leg::closing(one).key() == leg.key() && one.net.signum() == -leg.quantity.signum())
}

/// The order, if its symbol, side, quantity and prices can be read. What kind of order it is does not matter here.
fn leg(fields: &OrderFields) -> Option<Leg> {
    let quantity = fields.quantity().ok().filter(|quantity| *quantity > 0)?;
    request::decimal(&fields.stop_price).ok()?;
    Some(Leg {
        symbol: fields.symbol.clone(),
        product: fields.product.clone(),
        quantity: quantity.checked_mul(fields.side().ok()?.sign())?,
        price: limit(fields)?,
        tag: request::tag(&fields.order_tag).ok().flatten(),
    })
}

/// What bounds the price: the limit of an order that has one. Beside any other type, and one that cannot be read, a limit
/// bounds nothing.
fn limit(fields: &OrderFields) -> Option<Decimal> {
    let written = request::decimal(&fields.limit_price).ok()?;
    let bounds = matches!(fields.order_type(), Ok(OrderType::Limit | OrderType::StopLimit));
    Some(if bounds { written } else { Decimal::ZERO })
}

fn has_extras(fields: &OrderFields) -> bool {
    let set = |value: &Value| request::decimal(value) != Ok(Decimal::ZERO);
    let later = !matches!(fields.offline_order, Value::Null | Value::Bool(false));
    set(&fields.stop_loss) || set(&fields.take_profit) || later
}

fn one(body: &[u8]) -> (Vec<OrderFields>, bool) {
    // Without the check a list would be read as the fields in their order.
    let fields: Option<OrderFields> = is_object(body).then(|| serde_json::from_slice(body).ok()).flatten();
    let read = fields.is_some();
    (fields.into_iter().collect(), read)
}

fn is_object(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"{")
}

/// Orders by a path that only FYERS serves. The async twins have the bodies of the others. The legs of an order have one id for
/// all, so that no book shows what has become of it: they are told, and not understood. The rest is not known.
fn only_at_fyers(call: &ApiRequest) -> (Vec<OrderFields>, bool) {
    match (call.method, call.path.trim_end_matches('/')) {
        (Method::Post, "/orders/async") => one(&call.body),
        (Method::Post, "/multi-order/async") => many(&call.body),
        (Method::Post, MULTI_LEG) => {
            let fields = serde_json::from_slice(&call.body).map(MultiLegFields::orders);
            (fields.unwrap_or_default(), false)
        }
        _ => (vec![], false),
    }
}

fn many(body: &[u8]) -> (Vec<OrderFields>, bool) {
    let rows = serde_json::from_slice::<Vec<Value>>(body).unwrap_or_default();
    let objects = !rows.is_empty() && rows.iter().all(Value::is_object);
    if let Ok(all) = serde_json::from_slice::<Vec<OrderFields>>(body)
        && objects
    {
        return (all, true);
    }
    (rows.into_iter().filter_map(|row| serde_json::from_value(row).ok()).collect(), false)
}

/// Each leg of a GTT order as the order that it would become.
fn gtt(body: &[u8]) -> (Vec<OrderFields>, bool) {
    let Ok(GttFields { symbol, side, product, legs, tag }) = serde_json::from_slice(body) else {
        return (vec![], false);
    };
    let order = |leg: GttLegFields| OrderFields {
        symbol: symbol.clone(),
        qty: leg.qty,
        side: side.clone(),
        product: product.clone(),
        order_type: codes::order_type_number(OrderType::Limit).into(),
        limit_price: leg.price,
        order_tag: tag.clone(),
        ..OrderFields::default()
    };
    let legs: Option<Vec<GttLegFields>> = legs.into_values().collect();
    let orders: Vec<OrderFields> = legs.into_iter().flatten().map(order).collect();
    let any = !orders.is_empty();
    (orders, any)
}

/// A flag that comes twice, which two programs could read in two ways, counts as not set.
fn cancels_waiting(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Exit {
        #[serde(default)]
        pending_orders_cancel: Value,
    }
    let exit = serde_json::from_slice::<Exit>(body).map(|exit| exit.pending_orders_cancel);
    // FYERS documents the number 1; whether it understands `"1"` or `true` is not known.
    is_object(body) && exit.is_ok_and(|flag| flag.as_i64() == Some(1))
}

#[cfg(test)]
mod tests;
