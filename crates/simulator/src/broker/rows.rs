//! Rows of the order, trade and GTT books, with the field names of the FYERS API.

use serde::Serialize;

/// A row of the order book (section 3.5).
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderRow {
    pub(crate) client_id: String,
    pub(crate) id: String,
    #[serde(rename = "id_fyers")]
    pub(crate) id_fyers: String,
    pub(crate) exch_ord_id: String,
    pub(crate) qty: i64,
    pub(crate) remaining_quantity: i64,
    pub(crate) filled_qty: i64,
    pub(crate) disclose_qty: i64,
    pub(crate) limit_price: f64,
    pub(crate) stop_price: f64,
    pub(crate) traded_price: f64,
    #[serde(rename = "type")]
    pub(crate) kind: i64,
    pub(crate) fy_token: String,
    pub(crate) exchange: i64,
    pub(crate) segment: i64,
    pub(crate) symbol: String,
    pub(crate) instrument: i64,
    pub(crate) message: String,
    pub(crate) offline_order: bool,
    pub(crate) order_date_time: String,
    pub(crate) order_validity: String,
    pub(crate) pan: String,
    pub(crate) product_type: String,
    pub(crate) side: i64,
    pub(crate) status: i64,
    pub(crate) source: String,
    #[serde(rename = "ex_sym")]
    pub(crate) ex_sym: String,
    pub(crate) description: String,
    pub(crate) ch: f64,
    pub(crate) chp: f64,
    pub(crate) lp: f64,
    pub(crate) sl_no: i64,
    pub(crate) dq_qty_rem: i64,
    pub(crate) order_num_status: String,
    pub(crate) disclosed_qty: i64,
    pub(crate) order_tag: String,
    pub(crate) take_profit: f64,
    pub(crate) stop_loss: f64,
}

/// A row of the trade book (section 3.6).
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TradeRow {
    pub(crate) client_id: String,
    pub(crate) order_date_time: String,
    pub(crate) order_number: String,
    pub(crate) exchange_order_no: String,
    pub(crate) trade_number: String,
    pub(crate) row: i64,
    pub(crate) exchange: i64,
    pub(crate) segment: i64,
    pub(crate) side: i64,
    pub(crate) order_type: i64,
    pub(crate) fy_token: String,
    pub(crate) product_type: String,
    pub(crate) traded_qty: i64,
    pub(crate) trade_price: f64,
    pub(crate) trade_value: f64,
    pub(crate) symbol: String,
    pub(crate) order_tag: String,
}

/// A row of the GTT order book, in snake case but for one key.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct GttRow {
    #[serde(rename = "clientId")]
    pub(crate) client_id: String,
    pub(crate) exchange: i64,
    pub(crate) fy_token: String,
    pub(crate) id_fyers: String,
    pub(crate) id: String,
    pub(crate) instrument: i64,
    pub(crate) lot_size: i64,
    pub(crate) multiplier: i64,
    pub(crate) ord_status: i64,
    pub(crate) precision: i64,
    pub(crate) price_limit: f64,
    pub(crate) price2_limit: f64,
    pub(crate) price_trigger: f64,
    pub(crate) price2_trigger: f64,
    pub(crate) product_type: String,
    pub(crate) qty: i64,
    pub(crate) qty2: i64,
    pub(crate) report_type: String,
    pub(crate) segment: i64,
    pub(crate) symbol: String,
    pub(crate) symbol_desc: String,
    pub(crate) symbol_exch: String,
    pub(crate) tick_size: f64,
    pub(crate) tran_side: i64,
    pub(crate) gtt_oco_ind: i64,
    pub(crate) create_time: String,
    pub(crate) create_time_epoch: i64,
    pub(crate) oms_msg: String,
    pub(crate) ltp: f64,
    pub(crate) ltp_ch: f64,
    pub(crate) ltp_chp: f64,
}
