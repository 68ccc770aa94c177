//! `positions` and `pnl`: the account as the running keeper reads it, from FYERS while live, from the MockExchange
//! otherwise. Tables are 80 columns wide.

use keeper_domain::text::excerpt;
use serde_json::json;

use crate::{
    account::{AccountPart, Money, PositionRow, Positions, amount, grouped},
    cli::{
        exit::Exit,
        failure::Failure,
        output::{fail, json as print_json, say},
        probe::{self, Remote, Told},
        setup::{CliConfig, load},
    },
};

pub(super) fn positions(json: bool) -> Result<Exit, Failure> {
    let config = load()?;
    let account = read(&config, probe::block_on(async { remote(&config)?.account("positions").await }))?;
    if json {
        print_json(&account);
    } else {
        say(&positions_table(&account));
    }
    Ok(Exit::Good)
}

pub(super) fn pnl(json: bool) -> Result<Exit, Failure> {
    let config = load()?;
    let both = probe::block_on(async {
        let remote = remote(&config)?;
        Some((remote.account("positions").await?, remote.account("funds").await?))
    });
    let (positions, funds) = both.flatten().map_or((None, None), |(one, two)| (Some(one), Some(two)));
    let account: AccountPart<Positions> = read(&config, Some(positions))?;
    // The result is known all the same; an unknown amount is shown as such.
    let funds = funds.and_then(|told| match told {
        Told::Good(AccountPart { part, venue, .. }) if venue == account.venue => Some(part),
        _ => None,
    });
    if json {
        let Positions { positions, pnl, realized, unrealized } = &account.part;
        print_json(&json!({"mode": account.mode, "venue": account.venue, "pnl": pnl, "realized": realized,
            "unrealized": unrealized, "positions": positions, "funds": funds}));
    } else {
        say(&pnl_table(&account, funds.as_ref()));
    }
    Ok(Exit::Good)
}

fn remote(config: &CliConfig) -> Option<Remote> {
    Remote::new(config)
}

/// The answer, or why there is none.
fn read<T>(
    config: &CliConfig,
    answer: Option<Option<Told<AccountPart<T>>>>,
) -> Result<AccountPart<T>, Failure> {
    match answer.flatten() {
        None => Err(probe::nobody(config)),
        Some(Told::Good(account)) => Ok(account),
        Some(Told::Trouble(problem)) => {
            let remedy = "This does not mean that there is nothing. Try again, or look in the FYERS app.";
            Err(fail(Exit::Unreachable, &problem, remedy))
        }
    }
}

fn positions_table(account: &AccountPart<Positions>) -> String {
    let title = format!("Positions {}, mode {}", account.place(), account.mode);
    if account.part.positions.is_empty() {
        return format!("{title}: none.");
    }
    let head = position_row(["SYMBOL", "PRODUCT", "QTY", "AVERAGE", "LAST", "P&L"].map(str::to_owned));
    let row = |row: &PositionRow| {
        let [average, last] = [fitting(row.average, 10), fitting(row.last, 10)];
        let (quantity, pnl) = (row.quantity_words(), fitting(row.pnl, 14));
        position_row([row.symbol.clone(), row.product.clone(), quantity, average, last, pnl])
    };
    let rows = account.part.positions.iter().map(row);
    [title, head].into_iter().chain(rows).chain([sum(&account.part)]).collect::<Vec<_>>().join("\n")
}

/// The columns: 24, 8, 9, 10, 10 and 14 wide, with a space between them.
fn position_row([symbol, product, quantity, average, last, pnl]: [String; 6]) -> String {
    let [symbol, product] = [excerpt(&symbol, 24), excerpt(&product, 8)];
    format!("{symbol:<24} {product:<8} {quantity:>9} {average:>10} {last:>10} {pnl:>14}")
}

/// An amount in a column: half an amount would be another one, so it is written without commas, then without paise,
/// and is rather too wide than cut.
fn fitting(value: Option<f64>, width: usize) -> String {
    let whole = || value.map_or_else(String::new, |amount| format!("{amount:.0}"));
    let ways = [grouped(value), amount(value)];
    ways.into_iter().find(|text| text.len() <= width).unwrap_or_else(whole)
}

fn pnl_table(account: &AccountPart<Positions>, funds: Option<&Money>) -> String {
    let mut rows = vec![format!("Profit and loss of today {}, mode {}", account.place(), account.mode)];
    if account.part.positions.is_empty() {
        rows.push("Nothing was traded today.".to_owned());
    } else {
        rows.push(pnl_row(["SYMBOL", "CLOSED", "OPEN", "P&L"].map(str::to_owned)));
        rows.extend(account.part.positions.iter().map(|row| {
            let [closed, open, all] = [row.realized, row.unrealized, row.pnl].map(|one| fitting(one, 15));
            pnl_row([row.symbol.clone(), closed, open, all])
        }));
    }
    rows.push(sum(&account.part));
    let free = funds.map_or_else(|| "not known".to_owned(), |funds| grouped(funds.available));
    let total = funds.map_or_else(|| "not known".to_owned(), |funds| grouped(funds.total));
    rows.push(format!("Funds: {free} INR free for new orders of {total}."));
    rows.join("\n")
}

/// The columns: 31, 15, 15 and 15 wide, with a space between them.
fn pnl_row([symbol, closed, open, all]: [String; 4]) -> String {
    let symbol = excerpt(&symbol, 31);
    format!("{symbol:<31} {closed:>15} {open:>15} {all:>15}")
}

fn sum(positions: &Positions) -> String {
    let [all, closed, open] = [positions.pnl, positions.realized, positions.unrealized].map(grouped);
    format!("P&L of today: {all} INR, before charges\n  (closed {closed}, open {open})")
}

#[cfg(test)]
mod tests {
    use keeper_domain::{mode::ShownMode, routing::Venue};

    use super::*;

    fn account() -> AccountPart<Positions> {
        let row = |symbol: &str, quantity, average, pnl| PositionRow {
            symbol: symbol.to_owned(),
            product: "INTRADAY".to_owned(),
            quantity,
            average,
            last: Some(24_812.35),
            realized: Some(0.0),
            unrealized: pnl,
            pnl,
        };
        let long = "NSE:BANKNIFTY26NOV59000CE-AND-MORE-LETTERS-THAN-FIT";
        let positions = vec![
            row("NSE:SBIN-EQ", Some(10), Some(812.5), Some(25.0)),
            row(long, Some(-1_234_500), Some(99_999_999.99), Some(-12_345_678.9)),
            row("NSE:TCS-EQ", None, None, None),
        ];
        let part = Positions {
            positions,
            pnl: Some(-12_345_653.9),
            realized: None,
            unrealized: Some(-12_345_653.9),
        };
        AccountPart { mode: ShownMode::Live, venue: Venue::Fyers, part }
    }

    #[test]
    fn the_tables_fit_80_columns_and_say_what_is_not_known() {
        let funds = Money { total: Some(1_000_000.0), used: None, available: None };
        for table in
            [positions_table(&account()), pnl_table(&account(), Some(&funds)), pnl_table(&account(), None)]
        {
            assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
            assert!(
                table.contains("at FYERS (real money), mode live") && table.contains("not known"),
                "{table}"
            );
        }
        let table = positions_table(&account());
        let row = "NSE:SBIN-EQ              INTRADAY       +10     812.50  24,812.35          25.00";
        assert_eq!(table.lines().nth(2), Some(row));
        assert!(table.contains("  100000000  24,812.35   -12345678.90"), "no amount is cut: {table}");
    }
}
