//! Bots that order while keepers come and go, and how two keepers begin.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    hosts::{KEY, World},
    support::{block_on, wait_for},
};

pub(crate) fn two() -> Option<World> {
    World::new().map(started)
}

pub(crate) fn started(mut world: World) -> World {
    world.start(0);
    wait_for("keeper 0 serves", || (world.ready(0) == Some(200)).then_some(()));
    world.start(1);
    world.wait_stands_by(1);
    world
}

pub(crate) fn post_order(url: &str, order: &Value) -> Option<Value> {
    block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.post(url).header("Authorization", format!("bot:{KEY}")).json(order);
        request.send().await.ok()?.json().await.ok()
    })
}

/// An order of a bot, with its mark.
pub(crate) fn order_of(tag: &str) -> Value {
    json!({"symbol": "NSE:SBIN-EQ", "qty": 1, "type": 2, "side": 1, "productType": "CNC", "limitPrice": 0,
        "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false, "orderTag": tag})
}

impl World {
    /// A bot's order to this host: the venue of the answer, or nothing when there was no good one.
    pub(crate) fn order(&mut self, host: usize, why: &str) -> Option<String> {
        self.send(host, why, 1)
    }

    /// A bot sells what it has bought: the same.
    pub(crate) fn exit(&mut self, host: usize) -> Option<String> {
        self.send(host, "an exit", -1)
    }

    fn send(&mut self, host: usize, why: &str, side: i32) -> Option<String> {
        self.tags += 1;
        let tag = format!("bot{}", self.tags);
        let mut order = order_of(&tag);
        order["side"] = json!(side);
        let url = self.url(host, "/api/v3/orders/sync");
        let answer = block_on(async {
            let client =
                reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap();
            let request = client.post(url).header("Authorization", format!("bot:{KEY}")).json(&order);
            let answer = request.send().await.ok()?;
            let venue = answer.headers().get("x-keeper-order-venue")?.to_str().ok()?.to_owned();
            let body: Value = answer.json().await.ok()?;
            Some((venue, body))
        });
        let (venue, body) = answer?;
        println!("order {tag} ({why}) to {host}: {venue} {body}");
        let is_taken = venue == "fyers" && body["code"] == 1101;
        if is_taken {
            self.acknowledged.push(tag);
        }
        is_taken.then_some(venue)
    }
}
