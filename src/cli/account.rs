//! `positions` and `pnl`: the account as the running keeper reads it, from FYERS while live, from the MockExchange
//! otherwise.

use keeper_domain::wrap;
use serde_json::json;

use crate::{
    account::{AccountPart, Money, PositionRow, Positions, amount, rupees},
    cli::{
        exit::Exit,
        failure::Failure,
        output::{fail, json as print_json, put},
        probe::{self, Remote, Told},
        setup::{CliConfig, load},
        table::{Column, Layout, left, right},
        width::table_room,
    },
};

pub(super) fn positions(json: bool) -> Result<Exit, Failure> {
    let config = load()?;
    let account = read(&config, probe::block_on(async { remote(&config)?.account("positions").await }))?;
    if json {
        print_json(&account);
    } else {
        put(&positions_table(&account, table_room()));
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
            "unrealized": unrealized, "positions": positions, "funds": funds,
            "open_at_fyers": account.open_at_fyers}));
    } else {
        put(&pnl_table(&account, funds.as_ref(), table_room()));
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

const POSITIONS: [Column; 6] = [
    left("SYMBOL", 26),
    left("PRODUCT", 8),
    right("QTY", 8),
    right("AVERAGE ₹", 10),
    right("LAST ₹", 9),
    right("P&L ₹", 14),
];
const PNL: [Column; 4] = [left("SYMBOL", 31), right("CLOSED ₹", 15), right("OPEN ₹", 15), right("P&L ₹", 15)];
/// The column that is broken where the room is not enough: it has no amount.
const SYMBOL: usize = 0;

pub(super) fn positions_table(account: &AccountPart<Positions>, room: usize) -> String {
    let title = format!("Positions {}, mode {}", account.place(), account.mode);
    if account.part.positions.is_empty() {
        return beside(vec![format!("{title}: none.")], account, room);
    }
    let row = |row: &PositionRow| {
        let [average, last, pnl] = [row.average, row.last, row.pnl].map(amount);
        vec![row.symbol.clone(), row.product.clone(), row.quantity_words(), average, last, pnl]
    };
    let rows: Vec<Vec<String>> = account.part.positions.iter().map(row).collect();
    let rows = lines(&POSITIONS, &rows, room);
    beside([title].into_iter().chain(rows).chain([sum(&account.part)]).collect(), account, room)
}

/// With what is real below what is simulated.
fn beside<T>(mut rows: Vec<String>, account: &AccountPart<T>, room: usize) -> String {
    rows.extend(account.open_at_fyers.as_deref().map(|open| wrap::hung(open, room, 0)));
    rows.join("\n")
}

/// Head and rows.
fn lines(columns: &[Column], rows: &[Vec<String>], room: usize) -> Vec<String> {
    let layout = Layout::of(columns, SYMBOL, rows, (1, room));
    std::iter::once(layout.head()).chain(rows.iter().map(|row| layout.row(row))).collect()
}

pub(super) fn pnl_table(account: &AccountPart<Positions>, funds: Option<&Money>, room: usize) -> String {
    let mut rows = vec![format!("Profit and loss of today {}, mode {}", account.place(), account.mode)];
    if account.part.positions.is_empty() {
        rows.push("Nothing was traded today.".to_owned());
    } else {
        let row = |row: &PositionRow| {
            let [closed, open, all] = [row.realized, row.unrealized, row.pnl].map(amount);
            vec![row.symbol.clone(), closed, open, all]
        };
        let table: Vec<Vec<String>> = account.part.positions.iter().map(row).collect();
        rows.extend(lines(&PNL, &table, room));
    }
    rows.push(sum(&account.part));
    let free = funds.map_or_else(|| "not known".to_owned(), |funds| rupees(funds.available));
    let total = funds.map_or_else(|| "not known".to_owned(), |funds| rupees(funds.total));
    rows.push(format!("Funds: {free} free for new orders of {total}."));
    beside(rows, account, room)
}

fn sum(positions: &Positions) -> String {
    let [all, closed, open] = [positions.pnl, positions.realized, positions.unrealized].map(rupees);
    format!("P&L of today: {all}, before charges\n  (closed {closed}, open {open})")
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
        AccountPart { mode: ShownMode::Live, venue: Venue::Fyers, open_at_fyers: None, part }
    }

    #[test]
    fn the_tables_fit_80_columns_and_say_what_is_not_known() {
        let funds = Money { total: Some(1_000_000.0), used: None, available: None };
        for table in [
            positions_table(&account(), 80),
            pnl_table(&account(), Some(&funds), 80),
            pnl_table(&account(), None, 80),
        ] {
            assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
            assert!(
                table.contains("at FYERS (real money), mode live") && table.contains("not known"),
                "{table}"
            );
        }
        let table = positions_table(&account(), 80);
        let row = "NSE:SBIN-EQ          INTRADAY       +10         812.50 24,812.35           25.00";
        assert_eq!(table.lines().nth(2), Some(row));
        assert!(table.contains(" 9,99,99,999.99 24,812.35 -1,23,45,678.90"), "no amount is cut: {table}");
        assert_eq!(
            table.lines().nth(4).map(str::trim_end),
            Some("000CE-AND-MORE-LETTE"),
            "no symbol is: {table}"
        );
        let table = positions_table(&account(), 140);
        assert!(table.contains("NSE:BANKNIFTY26NOV59000CE-AND-MORE-LETTERS-THAN-FIT INTRADAY"), "{table}");
        assert!(table.contains("9,99,99,999.99") && table.contains("-1,23,45,678.90"), "{table}");
    }
}
