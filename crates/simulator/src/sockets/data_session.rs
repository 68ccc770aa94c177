//! The state of one data socket.

use std::collections::{BTreeMap, BTreeSet};

use crate::hsm::{Feed, Record, Topic, TopicKind};

/// One subscribed topic.
#[derive(Debug)]
pub(crate) struct Subscription {
    id: u16,
    channel: u8,
    kind: TopicKind,
    pub(crate) symbol: String,
    sent: Vec<i32>,
}

/// Subscriptions and modes of one connection.
#[derive(Debug, Default)]
pub(crate) struct DataSession {
    pub(crate) subscriptions: BTreeMap<String, Subscription>,
    pub(crate) lite_channels: u64,
    pub(crate) paused_channels: u64,
    pub(crate) feed: Feed,
    last_id: u16,
}

impl DataSession {
    /// Subscribes to a topic and returns its snapshot; a repeated subscription keeps its id.
    pub(crate) fn subscribe(&mut self, topic: &Topic, channel: u8, symbol: &str, values: Vec<i32>) -> Record {
        let name = topic.to_string();
        let known = self.subscriptions.get(&name).map(|known| known.id);
        let id = known.unwrap_or_else(|| self.next_id());
        let exchange = symbol.split(':').next().unwrap_or_default();
        let record = Record::snapshot(id, &name, &values, [exchange, &topic.token, symbol]);
        let (kind, symbol) = (topic.kind, symbol.to_owned());
        self.subscriptions.insert(name, Subscription { id, channel, kind, symbol, sent: values });
        record
    }

    fn next_id(&mut self) -> u16 {
        self.last_id = self.last_id.wrapping_add(1);
        self.last_id
    }

    /// Records for the subscriptions of these symbols whose values changed.
    pub(crate) fn updates(
        &mut self,
        symbols: &BTreeSet<&str>,
        values: impl Fn(&str, TopicKind) -> Option<Vec<i32>>,
    ) -> Vec<Record> {
        let (lite, paused) = (self.lite_channels, self.paused_channels);
        let wanted = self
            .subscriptions
            .values_mut()
            .filter(|one| symbols.contains(one.symbol.as_str()) && !has_channel(paused, one.channel));
        wanted
            .filter_map(|one| {
                let new = values(&one.symbol, one.kind)?;
                one.update(new, has_channel(lite, one.channel))
            })
            .collect()
    }
}

impl Subscription {
    fn update(&mut self, values: Vec<i32>, lite: bool) -> Option<Record> {
        let before = std::mem::replace(&mut self.sent, values);
        if lite && self.kind != TopicKind::Depth {
            return (before.first() != self.sent.first())
                .then(|| Record::lite(self.id, self.sent.first().copied().unwrap_or_default()));
        }
        (before != self.sent).then(|| Record::update(self.id, &before, &self.sent))
    }
}

/// Whether a channel is in a bitmap.
fn has_channel(bitmap: u64, channel: u8) -> bool {
    1_u64.checked_shl(u32::from(channel)).is_some_and(|bit| bitmap & bit != 0)
}
