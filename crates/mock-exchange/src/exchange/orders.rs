//! Requests of bots: each is carried out, and what it led to is told.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::{
    api::responses as response,
    close,
    command::Command,
    exchange::{
        Attempt, Execution, MockExchange, Prices,
        parse::{command, elements, is_many},
    },
    new_order::NewOrder,
    record::Record,
    reply::Reply,
    words,
};
use fyers_api::{
    error::ApiError,
    http::{ApiRequest, ApiResponse},
    operation::Operation,
};

/// The most slices of one order (docs/fyers-api.md, "Place").
const MOST_SLICES: i64 = 10;

impl MockExchange {
    /// Carries out a bot's request.
    pub fn execute(
        &mut self,
        operation: Operation,
        call: &ApiRequest,
        prices: Prices,
        now: DateTime<Utc>,
    ) -> Execution {
        let (mut records, mut attempts) = (self.tick(now, prices), vec![]);
        let done = if operation.trades() && operation != Operation::LiveOrder {
            self.trade(operation, call, (prices, now), &mut records, &mut attempts)
        } else {
            self.read(operation, call, (prices, now), &mut records)
        };
        Execution { answer: self.answer(done), records, attempts }
    }

    /// The answer to a read by the book as it is: nothing happens in it, where nothing that happens could be kept.
    pub fn show(
        &self,
        operation: Operation,
        call: &ApiRequest,
        prices: Prices,
        now: DateTime<Utc>,
    ) -> ApiResponse {
        self.answer(self.clone().read(operation, call, (prices, now), &mut vec![]))
    }

    fn answer(&self, done: Result<Value, ApiError>) -> ApiResponse {
        let (status, mut body) = match done {
            Ok(body) => (200, body),
            Err(refusal) => (refusal.status, response::refusal(&refusal)),
        };
        response::mark_simulated(&mut body, self.engine.config().name);
        response::answer(status, &body)
    }

    /// One order.
    pub fn place(
        &mut self,
        order: NewOrder,
        prices: Prices,
        now: DateTime<Utc>,
    ) -> (Vec<Record>, Result<Reply, ApiError>) {
        let mut records = self.tick(now, prices);
        let priced = self.prepare(std::slice::from_ref(&order.request.symbol), prices, now, &mut records);
        let outcome = priced.and_then(|()| self.carry_out(&Command::Place { order, at: now }, &mut records));
        (records, outcome)
    }

    /// Symbols whose price this request needs, together with those the clock needs now.
    pub fn wanted(&self, operation: Operation, call: &ApiRequest, now: DateTime<Utc>) -> Vec<String> {
        let mut all: BTreeSet<String> = match operation {
            Operation::Positions | Operation::Holdings | Operation::ExitPositions => {
                self.held().into_iter().collect()
            }
            Operation::Margin => Self::priced_by_margin(call).into_iter().collect(),
            _ if operation.trades() => {
                let commands = elements(operation, call).unwrap_or_default().into_iter();
                let commands = commands.filter_map(|element| command(operation, element, now).ok());
                commands.flat_map(|(command, _)| self.priced(&command)).collect()
            }
            _ => BTreeSet::new(),
        };
        if self.is_square_off_due(now) {
            all.extend(self.waited_for(now));
        }
        all.into_iter().collect()
    }

    /// One command, and what to say about it.
    pub(super) fn carry_out(
        &mut self,
        command: &Command,
        records: &mut Vec<Record>,
    ) -> Result<Reply, ApiError> {
        let new = self.engine.decide(command)?;
        let reply = self.engine.reply(command, &new);
        self.engine.commit(command, &new);
        records.extend(new);
        reply
    }

    pub(super) fn trade(
        &mut self,
        operation: Operation,
        call: &ApiRequest,
        (prices, now): (Prices, DateTime<Utc>),
        records: &mut Vec<Record>,
        attempts: &mut Vec<Attempt>,
    ) -> Result<Value, ApiError> {
        let mut replies = vec![];
        for element in elements(operation, call)? {
            let asked = command(operation, element, now);
            let slices = match asked {
                Ok((command, true)) => self.slices(command),
                Ok((command, false)) => Ok(vec![command]),
                Err(why) => Err(why),
            };
            let sliced = slices.as_ref().is_ok_and(|slices| slices.len() > 1);
            let outcomes: Vec<_> = match slices {
                Ok(commands) => commands
                    .into_iter()
                    .map(|command| self.attempt(&command, (prices, now), records, attempts))
                    .collect(),
                Err(why) => {
                    attempts.push(Attempt { order: None, outcome: Err(why.clone()) });
                    vec![Err(why)]
                }
            };
            replies.push((sliced, outcomes));
        }
        if is_many(operation) {
            let outcomes: Vec<_> = replies.into_iter().flat_map(|(_, outcomes)| outcomes).collect();
            return Ok(response::basket(&outcomes));
        }
        let (sliced, mut outcomes) = replies.pop().unwrap_or_default();
        if sliced {
            return Ok(response::slices(&outcomes));
        }
        let only = outcomes.pop().unwrap_or_else(|| Err(ApiError::invalid_input()))?;
        let mut body = response::reply(&only);
        if operation == Operation::ConvertPosition {
            body["positionDetails"] = json!(1101);
        }
        Ok(body)
    }

    pub(super) fn attempt(
        &mut self,
        command: &Command,
        (prices, now): (Prices, DateTime<Utc>),
        records: &mut Vec<Record>,
        attempts: &mut Vec<Attempt>,
    ) -> Result<Reply, ApiError> {
        let order = match command {
            Command::Place { order, .. } => Some(order.clone()),
            Command::PlaceGtt { order, .. } => Some(order.order(order.first)),
            _ => None,
        };
        let symbols = self.priced(command);
        let priced = self.prepare(&symbols, prices, now, records);
        let outcome = priced.and_then(|()| self.carry_out(command, records));
        attempts.push(Attempt { order, outcome: outcome.clone() });
        outcome
    }

    /// An order in parts no larger than the freeze quantity.
    pub(super) fn slices(&self, command: Command) -> Result<Vec<Command>, ApiError> {
        let Command::Place { order, at } = command else { return Ok(vec![command]) };
        let instrument = self.engine.instrument(&order.request.symbol, None)?;
        let Some(freeze) =
            instrument.freeze.map(|freeze| freeze - freeze % instrument.lot).filter(|size| *size > 0)
        else {
            return Ok(vec![Command::Place { order, at }]);
        };
        let whole = order.request.quantity;
        if whole > freeze * MOST_SLICES {
            return Err(words::not_taken(
                "isSliceOrder",
                "an order has at most ten slices of the freeze quantity",
            ));
        }
        let starts = (0..whole.max(1)).step_by(usize::try_from(freeze).unwrap_or(usize::MAX));
        let slice = |start: i64| {
            let mut order = order.clone();
            order.request.quantity = freeze.min(whole - start);
            Command::Place { order, at }
        };
        Ok(starts.map(slice).collect())
    }

    /// Symbols whose price decides about a command.
    pub(super) fn priced(&self, command: &Command) -> Vec<String> {
        match command {
            Command::Place { order, .. } => vec![order.request.symbol.clone()],
            Command::Modify { change, .. } => {
                let order = self.engine.ledger().orders.get(&change.id);
                order.map(|order| order.symbol().to_owned()).into_iter().collect()
            }
            Command::PlaceGtt { order, .. } => vec![order.symbol.clone()],
            Command::ModifyGtt { change, .. } => {
                let gtt = self.engine.ledger().gtts.get(&change.id);
                gtt.map(|gtt| gtt.order.symbol.clone()).into_iter().collect()
            }
            Command::ExitPosition { exit, .. } => close::exiting(&self.engine, exit),
            _ => vec![],
        }
    }
}
