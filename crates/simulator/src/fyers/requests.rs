//! Request bodies of the FYERS API as the contract spells them.

use serde::Deserialize;

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
