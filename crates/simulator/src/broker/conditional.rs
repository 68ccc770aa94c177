//! Price alerts and smart orders (section 3.24), kept as the caller sent them.

use std::collections::BTreeMap;

use serde_json::Value;

/// Price alerts and smart orders of one account, by id.
#[derive(Debug, Default)]
pub(crate) struct ConditionalOrders {
    pub(crate) alerts: BTreeMap<String, Value>,
    pub(crate) smart: BTreeMap<String, Value>,
}
