//! Reads a symbol master as large as FYERS' largest (80,787 rows, 84 MB of JSON) and prints how long it takes and how
//! much memory: `cargo run --release --example symbol_master`.

use std::{
    fs,
    io::{BufWriter, Write},
    time::Instant,
};

use fyers_keeper::fyers::symbols::read_file;
use mock_exchange::SymbolMaster;

const ROWS: u32 = 80_787;

/// A row with all the fields that FYERS has, most of which nobody reads here.
fn row(number: u32) -> String {
    let strike = 10_000 + number * 50;
    let symbol = format!("NSE:NIFTY26DEC{strike}CE");
    let name = "x".repeat(160);
    format!(
        r#""{symbol}":{{"fyToken":"101126122935001","isin":"","exSymbol":"NIFTY","symDetails":"NIFTY 29 Dec 26 {strike} CE {name}","symTicker":"{symbol}","exchange":10,"segment":11,"exSymName":"NIFTY","exToken":{number},"exSeries":"XX","optType":"CE","underSym":"NIFTY","underFyTok":"101000000026000","exInstType":14,"minLotSize":75,"tickSize":0.05,"tradingSession":"0915-1540|1815-1915:","lastUpdate":"2026-11-25","expiryDate":"1798538400","strikePrice":{strike}.0,"qtyFreeze":"1801","tradeStatus":1,"currencyCode":"INR","upperPrice":812.35,"lowerPrice":0.05,"faceValue":0.0,"qtyMultiplier":1.0,"previousClose":402.1,"previousOi":123456.0,"asmGsmVal":"","exchangeName":"NSE","symbolDesc":"{name}{name}","is_mtf_tradable":0,"mtf_margin":0.0,"stream":"GROUP A"}}"#
    )
}

/// A number of `/proc/self/status`, in MB.
fn memory(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or_default() / 1024
}

fn main() -> std::io::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("NSE_FO_sym_master.json");
    let mut out = BufWriter::new(fs::File::create(&path)?);
    write!(out, "{{")?;
    for number in 0..ROWS {
        let comma = if number == 0 { "" } else { "," };
        write!(out, "{comma}{}", row(number))?;
    }
    write!(out, "}}")?;
    out.flush()?;
    drop(out);
    let (size, before) = (fs::metadata(&path)?.len() / 1_000_000, memory("VmRSS"));
    let (began, mut master) = (Instant::now(), SymbolMaster::default());
    let counted = read_file(&path, &mut master).map_err(std::io::Error::other)?;
    let master = master.sorted();
    println!(
        "{} rows of {size} MB in {:.1} s; resident {before} MB before, {} MB after, {} MB at most",
        counted.good,
        began.elapsed().as_secs_f64(),
        memory("VmRSS"),
        memory("VmHWM")
    );
    drop(master);
    Ok(())
}
