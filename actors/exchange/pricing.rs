//! Prices and the account at FYERS, for the MockExchange.

use std::{collections::BTreeMap, sync::Arc};

use actix::{ActorFutureExt, AsyncContext, Context, Handler};
use chrono::{DateTime, Utc};
use fyers_api::{
    http::{ApiRequest, ApiResponse, Method, Surface},
    model::{HeldShare, SeenPrice},
    response::{self as reading, Parsed},
};
use keeper_domain::{
    feeds::quote::ObservedPrice,
    mode::Mode,
    notes::CANDLES,
    ports::{BrokerProxy, Change, ProxyError},
    secret::AccessToken,
};
use mock_exchange::{PriceOrigin, PriceUpdate, Record, SeededHolding, exchange::Prices};
use rust_decimal::Decimal;

use crate::exchange::{actor::ExchangeActor, market::Fill, messages::SocketPrices};

/// Symbols in one quotes call (docs/fyers-api.md, "Quotes").
const QUOTES: usize = 50;
/// Symbols whose depth is read at once: each is a call of its own, and bots have the same limits.
const DEPTHS: usize = 10;
/// A longer answer is a book of thousands of orders: to look through it once more would cost the actor's time.
pub(super) const LARGEST: usize = 512 * 1024;
/// How long a turn of them lasts, in seconds: as long as the pause between two looks at the market.
const SECONDS_A_TURN: usize = 5;

/// Whose share of FYERS' limits a call takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    /// A bot's order is priced, or what bots' orders wait for is looked at.
    Bots,
    /// The square-off is due: it happens once, whatever bots do meanwhile.
    Own,
}

fn data_call(path: &str, query: String) -> ApiRequest {
    ApiRequest {
        surface: Surface::Data,
        method: Method::Get,
        path: path.to_owned(),
        query,
        content_type: None,
        body: vec![],
    }
}

fn escaped(symbol: &str) -> String {
    symbol.replace('%', "%25").replace('&', "%26").replace(' ', "%20")
}

fn quotes_call(symbols: &[String]) -> ApiRequest {
    let list: Vec<String> = symbols.iter().map(|symbol| escaped(symbol)).collect();
    data_call("/quotes", format!("symbols={}", list.join(",")))
}

fn depth_call(symbol: &str) -> ApiRequest {
    data_call("/depth", format!("symbol={}&ohlcv_flag=1", escaped(symbol)))
}

pub(super) type ReadPrices = fn(&serde_json::Value) -> Parsed<Vec<SeenPrice>>;

/// Calls that tell prices, how their answers are read, and the name of the call.
type PriceCalls = (Vec<ApiRequest>, ReadPrices, &'static str);

/// The calls that tell prices of these symbols. Where there are more than can be read by
/// depth at once, their turn comes with the time.
fn calls(fill: Fill, symbols: &[String], now: DateTime<Utc>) -> PriceCalls {
    let turn = usize::try_from(now.timestamp()).unwrap_or_default() / SECONDS_A_TURN * DEPTHS;
    let first = if symbols.len() > DEPTHS { turn % symbols.len() } else { 0 };
    let by_turn = symbols.iter().cycle().skip(first).take(symbols.len().min(DEPTHS));
    match fill {
        Fill::Touch => (symbols.chunks(QUOTES).map(quotes_call).collect(), reading::prices, "quotes"),
        Fill::Depth => (by_turn.map(|symbol| depth_call(symbol)).collect(), reading::depth_prices, "depth"),
    }
}

/// Where fills are by depth, a price without one fills nothing; elsewhere the best price fills any quantity.
fn price(fill: Fill, seen: SeenPrice, at: DateTime<Utc>) -> PriceUpdate {
    let price = PriceUpdate::seen(seen, at);
    let shown = |quantity: Option<i64>| match fill {
        Fill::Touch => None,
        Fill::Depth => Some(quantity.unwrap_or(0)),
    };
    let (bid_quantity, ask_quantity) = (shown(price.bid_quantity), shown(price.ask_quantity));
    PriceUpdate { bid_quantity, ask_quantity, ..price }
}

/// Money and shares of the account at FYERS, as far as they could be understood.
pub(super) struct BrokerAccount {
    cash: Option<Decimal>,
    holdings: Vec<SeededHolding>,
    /// What the shares cost at the exchange now.
    last: BTreeMap<String, Decimal>,
    /// What could not be understood.
    odd: Vec<String>,
}

/// Reads it; `None` when FYERS does not answer now.
async fn broker_account(proxy: Arc<dyn BrokerProxy>, token: Arc<AccessToken>) -> Option<BrokerAccount> {
    let call = |path: &str| ApiRequest { surface: Surface::Api, ..data_call(path, String::new()) };
    let answered =
        |answer: Result<ApiResponse, ProxyError>| answer.ok().filter(|answer| answer.status == 200);
    let funds = answered(proxy.send_own(&token, &call("/funds")).await)?;
    let holdings = answered(proxy.send_own(&token, &call("/holdings")).await)?;
    let mut odd = vec![];
    let cash = match reading::funds(funds.status, &funds.body) {
        Ok(read) => read.value.total.or(read.value.available),
        Err(_) => None,
    };
    if cash.is_none() {
        odd.push("funds".to_owned());
    }
    let held = match reading::holdings(holdings.status, &holdings.body) {
        Ok(read) => {
            odd.extend(read.drift);
            read.value
        }
        Err(_) => {
            odd.push("holdings".to_owned());
            vec![]
        }
    };
    let last = reading::last_prices(&reading::json(&holdings)).value.into_iter().collect();
    let seeded = |held: HeldShare| SeededHolding {
        symbol: held.symbol,
        quantity: held.quantity,
        cost_price: held.cost_price,
    };
    Some(BrokerAccount { cash, holdings: held.into_iter().map(seeded).collect(), last, odd })
}

impl ExchangeActor {
    /// What prices do for a request in this mode.
    pub(super) fn prices(&self, mode: Mode) -> Prices {
        if mode == Mode::Mock || self.deps.proxy.is_none() {
            self.deps.market.without_token
        } else {
            Prices::Live
        }
    }

    /// Real prices, when FYERS can be asked and there is something to ask.
    pub(super) fn ask_prices(
        &self,
        symbols: &[String],
        share: Share,
    ) -> Option<impl Future<Output = Vec<SeenPrice>> + use<>> {
        self.ask(calls(self.deps.market.fill, symbols, self.deps.time.now()), share)
    }

    /// Last prices of all these symbols, whatever orders are filled by.
    pub(super) fn ask_quotes(
        &self,
        symbols: &[String],
        share: Share,
    ) -> Option<impl Future<Output = Vec<SeenPrice>> + use<>> {
        self.ask(calls(Fill::Touch, symbols, self.deps.time.now()), share)
    }

    fn ask(
        &self,
        (calls, read, name): PriceCalls,
        share: Share,
    ) -> Option<impl Future<Output = Vec<SeenPrice>> + use<>> {
        let (proxy, token) = (self.deps.proxy.clone()?, self.volatile.session.usable.clone()?);
        let drift = self.volatile.drift.clone();
        (!calls.is_empty()).then_some(async move {
            let mut all = vec![];
            for call in calls {
                let answer = match share {
                    Share::Bots => proxy.send(&token, &call).await,
                    Share::Own => proxy.send_own(&token, &call).await,
                };
                if let Ok(answer) = answer {
                    all.extend(drift.warned(name, read(&reading::json(&answer))));
                }
            }
            all
        })
    }

    /// Real prices, and what they fill.
    pub(super) fn learn_prices(&mut self, prices: Vec<SeenPrice>) -> Vec<Record> {
        let (now, fill) = (self.deps.time.now(), self.deps.market.fill);
        let prices = prices.into_iter().map(|seen| price(fill, seen, now)).collect();
        self.volatile.book.observe_quotes(prices)
    }

    /// Last prices beside positions and orders: a symbol that was traded, and never quoted, has one without a token too.
    pub(super) fn note_prices(&mut self, answers: &[(&'static str, &ApiResponse)], ctx: &mut Context<Self>) {
        let good = answers.iter().filter(|(_, answer)| answer.status == 200 && answer.body.len() <= LARGEST);
        let drift = &self.volatile.drift;
        let read = |(call, answer): &(&'static str, &ApiResponse)| {
            drift.warned(call, reading::last_prices(&reading::json(answer)))
        };
        let told: BTreeMap<String, Decimal> = good.flat_map(read).collect();
        if !told.is_empty() {
            let records = self.volatile.book.note_last(told, self.deps.time.now());
            self.keep_all(records, ctx);
        }
    }

    /// Real prices of the data socket, and what they fill. One that is older than what is known came by a longer way.
    fn learn_socket_prices(&mut self, prices: Vec<ObservedPrice>) -> Vec<Record> {
        let fill = self.deps.market.fill;
        let market = self.volatile.book.engine().market();
        let is_new = |one: &ObservedPrice| {
            let known = market.top(&one.seen.symbol).filter(|top| top.origin == PriceOrigin::Live);
            known.is_none_or(|top| top.at <= one.at)
        };
        let prices = prices.into_iter().filter(is_new).map(|one| price(fill, one.seen, one.at)).collect();
        self.volatile.book.observe_quotes(prices)
    }

    /// Candles that FYERS told, for the time when it cannot be asked.
    pub(super) fn learn_candles(&mut self, query: &str, answer: &ApiResponse, ctx: &mut Context<Self>) {
        let (now, told) = (self.deps.time.now(), reading::json(answer));
        self.volatile.drift.warned("history", reading::candles(&told));
        let Some(place) = self.volatile.book.learn_candles(query, &told, now) else { return };
        let series = self.volatile.book.kept_candles().series(place);
        let note = CANDLES.get(place).zip(series).and_then(|(note, series)| note.set(series).ok());
        if let Some(note) = note {
            // When it cannot be written, it is learnt again with the next answer or lost with the next start.
            let commit = self.commit(Change { notes: vec![note], ..Change::default() });
            ctx.wait(commit.map(|_, _, _| ()));
        }
    }

    /// The account at FYERS, when the one in Sandbox is to begin as its copy and has not yet.
    pub(super) fn ask_account(
        &self,
        mode: Mode,
    ) -> Option<impl Future<Output = Option<BrokerAccount>> + use<>> {
        let wanted = mode == Mode::Sandbox
            && self.deps.market.copies_account
            && self.volatile.book.engine().ledger().is_untouched();
        let (proxy, token) = (self.deps.proxy.clone()?, self.volatile.session.usable.clone()?);
        wanted.then(|| broker_account(proxy, token))
    }

    /// The account begins with it.
    pub(super) fn copy_account(&mut self, account: BrokerAccount) -> Vec<Record> {
        let BrokerAccount { cash, holdings, last, odd } = account;
        if !odd.is_empty() {
            let fields = odd.join(", ");
            tracing::warn!(
                event = "mock.account.odd",
                actor = "exchange",
                fields,
                "a part of the account at FYERS cannot be read: the simulated account begins without it"
            );
        }
        let now = self.deps.time.now();
        let mut records = self.volatile.book.note_last(last, now);
        records.extend(self.volatile.book.seed(cash, holdings, now));
        self.volatile.began = Some(self.worth().value);
        records
    }
}

impl Handler<SocketPrices> for ExchangeActor {
    type Result = ();

    /// The prices themselves are kept with the next look at the market.
    fn handle(&mut self, SocketPrices(prices): SocketPrices, ctx: &mut Self::Context) {
        let records = self.learn_socket_prices(prices);
        if !records.is_empty() {
            self.keep_all(records, ctx);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_symbol_has_its_turn_by_depth() {
        let symbols: Vec<String> = (0..25).map(|number| format!("NSE:S{number}-EQ")).collect();
        let at = |seconds: i64| DateTime::<Utc>::from_timestamp(1_795_000_000 + seconds, 0).unwrap();
        let asked = |seconds: i64| calls(Fill::Depth, &symbols, at(seconds)).0;
        let all: BTreeSet<String> =
            [0, 5, 10, 15, 20].into_iter().flat_map(asked).map(|call| call.query).collect();
        assert_eq!((all.len(), asked(0).len()), (25, DEPTHS));
        assert_eq!(calls(Fill::Depth, &symbols[..3], at(7)).0.len(), 3, "few are all read each time");
        assert_eq!(calls(Fill::Touch, &symbols, at(0)).0.len(), 1);
    }
}
