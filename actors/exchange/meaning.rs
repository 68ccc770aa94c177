//! What FYERS' answer to an order, or the want of one, means.

use std::collections::BTreeSet;

use fyers_api::{
    http::ApiResponse,
    operation::Operation,
    response::{self, OrderWord, order_words},
};
use keeper_domain::{
    asked::Asked,
    broker_error::{BrokerError, Transport},
    event::Event,
    order_journal::{IntentOutcome, OrderEntry},
    ports::ProxyError,
    routing::{
        Venue,
        broker_answer::{is_order_ban, stray_token_code},
    },
};
use serde_json::Value;

use crate::exchange::{
    Execution,
    messages::End,
    words::{never_left, not_now, outcome_unknown, stray, without_token_errors},
};

/// Longest text of a refusal that an event keeps.
const WORDS: usize = 200;

/// What is to be written down and told.
pub(super) struct Meaning {
    pub(super) end: End,
    pub(super) venue: Venue,
    pub(super) answer: ApiResponse,
    /// `None` leaves the intent open: the order book will tell.
    pub(super) outcome: Option<IntentOutcome>,
    pub(super) entries: Vec<OrderEntry>,
    pub(super) events: Vec<Event>,
}

/// The answer to one order of a call.
#[derive(Clone)]
struct Said {
    place: usize,
    word: OrderWord,
    status: u16,
    code: i64,
    message: String,
    id: Option<String>,
}

impl Said {
    /// The status that is written down. FYERS may say no under HTTP 200 with a code that is one of HTTP's: by no field may its
    /// row look like that of an order that was taken.
    fn listed_status(&self) -> u16 {
        let own = u16::try_from(self.code).ok().filter(|_| self.word == OrderWord::Refused);
        own.unwrap_or(self.status)
    }

    fn is_ban(&self) -> bool {
        let (status, code, message) = (self.status, self.code, self.message.clone());
        self.word == OrderWord::Refused && is_order_ban(&BrokerError::Refused { status, code, message })
    }
}

/// Whether the MockExchange has taken any order of a request.
pub(super) fn takes_any(answer: &ApiResponse) -> bool {
    let outcomes = response::outcomes(answer, &response::json(answer));
    outcomes.into_iter().any(|(status, code, ..)| (200..300).contains(&status) && code >= 0)
}

/// FYERS' words to a token that it refuses.
pub(super) fn token_words(answer: &ApiResponse, body: &Value) -> String {
    let words = response::token_message(answer, body);
    keeper_domain::alerts::words::excerpt(words.as_deref().unwrap_or("no words"), WORDS)
}

impl Execution {
    pub(super) fn read(&self, sent: Result<ApiResponse, ProxyError>) -> Meaning {
        match sent {
            Ok(answer) if never_left(&answer) => self.not_sent(answer),
            Ok(answer) => match stray_token_code(&answer) {
                Some(code) => self.no_answer(Some(&stray(&answer, code))),
                None => {
                    let said = self.said(&answer);
                    self.answered(without_token_errors(answer), said)
                }
            },
            Err(ProxyError::Transport(Transport::Connect)) => {
                let words = "FYERS cannot be reached; nothing was done";
                self.not_sent(not_now(words))
            }
            Err(_) => self.no_answer(None),
        }
    }

    /// It left, and nothing is known of it. `why`: what FYERS has said that proves nothing.
    pub(super) fn no_answer(&self, why: Option<&str>) -> Meaning {
        let answer = outcome_unknown(why);
        // No answer proves nothing, also of what needs no id.
        let unknown = |said| Said { word: OrderWord::NotKnown, ..said };
        let said = self.said(&answer).into_iter().map(unknown).collect();
        self.answered(answer, said)
    }

    pub(super) fn not_sent(&self, answer: ApiResponse) -> Meaning {
        let said = self.said(&answer);
        let entries = said.iter().map(|said| self.entry(said, Venue::None)).collect();
        let outcome = Some(IntentOutcome::NotSent);
        Meaning { end: End::Nothing, venue: Venue::None, answer, outcome, entries, events: vec![] }
    }

    /// Whether it makes orders, which FYERS gives an id each.
    pub(super) fn is_new(&self) -> bool {
        use Operation::{Place, PlaceGtt, PlaceMany};
        matches!(self.forwarding.call.operation, Place | PlaceMany | PlaceGtt)
    }

    fn said(&self, answer: &ApiResponse) -> Vec<Said> {
        let body = response::json(answer);
        let words = order_words(answer, &body, self.is_new());
        let all = response::outcomes(answer, &body).into_iter().zip(words).enumerate();
        all.map(|(place, ((status, code, message, id), word))| Said {
            place,
            word,
            status,
            code,
            message,
            id,
        })
        .collect()
    }

    fn answered(&self, answer: ApiResponse, mut said: Vec<Said>) -> Meaning {
        self.add_unsaid(&mut said, answer.status);
        let is_unknown = said.iter().any(|said| said.word == OrderWord::NotKnown);
        let known = said.iter().filter(|said| said.word != OrderWord::NotKnown);
        let ids = known.filter_map(|said| said.id.clone()).collect();
        let is_refused = said.iter().all(|said| said.word == OrderWord::Refused);
        let (status, at) = (answer.status, Some(self.time.now()));
        let outcome = (!is_unknown).then_some(IntentOutcome::Answered { status, ids, at, is_refused });
        let end = self.end(&said);
        let said = self.by_leg(said);
        let events = said.iter().filter_map(|one| self.told(one, said.len())).collect();
        let entries = self.entries(&said);
        Meaning { end, venue: Venue::Fyers, answer, outcome, entries, events }
    }

    fn is_answered_as_one(&self) -> bool {
        self.forwarding.call.operation == Operation::PlaceGtt || self.intent.is_multi_leg()
    }

    /// FYERS refuses a request as a whole, and answers orders of several legs as one. Where it otherwise says nothing of
    /// an order, nothing is known of it.
    fn add_unsaid(&self, said: &mut Vec<Said>, status: u16) {
        let is_whole = match &said[..] {
            [one] => match one.word {
                OrderWord::Refused => true,
                OrderWord::Taken => self.is_answered_as_one(),
                OrderWord::NotKnown => false,
            },
            _ => false,
        };
        let unsaid = said.len()..if is_whole { 0 } else { self.intent.legs.len() };
        let none = |place| {
            let (word, code, message, id) = (OrderWord::NotKnown, 0, String::new(), None);
            Said { place, word, status, code, message, id }
        };
        said.extend(unsaid.map(none));
    }

    /// What is not known of one order counts for the whole request.
    fn end(&self, said: &[Said]) -> End {
        let has = |word: OrderWord| said.iter().any(|said| said.word == word);
        match said.iter().find(|said| said.is_ban()) {
            _ if has(OrderWord::NotKnown) => End::Unknown,
            Some(ban) => {
                let leg = self.intent.legs.get(ban.place);
                let symbol = leg.map(|leg| leg.symbol.clone()).unwrap_or_default();
                End::Banned { symbol, has_taken: has(OrderWord::Taken) }
            }
            None if has(OrderWord::Taken) => End::Answered,
            None => End::Nothing,
        }
    }

    /// The event of one order: taken, or refused by FYERS. What is not known is told once the order book was looked at.
    fn told(&self, said: &Said, answers: usize) -> Option<Event> {
        let leg = self.intent.legs.get(said.place);
        let (symbol, quantity) = leg.map_or((String::new(), 0), |leg| (leg.symbol.clone(), leg.quantity));
        let bot = Some(self.forwarding.bot.clone());
        match said.word {
            OrderWord::NotKnown => None,
            OrderWord::Taken => {
                leg?;
                Some(Event::OrderPlaced { bot, id: said.id.clone()?, symbol, quantity })
            }
            OrderWord::Refused => {
                let asked = Asked::of(&self.intent, (said.place, answers));
                let price = leg.map_or_else(|| "0".to_owned(), |leg| leg.price.normalize().to_string());
                let message = keeper_domain::alerts::words::excerpt(&said.message, WORDS);
                let (code, taken_as) = (said.code, None);
                Some(Event::OrderRejected { bot, asked, symbol, quantity, price, code, message, taken_as })
            }
        }
    }

    /// A row for each. Answers that are more than the orders, as those of a sliced one, are its own.
    fn entries(&self, said: &[Said]) -> Vec<OrderEntry> {
        let last = self.intent.legs.len().saturating_sub(1);
        let mut unknown = BTreeSet::new();
        let row = |said: &Said| {
            if said.word != OrderWord::NotKnown {
                return Some(self.entry(said, Venue::Fyers));
            }
            let place = said.place.min(last);
            let entry = self.entry(&Said { place, ..said.clone() }, Venue::Fyers);
            unknown.insert(place).then(|| entry.without_answer(&self.intent, place, self.left()))
        };
        said.iter().filter_map(row).collect()
    }

    /// The answer to an order of several legs once for each: the book has an order of each. FYERS tells one id.
    fn by_leg(&self, said: Vec<Said>) -> Vec<Said> {
        match &said[..] {
            [one] if one.word != OrderWord::NotKnown && self.intent.is_multi_leg() => {
                let id = |place| one.id.clone().filter(|_| place == 0);
                let of = |place| Said { place, id: id(place), ..one.clone() };
                (0..self.intent.legs.len().max(1)).map(of).collect()
            }
            _ => said,
        }
    }

    fn entry(&self, said: &Said, venue: Venue) -> OrderEntry {
        let (operation, mode) = (self.forwarding.call.operation, self.forwarding.mode);
        let leg = self.intent.legs.get(said.place);
        let answer = (said.listed_status(), said.code, said.message.as_str(), said.id.clone());
        let entry = OrderEntry::new((operation, mode, venue), leg, answer, self.time.now());
        let may_be_there = venue == Venue::Fyers && said.word != OrderWord::Refused;
        let by_time = self.intent.orders_by_time(leg).filter(|_| may_be_there);
        OrderEntry { what: self.intent.what.clone(), by_time, ..entry.of(&self.forwarding.bot) }
    }
}
