//! Whose positions FYERS' fills have opened and closed. An order of a bot's is known by its id. What no bot has ordered (an
//! exit of positions, the square-off, the legs of a bracket order, a person in the app) closes what is open, whoever ordered
//! that, as in the MockExchange. Where a person may have meant positions of his own, both are counted: what makes more of a
//! loss holds.

use std::collections::BTreeMap;

use fyers_api::model::{Position, Product};

use super::{BotBooks, Holding, holding};
use crate::{keys::BotName, routing::live_positions::BookRow};

/// Whose fills are whose, by one assumption.
#[derive(Default)]
struct Shared {
    bots: BTreeMap<BotName, Vec<Holding>>,
    nobodys: Vec<Holding>,
}

impl BotBooks {
    pub(super) fn share_fills(&mut self, rows: &[BookRow], units: &dyn Fn(&str) -> Option<i64>) {
        let mut filled: Vec<&BookRow> = rows.iter().filter(|row| row.filled != 0).collect();
        // As they were placed: what closes a position comes after what has opened it.
        filled.sort_by_key(|row| (row.at.is_none(), row.at, row.id.len(), &row.id));
        let (mut closed, mut open) = (Shared::default(), Shared::default());
        for row in filled {
            let multiplier = units(&row.leg.symbol).unwrap_or(1);
            match self.at_fyers.get(&row.id) {
                Some(order) => {
                    closed.ordered(&order.bot, row, multiplier);
                    open.ordered(&order.bot, row, multiplier);
                }
                None => {
                    closed.by_nobody(row, multiplier, true);
                    open.by_nobody(row, multiplier, self.is_of_an_exit(row));
                }
            }
        }
        closed.follow_conversions(&self.account);
        open.follow_conversions(&self.account);
        for book in self.bots.values_mut() {
            (book.live, book.doubted) = (vec![], vec![]);
            book.unmeasured.clear();
        }
        for (bot, live) in closed.bots {
            let doubted = open.bots.remove(&bot).unwrap_or_default();
            let may_be_open = |one: &Holding| !live.contains(one) && is_held(&self.account, one);
            let doubted = doubted.into_iter().filter(may_be_open).collect();
            let book = self.bots.entry(bot).or_default();
            let unmeasured = live.iter().filter(|one| units(&one.symbol).is_none());
            book.unmeasured = unmeasured.map(|one| one.symbol.clone()).collect();
            (book.live, book.doubted) = (live, doubted);
        }
    }
}

impl Shared {
    fn ordered(&mut self, bot: &BotName, row: &BookRow, multiplier: i64) {
        let holdings = self.bots.entry(bot.clone()).or_default();
        of_row(holdings, row, multiplier).fill(row.filled, row.average);
    }

    /// First it closes what nobody else has opened, then what bots hold, if it `closes` that at all.
    fn by_nobody(&mut self, row: &BookRow, multiplier: i64, closes: bool) {
        let mut left = row.filled;
        let bots = self.bots.values_mut().filter(|_| closes);
        for holdings in std::iter::once(&mut self.nobodys).chain(bots) {
            let held =
                holdings.iter_mut().find(|one| one.symbol == row.leg.symbol && one.product == product(row));
            let Some(held) = held else { continue };
            let share = closing(held.net(), left);
            if share != 0 {
                held.fill(share, row.average);
                left -= share;
            }
        }
        if left != 0 {
            of_row(&mut self.nobodys, row, multiplier).fill(left, row.average);
        }
    }

    /// What the account does not hold any more in a bot's product was converted: then what nobody has ordered in another
    /// product of the symbol has closed it.
    fn follow_conversions(&mut self, account: &[Position]) {
        for held in self.bots.values_mut().flatten() {
            let mut gone = held.net() - still_held(account, held);
            let (symbol, product) = (held.symbol.clone(), held.product);
            let others = self.nobodys.iter_mut();
            for other in others.filter(|other| other.symbol == symbol && other.product != product) {
                let (share, price) = (closing(gone, other.net()), other.average());
                if share != 0 {
                    held.fill(share, price);
                    other.fill(-share, price);
                    gone += share;
                }
            }
        }
    }
}

/// The part of `fill` that closes some of `net`.
fn closing(net: i64, fill: i64) -> i64 {
    let is_against = net.signum() == -fill.signum();
    if is_against { fill.signum() * fill.abs().min(net.abs()) } else { 0 }
}

/// The part of it that the account holds.
fn still_held(account: &[Position], held: &Holding) -> i64 {
    let in_it = |one: &&Position| one.symbol == held.symbol && one.product == held.product;
    let net: i64 = account.iter().filter(in_it).map(|one| one.net).sum();
    -closing(held.net(), -net)
}

fn is_held(account: &[Position], held: &Holding) -> bool {
    still_held(account, held) == held.net()
}

fn product(row: &BookRow) -> Product {
    row.leg.known_product().unwrap_or(Product::Other)
}

fn of_row<'a>(holdings: &'a mut Vec<Holding>, row: &BookRow, multiplier: i64) -> &'a mut Holding {
    let held = holding(holdings, &row.leg.symbol, product(row));
    held.multiplier = multiplier;
    held
}

#[cfg(test)]
mod tests;
