//! Answers as FYERS documents them, and what each is asked for.

use fyers_api::{
    order_socket::DayBooks,
    response::{self, Unreadable},
};
use serde_json::{Value, json};

pub(crate) struct Answer {
    pub(crate) call: &'static str,
    pub(crate) body: Value,
    /// What the answer is asked for: bent, it may fail.
    pub(crate) required: &'static [&'static str],
    pub(crate) read: fn(u16, &[u8]) -> Result<(), Unreadable>,
}

fn profile() -> Value {
    json!({"s": "ok", "code": 200, "message": "", "data": {"name": "AXXX B", "image": null, "display_name": null,
        "email_id": "axxx@example.com", "PAN": "ABxxxxxx1Z", "fy_id": "XX00001",
        "pin_change_date": "01-02-2026 10:11:12", "mobile_number": "90xxxxxx09", "totp": true,
        "pwd_change_date": null, "pwd_to_expire": 90, "ddpi_enabled": false, "mtf_enabled": false}})
}

fn funds() -> Value {
    let row =
        |id: i64| json!({"id": id, "title": "Total Balance", "equityAmount": 1000.5, "commodityAmount": 0});
    json!({"s": "ok", "code": 200, "message": "", "fund_limit": (1..=10).map(row).collect::<Vec<_>>()})
}

fn positions() -> Value {
    let row = json!({"id": "NSE:SBIN-EQ-INTRADAY", "symbol": "NSE:SBIN-EQ", "productType": "INTRADAY",
        "fyToken": "10100000003045", "side": 1, "netQty": 5, "qty": 5, "buyQty": 5, "sellQty": 0, "buyAvg": 800.1,
        "sellAvg": 0, "netAvg": 800.1, "avgPrice": 800.1, "buyVal": 4000.5, "sellVal": 0, "realized_profit": 0,
        "unrealized_profit": 1.5, "pl": 1.5, "ltp": 800.4, "crossCurrency": "N", "rbiRefRate": 1, "qtyMulti_com": 1,
        "segment": 10, "exchange": 10, "slNo": 0, "cfBuyQty": 0, "cfSellQty": 0, "dayBuyQty": 5, "daySellQty": 0});
    let overall =
        json!({"count_total": 1, "count_open": 1, "pl_total": 1.5, "pl_realized": 0, "pl_unrealized": 1.5});
    json!({"s": "ok", "code": 200, "message": "", "netPositions": [row], "overall": overall})
}

fn orders() -> Value {
    let row = json!({"clientId": "XX00001", "id": "26112300000017", "id_fyers": "11111111-2222-4333-8444-555555555555",
        "exchOrdId": "1100000000000001", "qty": 5, "remainingQuantity": 5, "filledQty": 0, "discloseQty": 0,
        "limitPrice": 800.1, "stopPrice": 0, "tradedPrice": 0, "type": 1, "fyToken": "10100000003045",
        "exchange": 10, "segment": 10, "symbol": "NSE:SBIN-EQ", "instrument": 0, "message": "",
        "offlineOrder": false, "orderDateTime": "23-Nov-2026 09:20:31", "orderValidity": "DAY", "pan": "",
        "productType": "INTRADAY", "side": 1, "status": 6, "source": "API", "ex_sym": "SBIN",
        "description": "STATE BANK OF INDIA", "ch": 1.5, "chp": 0.19, "lp": 801.5, "slNo": 1, "dqQtyRem": 0,
        "orderNumStatus": "26112300000017:6", "disclosedQty": 0, "orderTag": "2:Untagged", "takeProfit": 0,
        "stopLoss": 0});
    json!({"s": "ok", "code": 200, "message": "", "orderBook": [row]})
}

fn quotes() -> Value {
    let v = json!({"ch": 1.5, "chp": 0.19, "lp": 801.5, "spread": 0.1, "ask": 801.6, "bid": 801.5, "open_price": 800,
        "high_price": 803, "low_price": 799, "prev_close_price": 800, "atp": 801.1, "volume": 12345,
        "short_name": "SBIN-EQ", "exchange": "NSE", "description": "NSE:SBIN-EQ", "original_name": "NSE:SBIN-EQ",
        "symbol": "NSE:SBIN-EQ", "fyToken": "10100000003045", "tt": "1795392000"});
    json!({"s": "ok", "code": 200, "message": "", "d": [{"n": "NSE:SBIN-EQ", "s": "ok", "v": v}]})
}

fn tokens() -> Value {
    json!({"s": "ok", "code": 200, "message": "", "access_token": "a.b.c", "refresh_token": "d.e.f"})
}

fn gtts() -> Value {
    let row = json!({"clientId": "XX00001", "exchange": 10, "fy_token": "10100000003045", "id_fyers": "1111-2222",
        "id": "26112300000021", "instrument": 0, "lot_size": 1, "multiplier": 0, "ord_status": 6, "precision": 2,
        "price_limit": 700.5, "price2_limit": 0, "price_trigger": 705, "price2_trigger": 0, "product_type": "CNC",
        "qty": 10, "qty2": 0, "report_type": "PLACED", "segment": 10, "symbol": "NSE:SBIN-EQ",
        "symbol_desc": "STATE BANK OF INDIA", "symbol_exch": "SBIN", "tick_size": 0.05, "tran_side": -1,
        "gtt_oco_ind": 1, "create_time": "23-Nov-2026 09:20:31", "create_time_epoch": 1, "oms_msg": "", "ltp_ch": 0,
        "ltp_chp": 0, "ltp": 801.5});
    json!({"s": "ok", "code": 200, "message": "", "orderBook": [row]})
}

fn trades() -> Value {
    let row = json!({"clientId": "XX00001", "exchange": 10, "fyToken": "10100000003045",
        "orderNumber": "26112300000017", "exchangeOrderNo": "1100000000000001", "tradeNumber": "700654",
        "tradePrice": 800.05, "tradedQty": 2, "tradeValue": 1600.1, "orderDateTime": "23-Nov-2026 09:20:32",
        "productType": "INTRADAY", "segment": 10, "side": 1, "symbol": "NSE:SBIN-EQ", "orderType": 1, "row": 1,
        "orderTag": "2:Untagged"});
    json!({"s": "ok", "code": 200, "message": "", "tradeBook": [row]})
}

/// The other two of the day's books, beside one that is bent.
fn other_books() -> (Vec<u8>, Vec<u8>) {
    (orders().to_string().into_bytes(), positions().to_string().into_bytes())
}

fn holdings() -> Value {
    let row = json!({"holdingType": "HLD", "quantity": 10, "costPrice": 700.5, "marketVal": 8015, "remainingQuantity": 10,
        "pl": 1010, "ltp": 801.5, "id": 0, "fyToken": "10100000003045", "exchange": 10, "symbol": "NSE:SBIN-EQ",
        "segment": 10, "isin": "INE062A01020", "qty_t1": 0, "remainingPledgeQuantity": 0, "collateralQuantity": 0});
    let overall = json!({"count_total": 1, "total_investment": 7005, "total_current_value": 8015, "total_pl": 1010,
        "pnl_perc": 14.4});
    json!({"s": "ok", "code": 200, "message": "", "holdings": [row], "overall": overall})
}

fn depth() -> Value {
    let level = |price: f64| json!({"price": price, "volume": 10, "ord": 1});
    let row = json!({"totalbuyqty": 10, "totalsellqty": 10, "bids": [level(801.5)], "ask": [level(801.6)], "o": 800,
        "h": 803, "l": 799, "c": 800, "chp": 0.19, "ch": 1.5, "tick_Size": 0.05, "ltq": 1, "ltt": 1795392000, "ltp": 801.5,
        "v": 12345, "atp": 801.1, "lower_ckt": 720, "upper_ckt": 880, "expiry": "", "oi": 0, "oiflag": false, "pdoi": 0,
        "oipercent": 0});
    json!({"s": "ok", "message": "", "d": {"NSE:SBIN-EQ": row}})
}

/// The answers that hold the account's books and prices.
fn books() -> Vec<Answer> {
    vec![
        Answer {
            call: "holdings",
            body: holdings(),
            required: &[
                ".s",
                ".holdings",
                ".holdings[0]",
                ".holdings[0].symbol",
                ".holdings[0].quantity",
                ".holdings[0].costPrice",
            ],
            read: |status, body| {
                let read = response::holdings(status, body)?;
                let known = read.value.first().is_some_and(|held| held.quantity == 10);
                // A row that is not understood is reported.
                assert_eq!(known, read.drift.is_empty());
                if known { Ok(()) } else { Err(Unreadable::Field("holdings")) }
            },
        },
        Answer {
            call: "gtt/orders",
            body: gtts(),
            required: &[".s", ".orderBook", ".orderBook[0]", ".orderBook[0].id", ".orderBook[0].symbol"],
            read: |status, body| {
                let read = response::gtts(status, body)?;
                let known = read.value.first().is_some_and(|row| row.ids[0] == "26112300000021");
                if known { Ok(()) } else { Err(Unreadable::Field("orderBook")) }
            },
        },
        Answer {
            call: "tradebook",
            body: trades(),
            required: &[".s", ".tradeBook", ".tradeBook[0]", ".tradeBook[0].orderNumber"],
            read: |status, body| {
                let (orders, positions) = other_books();
                let books = DayBooks::read((200, &orders), (status, body), (200, &positions))?;
                let trade = books.value.trades.first().and_then(|trade| trade.order_id.as_deref());
                trade.filter(|id| *id == "26112300000017").map(drop).ok_or(Unreadable::Field("tradeBook"))
            },
        },
        Answer {
            call: "history",
            body: json!({"s": "ok", "code": 200, "message": "", "candles": [[1_795_392_000, 800, 803, 799.5, 801, 12_345]]}),
            required: &[
                ".candles",
                ".candles[0]",
                ".candles[0][0]",
                ".candles[0][1]",
                ".candles[0][2]",
                ".candles[0][3]",
                ".candles[0][4]",
                ".candles[0][5]",
            ],
            read: |_, body| {
                let read = response::candles(&serde_json::from_slice(body).unwrap());
                if read.value == 1 { Ok(()) } else { Err(Unreadable::Field("candles")) }
            },
        },
        Answer {
            call: "depth",
            body: depth(),
            required: &[".d", ".d.NSE:SBIN-EQ", ".d.NSE:SBIN-EQ.ltp"],
            read: |_, body| {
                let prices = response::depth_prices(&serde_json::from_slice(body).unwrap()).value;
                let last = prices.first().map(|seen| seen.last.to_string());
                last.filter(|last| last == "801.5").map(drop).ok_or(Unreadable::Field("d"))
            },
        },
    ]
}

/// Every answer that is read.
pub(crate) fn answers() -> Vec<Answer> {
    let mut all = vec![
        Answer {
            call: "profile",
            body: profile(),
            required: &[".s", ".data", ".data.fy_id"],
            read: |status, body| {
                let read = response::profile(status, body)?;
                assert_eq!(read.value.fy_id, "XX00001");
                Ok(())
            },
        },
        Answer {
            call: "funds",
            body: funds(),
            required: &[".s"],
            read: |status, body| response::funds(status, body).map(drop),
        },
        Answer {
            call: "positions",
            body: positions(),
            required: &[
                ".s",
                ".netPositions",
                ".netPositions[0]",
                ".netPositions[0].symbol",
                ".netPositions[0].netQty",
            ],
            read: |status, body| {
                let book = response::positions(status, body)?;
                let known = book.rows.first().is_some_and(|row| row.net == 5 && row.symbol == "NSE:SBIN-EQ");
                // A row that is not understood is still there.
                if known { Ok(()) } else { Err(Unreadable::Field("netPositions")) }
            },
        },
        Answer {
            call: "orders",
            body: orders(),
            required: &[
                ".s",
                ".orderBook",
                ".orderBook[0]",
                ".orderBook[0].id",
                ".orderBook[0].symbol",
                ".orderBook[0].qty",
                ".orderBook[0].side",
                ".orderBook[0].type",
                ".orderBook[0].status",
                ".orderBook[0].productType",
                ".orderBook[0].orderDateTime",
            ],
            read: |status, body| {
                let book = response::orders(status, body)?;
                let known = book
                    .rows
                    .first()
                    .is_some_and(|row| row.id == "26112300000017" && row.request.quantity == 5);
                if known { Ok(()) } else { Err(Unreadable::Field("orderBook")) }
            },
        },
        Answer {
            call: "quotes",
            body: quotes(),
            required: &[".d", ".d[0]", ".d[0].n", ".d[0].s", ".d[0].v", ".d[0].v.lp"],
            read: |_, body| {
                let prices = response::prices(&serde_json::from_slice(body).unwrap()).value;
                let last = prices.first().map(|seen| seen.last.to_string());
                last.filter(|last| last == "801.5").map(drop).ok_or(Unreadable::Field("d"))
            },
        },
        Answer {
            call: "symbol-token",
            body: json!({"s": "ok", "code": 200, "message": "", "validSymbol": {"NSE:SBIN-EQ": "10100000003045"},
                "invalidSymbol": ["NSE:X-EQ"]}),
            required: &[".s", ".validSymbol", ".validSymbol.NSE:SBIN-EQ"],
            read: |status, body| {
                let read = response::symbol_tokens(status, body)?;
                let token = read.value.get("NSE:SBIN-EQ");
                let is_known = token.is_some_and(|token| token == "10100000003045");
                if is_known { Ok(()) } else { Err(Unreadable::Field("validSymbol")) }
            },
        },
        Answer {
            call: "validate-authcode",
            body: tokens(),
            required: &[".s", ".access_token"],
            read: |status, body| response::tokens(status, body).map(drop),
        },
        Answer {
            call: "validate-refresh-token",
            body: json!({"s": "ok", "code": 200, "message": "", "access_token": "a.b.c"}),
            required: &[".s", ".access_token"],
            read: |status, body| response::tokens(status, body).map(drop),
        },
    ];
    all.extend(books());
    all
}
