//! What the data socket calls its fields: part of the answer to a key, for FYERS' JavaScript SDK, which knows no field without
//! it and ends with an exception at the first price. Field numbers and kinds are those that the SDK (1.9.0) looks for.

use serde_json::{Value, json};

/// Divided by multiplier and precision.
const PRICE: &str = "ConvNumber";
const NUMBER: &str = "Number";
/// Seconds since 1970.
const TIME: &str = "timestamp";
/// As it is.
const TEXT: &str = "String";

/// Fields of a scrip in the order of [`SCRIP_FIELDS`](crate::hsm::SCRIP_FIELDS): number, name in the SDK, kind.
const SCRIP: [(&str, &str, &str); 21] = [
    ("s105", "ltp", PRICE),
    ("s104", "v", NUMBER),
    ("s106", "ltt", TIME),
    ("s107", "fdtm", TIME),
    ("s108", "bq", NUMBER),
    ("s109", "bs", NUMBER),
    ("s110", "bp", PRICE),
    ("s111", "sp", PRICE),
    ("s112", "ltq", NUMBER),
    ("s114", "tbq", NUMBER),
    ("s115", "tsq", NUMBER),
    ("s113", "ap", PRICE),
    ("s116", "oi", NUMBER),
    ("s117", "lo", PRICE),
    ("s118", "h", PRICE),
    ("s119", "yh", PRICE),
    ("s120", "yl", PRICE),
    ("s122", "lcl", PRICE),
    ("s123", "ucl", PRICE),
    ("s124", "op", PRICE),
    ("s121", "c", PRICE),
];
/// Fields of an index in the order of [`INDEX_FIELDS`](crate::hsm::INDEX_FIELDS).
const INDEX: [(&str, &str, &str); 6] = [
    ("i102", "iv", PRICE),
    ("i103", "ic", PRICE),
    ("i104", "tvalue", TIME),
    ("i105", "highPrice", PRICE),
    ("i106", "lowPrice", PRICE),
    ("i107", "openingPrice", PRICE),
];
/// What the SDK computes by itself and puts behind the others.
const COMPUTED: [(&str, &str, &str); 5] = [
    ("f101", "cng", PRICE),
    ("f102", "nc", TEXT),
    ("f103", "to", PRICE),
    ("f104", "cng", PRICE),
    ("f105", "nc", TEXT),
];
/// The six rows of a depth: names of its five levels begin so.
const DEPTH: [(&str, &str, usize); 6] = [
    ("bp", PRICE, 0),
    ("sp", PRICE, 0),
    ("bq", NUMBER, 0),
    ("bs", NUMBER, 0),
    ("bno", NUMBER, 1),
    ("sno", NUMBER, 1),
];
/// Values of a record in lite mode.
const LITE: u8 = 1;

/// The names as the SDK reads them.
pub fn field_names() -> String {
    let depth: Vec<(String, String, &str)> = DEPTH
        .iter()
        .flat_map(|(name, kind, first)| (0..5).map(move |level| (level_name(name, level, *first), *kind)))
        .enumerate()
        .map(|(number, (name, kind))| (format!("d{}", 101 + number), name, kind))
        .collect();
    let fixed = SCRIP.iter().chain(&INDEX).chain(&COMPUTED).map(|(id, name, kind)| field(id, name, kind));
    let fields: Vec<Value> =
        fixed.chain(depth.iter().map(|(id, name, kind)| field(id, name, kind))).collect();
    let ids = |fields: &[(&'static str, &str, &str)]| fields.iter().map(|(id, ..)| *id).collect::<Vec<_>>();
    let of_depth: Vec<&str> = depth.iter().map(|(id, ..)| id.as_str()).collect();
    json!({"fields": fields, "scrip": ids(&SCRIP), "index": ids(&INDEX), "depth": of_depth,
        "scrip_lite": {"hfid": LITE}, "index_lite": {"hfid": LITE}})
    .to_string()
}

/// The first level of prices and sizes has no number; orders count from one.
fn level_name(name: &str, level: usize, first: usize) -> String {
    match level + first {
        0 => name.to_owned(),
        number => format!("{name}{number}"),
    }
}

fn field(id: &str, name: &str, kind: &str) -> Value {
    json!({"fid": id, "fld": name, "dataType": kind, "details": ""})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hsm::{DEPTH_FIELDS, INDEX_FIELDS, SCRIP_FIELDS};

    #[test]
    fn every_field_has_a_name_and_every_number_is_there_once() {
        let names: Value = serde_json::from_str(&field_names()).unwrap();
        let count = |list: &str| names[list].as_array().unwrap().len();
        assert_eq!(
            (count("scrip"), count("index"), count("depth")),
            (SCRIP_FIELDS.len(), INDEX_FIELDS.len(), DEPTH_FIELDS)
        );
        let mut ids: Vec<&str> =
            names["fields"].as_array().unwrap().iter().filter_map(|one| one["fid"].as_str()).collect();
        assert_eq!(ids.len(), count("scrip") + count("index") + count("depth") + COMPUTED.len());
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), names["fields"].as_array().unwrap().len());
        let depth: Vec<&str> =
            names["fields"].as_array().unwrap()[32..].iter().filter_map(|one| one["fld"].as_str()).collect();
        assert_eq!(depth[..7], ["bp", "bp1", "bp2", "bp3", "bp4", "sp", "sp1"]);
        assert_eq!(
            depth[20..],
            ["bno1", "bno2", "bno3", "bno4", "bno5", "sno1", "sno2", "sno3", "sno4", "sno5"]
        );
    }
}
