//! Request bodies of the FYERS API as the contract spells them, and the rows of its books.

use serde::{Deserialize, Serialize};

/// Body of `validate-authcode` (section 1.3). Absent fields are judged by the handler; unknown ones are refused.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuthCodeBody {
    pub(crate) grant_type: Option<String>,
    #[serde(rename = "appIdHash")]
    pub(crate) app_id_hash: Option<String>,
    pub(crate) code: Option<String>,
}

/// Body of `validate-refresh-token` (section 1.4).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshBody {
    pub(crate) grant_type: Option<String>,
    #[serde(rename = "appIdHash")]
    pub(crate) app_id_hash: Option<String>,
    pub(crate) refresh_token: Option<String>,
    pub(crate) pin: Option<String>,
}

/// Body of `POST /orders/sync` (section 3.7); the fields without a default are required.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlaceOrder {
    pub(crate) symbol: String,
    pub(crate) qty: i64,
    #[serde(rename = "type")]
    pub(crate) kind: i64,
    pub(crate) side: i64,
    pub(crate) product_type: String,
    pub(crate) limit_price: f64,
    pub(crate) stop_price: f64,
    pub(crate) disclosed_qty: i64,
    pub(crate) validity: String,
    pub(crate) offline_order: bool,
    #[serde(default)]
    pub(crate) stop_loss: f64,
    #[serde(default)]
    pub(crate) take_profit: f64,
    #[serde(default)]
    pub(crate) order_tag: Option<String>,
}

/// Body of `PATCH /orders/sync` (section 3.8); an absent field keeps its value.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModifyOrder {
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: i64,
    pub(crate) limit_price: Option<f64>,
    pub(crate) stop_price: Option<f64>,
    pub(crate) qty: Option<i64>,
}

/// Body of `DELETE /orders/sync` (section 3.9).
#[derive(Debug, Deserialize)]
pub(crate) struct CancelOrder {
    pub(crate) id: String,
}

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

/// One leg of a GTT order (section 3.16).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GttLeg {
    pub(crate) price: f64,
    pub(crate) trigger_price: f64,
    pub(crate) qty: i64,
}

/// The legs of a new GTT order.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct GttInfo {
    pub(crate) leg1: GttLeg,
    pub(crate) leg2: Option<GttLeg>,
}

/// Body of `POST /gtt/orders/sync`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GttOrder {
    pub(crate) side: i64,
    pub(crate) symbol: String,
    pub(crate) product_type: String,
    pub(crate) order_info: GttInfo,
    pub(crate) order_tag: Option<String>,
}

/// The legs that a change names.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct GttInfoChange {
    pub(crate) leg1: Option<GttLeg>,
    pub(crate) leg2: Option<GttLeg>,
}

/// Body of `PATCH /gtt/orders/sync`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GttChange {
    pub(crate) id: String,
    pub(crate) order_info: GttInfoChange,
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

/// One leg of a multi-leg order (section 3.11).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MultiLeg {
    pub(crate) symbol: String,
    pub(crate) qty: i64,
    pub(crate) side: i64,
    #[serde(rename = "type")]
    pub(crate) kind: i64,
    pub(crate) limit_price: f64,
}

/// Body of `POST /multileg/orders/sync`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MultiLegOrder {
    pub(crate) product_type: String,
    pub(crate) offline_order: bool,
    pub(crate) order_type: String,
    pub(crate) validity: String,
    pub(crate) legs: std::collections::BTreeMap<String, MultiLeg>,
    #[serde(default)]
    pub(crate) order_tag: Option<String>,
}
