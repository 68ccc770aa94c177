//! Prices on the data socket: snapshots, and updates of them.

use crate::hsm::{
    BadFrame,
    bytes::{Cursor, push_text, with_length},
};

const FEED: u8 = 6;
const SNAPSHOT: u8 = b'S';
const UPDATE: u8 = b'U';
const LAST_PRICE: u8 = b'L';

/// The values of a scrip (`sf`), in order. Prices are raw: see [`price`](crate::hsm::price()).
pub const SCRIP_FIELDS: [&str; 21] = [
    "ltp",
    "vol_traded_today",
    "last_traded_time",
    "exch_feed_time",
    "bid_size",
    "ask_size",
    "bid_price",
    "ask_price",
    "last_traded_qty",
    "tot_buy_qty",
    "tot_sell_qty",
    "avg_trade_price",
    "OI",
    "low_price",
    "high_price",
    "Yhigh",
    "Ylow",
    "lower_ckt",
    "upper_ckt",
    "open_price",
    "prev_close_price",
];

/// The values of an index (`if`), in order.
pub const INDEX_FIELDS: [&str; 6] =
    ["ltp", "prev_close_price", "exch_feed_time", "high_price", "low_price", "open_price"];

/// How many values a depth (`dp`) has: five bid prices, ask prices, bid sizes, ask sizes, bid orders, ask orders.
pub const DEPTH_FIELDS: usize = 30;

/// A feed message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Feed {
    /// Counts up; what an acknowledgement names.
    pub number: u32,
    /// At most 65,535.
    pub records: Vec<FeedRecord>,
}

/// One change. `topic` is the number that the snapshot gave to a topic: an opaque key that is good for this
/// connection only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedRecord {
    /// Everything about a topic.
    Snapshot(Box<FeedSnapshot>),
    /// New values from the first on; [`ABSENT`](crate::hsm::ABSENT) ones stay as they were.
    Update {
        /// Whose.
        topic: u16,
        /// At most 255.
        values: Vec<i32>,
    },
    /// A new last price, in lite mode.
    LastPrice {
        /// Whose.
        topic: u16,
        /// Raw.
        value: i32,
    },
}

/// Everything about a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedSnapshot {
    /// What updates will call it.
    pub topic: u16,
    /// As it was subscribed, as `sf|nse_cm|3045`; 255 bytes at most, like all texts here.
    pub name: String,
    /// In the order of [`SCRIP_FIELDS`], [`INDEX_FIELDS`] or the depth; 255 at most.
    pub values: Vec<i32>,
    /// Prices are raw numbers divided by this and by ten to the power of `precision`.
    pub multiplier: u16,
    /// See `multiplier`.
    pub precision: u8,
    /// As `nse_cm`.
    pub exchange: String,
    /// The exchange's token, as `3045`.
    pub token: String,
    /// As `SBIN-EQ`.
    pub symbol: String,
}

/// What is behind the type byte.
pub(super) fn decode(cursor: &mut Cursor<'_>) -> Result<Feed, BadFrame> {
    let (number, count) = (cursor.u32()?, cursor.u16()?);
    let records = (0..count).map(|_| record(cursor)).collect::<Result<_, _>>()?;
    Ok(Feed { number, records })
}

fn record(cursor: &mut Cursor<'_>) -> Result<FeedRecord, BadFrame> {
    let (kind, topic) = (cursor.u8()?, cursor.u16()?);
    match kind {
        SNAPSHOT => snapshot(cursor, topic).map(|all| FeedRecord::Snapshot(Box::new(all))),
        UPDATE => Ok(FeedRecord::Update { topic, values: values(cursor)? }),
        LAST_PRICE => Ok(FeedRecord::LastPrice { topic, value: cursor.i32()? }),
        _ => Err(BadFrame::Field("record")),
    }
}

fn snapshot(cursor: &mut Cursor<'_>, topic: u16) -> Result<FeedSnapshot, BadFrame> {
    let (name, values) = (cursor.text()?, values(cursor)?);
    let _not_used_by_any_sdk = cursor.u16()?;
    Ok(FeedSnapshot {
        topic,
        name,
        values,
        multiplier: cursor.u16()?,
        precision: cursor.u8()?,
        exchange: cursor.text()?,
        token: cursor.text()?,
        symbol: cursor.text()?,
    })
}

fn values(cursor: &mut Cursor<'_>) -> Result<Vec<i32>, BadFrame> {
    let count = cursor.u8()?;
    (0..count).map(|_| cursor.i32()).collect()
}

pub(super) fn encode(feed: &Feed) -> Vec<u8> {
    let count = u16::try_from(feed.records.len()).unwrap_or(u16::MAX);
    let mut out = vec![0, 0, FEED];
    out.extend_from_slice(&feed.number.to_be_bytes());
    out.extend_from_slice(&count.to_be_bytes());
    feed.records.iter().take(usize::from(count)).for_each(|record| push_record(&mut out, record));
    with_length(out)
}

fn push_record(out: &mut Vec<u8>, record: &FeedRecord) {
    let mut begin = |kind: u8, topic: &u16| {
        out.push(kind);
        out.extend_from_slice(&topic.to_be_bytes());
    };
    match record {
        FeedRecord::Snapshot(all) => {
            begin(SNAPSHOT, &all.topic);
            push_snapshot(out, all);
        }
        FeedRecord::Update { topic, values } => {
            begin(UPDATE, topic);
            push_values(out, values);
        }
        FeedRecord::LastPrice { topic, value } => {
            begin(LAST_PRICE, topic);
            out.extend_from_slice(&value.to_be_bytes());
        }
    }
}

fn push_snapshot(out: &mut Vec<u8>, all: &FeedSnapshot) {
    push_text(out, &all.name);
    push_values(out, &all.values);
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&all.multiplier.to_be_bytes());
    out.push(all.precision);
    [&all.exchange, &all.token, &all.symbol].into_iter().for_each(|text| push_text(out, text));
}

fn push_values(out: &mut Vec<u8>, values: &[i32]) {
    let count = u8::try_from(values.len()).unwrap_or(u8::MAX);
    out.push(count);
    values.iter().take(usize::from(count)).for_each(|value| out.extend_from_slice(&value.to_be_bytes()));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::hsm::ServerFrame;

    fn values() -> impl Strategy<Value = Vec<i32>> {
        proptest::collection::vec(any::<i32>(), 0..40)
    }

    fn records() -> impl Strategy<Value = FeedRecord> {
        let snapshot = (
            any::<u16>(),
            ".{0,40}",
            values(),
            any::<u16>(),
            any::<u8>(),
            "[a-z_]{0,8}",
            "[0-9]{0,8}",
            ".{0,20}",
        )
            .prop_map(|(topic, name, values, multiplier, precision, exchange, token, symbol)| {
                let all =
                    FeedSnapshot { topic, name, values, multiplier, precision, exchange, token, symbol };
                FeedRecord::Snapshot(Box::new(all))
            });
        prop_oneof![
            snapshot,
            (any::<u16>(), values()).prop_map(|(topic, values)| FeedRecord::Update { topic, values }),
            (any::<u16>(), any::<i32>()).prop_map(|(topic, value)| FeedRecord::LastPrice { topic, value }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(number: u32, records in proptest::collection::vec(records(), 0..20)) {
            let frame = ServerFrame::Feed(Feed { number, records });
            prop_assert_eq!(ServerFrame::decode(&frame.encode()), Ok(frame));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), kind in prop::sample::select(b"SUL".to_vec())) {
            let _ = ServerFrame::decode(&[&[0, 0, 6], bytes.as_slice()].concat());
            let _ = ServerFrame::decode(&[&[0, 0, 6, 0, 0, 0, 1, 0, 9, kind], bytes.as_slice()].concat());
        }

        #[test]
        fn a_feed_cut_short_is_an_error(records in proptest::collection::vec(records(), 1..5), part in 0.0f64..1.0) {
            let bytes = ServerFrame::Feed(Feed { number: 1, records }).encode();
            let cut = (bytes.len() as f64 * part) as usize;
            prop_assert!(ServerFrame::decode(&bytes[..cut]).is_err());
        }
    }

    #[test]
    fn a_snapshot_byte_by_byte() {
        let mut bytes = vec![0, 0, 6, 0, 0, 0, 7, 0, 1, b'S', 0x34, 0x12, 14];
        bytes.extend_from_slice(b"sf|nse_cm|3045");
        bytes.extend_from_slice(&[2, 0, 1, 0x38, 0xd6, 0x80, 0, 0, 0, 9, 9, 0, 1, 2, 6]);
        bytes.extend_from_slice(b"nse_cm");
        bytes.extend_from_slice(&[4, b'3', b'0', b'4', b'5', 7]);
        bytes.extend_from_slice(b"SBIN-EQ");
        let ServerFrame::Feed(feed) = ServerFrame::decode(&bytes).unwrap() else { panic!("a feed") };
        let FeedRecord::Snapshot(all) = &feed.records[0] else { panic!("a snapshot") };
        assert_eq!((feed.number, all.topic, all.name.as_str()), (7, 0x3412, "sf|nse_cm|3045"));
        assert_eq!((&all.values[..], all.multiplier, all.precision), (&[80_086, i32::MIN][..], 1, 2));
        assert_eq!(
            (all.exchange.as_str(), all.token.as_str(), all.symbol.as_str()),
            ("nse_cm", "3045", "SBIN-EQ")
        );
    }

    #[test]
    fn a_count_does_not_claim_memory() {
        assert_eq!(ServerFrame::decode(&[0, 0, 6, 0, 0, 0, 1, 255, 255]), Err(BadFrame::Short));
    }
}
