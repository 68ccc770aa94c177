//! One simulated year: the account, its settings, the world around it, and what happens in it.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    path::PathBuf,
    sync::Arc,
};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use fyers_api::ist;
use fyers_keeper::{
    app::{Parts, Phone},
    login_report::{LoginSetup, login_hint},
};
use keeper_actors::exchange::{execution::FaultPoint, market::MockMarket};
use keeper_domain::{
    alerts::texts::Context,
    clock::{calendar::Calendar, token_hours::TokenHours},
    ports::{Broker, BrokerProxy, Store, Time},
    restart_policy::Limits,
    routing::OnTokenLoss,
    session::{reconcile::Seeds, rules::Facts},
};
use mock_exchange as engine;
use rand::{Rng, SeedableRng, rngs::StdRng};
use rust_decimal::Decimal;
use secrecy::SecretString;
use tempfile::TempDir;

use crate::{
    broker::{ACCOUNT, APP, Fyers},
    clock::Clock,
    day::{self, Happening, Plan},
    judge::Judge,
    phone::{CHAT, Telegram},
    table::{TICK, Table},
};

/// The years after those whose holidays are built in.
const YEARS: std::ops::Range<i32> = 2027..2100;

/// How this account is set up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) sandbox: bool,
    pub(crate) rejects: bool,
    pub(crate) has_pin: bool,
    /// Whether FYERS allows the refresh call.
    pub(crate) refreshes: bool,
    /// Whether the keeper has a login page that a browser reaches; otherwise the code is pasted into the chat.
    pub(crate) has_page: bool,
}

pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) settings: Settings,
    pub(crate) clock: Arc<Clock>,
    pub(crate) fyers: Arc<Fyers>,
    pub(crate) telegram: Arc<Telegram>,
    pub(crate) table: Arc<Table>,
    pub(crate) judge: RefCell<Judge>,
    pub(crate) ends: DateTime<Utc>,
    calendar: Arc<Calendar>,
    folder: TempDir,
    all: Plan,
    agenda: RefCell<VecDeque<(DateTime<Utc>, Happening)>>,
    /// When something happened last.
    pub(crate) happened: Cell<DateTime<Utc>>,
}

impl World {
    pub(crate) fn new(seed: u64, days: u64) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        let first = NaiveDate::from_ymd_opt(dice.random_range(YEARS), 1, 1).unwrap();
        let settings = Settings {
            sandbox: dice.random_bool(0.25),
            rejects: dice.random_bool(0.2),
            has_pin: dice.random_bool(0.5),
            refreshes: dice.random_bool(0.3),
            has_page: dice.random_bool(0.6),
        };
        // A short run is not always one of January.
        let first = first + Days::new(dice.random_range(0..330));
        let table = Arc::new(Table::random(first, days, &mut dice));
        let began = ist::instant(first, ist::at(5, 0));
        let clock = Arc::new(Clock::at(began));
        let dates = (0..days).map(|day| first + Days::new(day));
        let all: Plan = dates.clone().flat_map(|date| day::plan(date, &mut dice)).collect();
        let calendar = Arc::new(Calendar::with_file(&table.file()).unwrap());
        let context = texts(settings, &calendar);
        let mut judge = Judge::new(&table, context, settings.sandbox);
        judge.totals.days = days;
        judge.totals.trading_days = dates.filter(|date| table.hours(*date).is_some()).count() as u64;
        let mut sorted = all.clone();
        sorted.sort_by_key(|(at, _)| *at);
        Self {
            seed,
            settings,
            fyers: Arc::new(Fyers::new(&clock, settings.refreshes)),
            telegram: Arc::new(Telegram::new(&clock)),
            clock,
            table,
            judge: RefCell::new(judge),
            ends: began + TimeDelta::days(i64::try_from(days).unwrap()),
            calendar,
            folder: folder(),
            agenda: RefCell::new(sorted.into()),
            all,
            happened: Cell::new(began),
        }
    }

    pub(crate) fn state_dir(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// What happens now, if anything does.
    pub(crate) fn next(&self) -> Option<(DateTime<Utc>, Happening)> {
        let now = self.clock.truth();
        let mut agenda = self.agenda.borrow_mut();
        let is_due = agenda.front().is_some_and(|(at, _)| *at <= now);
        if is_due {
            self.happened.set(now);
        }
        agenda.pop_front_if(|_| is_due)
    }

    pub(crate) fn next_at(&self) -> Option<DateTime<Utc>> {
        self.agenda.borrow().front().map(|(at, _)| *at)
    }

    /// What happens without a keeper.
    pub(crate) fn goes_on(&self, at: DateTime<Utc>, happening: Happening) {
        let left = |long: TimeDelta| (at + long - self.clock.truth()).max(TimeDelta::zero());
        let mut judge = self.judge.borrow_mut();
        match happening {
            Happening::TokensEnd => self.fyers.end_tokens(),
            Happening::FyersFails(how, long) => {
                judge.totals.outages += 1;
                self.fyers.fails(how, left(long));
            }
            Happening::TelegramFails(how, long) => {
                judge.totals.outages += 1;
                self.telegram.fails(how, left(long));
            }
            Happening::ClockSet(off) => {
                judge.totals.steps += 1;
                self.clock.set(off);
            }
            Happening::LogIn(_) | Happening::Suspend(_) | Happening::Restart(..) | Happening::Panic(_) => {}
        }
    }

    /// The plan of a date, for whoever looks for a fault.
    pub(crate) fn plan_of(&self, date: NaiveDate) -> String {
        let of_date = self.all.iter().filter(|(at, _)| ist::date(*at) == date);
        of_date.map(|(at, what)| format!("    {} {what:?}\n", ist::ist(*at).format("%H:%M:%S"))).collect()
    }

    pub(crate) fn parts(&self, store: Arc<dyn Store>, after_crash: bool) -> Parts {
        let Settings { sandbox, rejects, has_pin, .. } = self.settings;
        let ran = Arc::clone(&self.clock);
        let calendar = &self.calendar;
        Parts {
            broker: Some(Arc::clone(&self.fyers) as Arc<dyn Broker>),
            outgoing: None,
            proxy: Some(Arc::clone(&self.fyers) as Arc<dyn BrokerProxy>),
            contact: None,
            sockets: None,
            messenger: Arc::clone(&self.telegram) as _,
            webhook: None,
            state_folder: String::new(),
            store,
            mirror: None,
            time: Arc::clone(&self.clock) as Arc<dyn Time>,
            steady: Some(Arc::new(move || ran.ran())),
            day_summary: true,
            feed_items: 30_000,
            calendar: Arc::clone(calendar),
            hours: Arc::new(TokenHours::usual(Arc::clone(calendar))),
            tick_time: TICK,
            phone: Some(Phone {
                chat: Arc::clone(&self.telegram) as _,
                chat_id: CHAT,
                allowed_users: vec![CHAT],
                moves: None,
            }),
            login: Some(login(self.settings)),
            facts: Facts {
                app_id: Some(APP.to_owned()),
                has_pin,
                credentials: "credentials".to_owned(),
                account: Some(ACCOUNT.to_owned()),
                asks_owner: true,
                refresh_days: 15,
            },
            test_doors: false,
            seeds: Seeds::default(),
            sandbox,
            on_token_loss: if rejects { OnTokenLoss::Reject } else { OnTokenLoss::Mock },
            rules: engine::Config::new(Decimal::from(1_000_000)),
            market: MockMarket::walking(Arc::clone(calendar)),
            instruments: engine::Instruments::default(),
            symbols: None,
            listen: None,
            public_url: None,
            trusted_proxies: vec![],
            metrics: fyers_keeper::http::metrics::Metrics::new(),
            key: SecretString::from("the gateway key".to_owned()).into(),
            memory: fyers_keeper::memory::Memory::default(),
            secrets: fyers_keeper::logging::Redactor::default(),
            signing: SecretString::from("signing".to_owned()),
            rotate_owner: None,
            texts: texts(self.settings, calendar),
            missing: vec![],
            after_crash,
            after_loss: false,
            limits: Limits::default(),
            lease: None,
            set_up: None,
            order_fault: FaultPoint::default(),
        }
    }
}

/// Where the authorize address ends with the state.
pub(crate) const STATE: &str = "?state=";

fn login(settings: Settings) -> LoginSetup {
    let page = settings.has_page.then(|| "https://keeper.example/fyers/login".to_owned());
    LoginSetup {
        authorize: Arc::new(|state: &str| format!("https://fyers.example/authorize{STATE}{state}")),
        page,
    }
}

fn texts(settings: Settings, calendar: &Arc<Calendar>) -> Context {
    Context {
        login_hint: login_hint(true, Some(&login(settings))),
        live: !settings.sandbox,
        reads_only: false,
        reject_without_token: settings.rejects,
        halted: false,
        tick_time: TICK,
        card: Some(Arc::new(TokenHours::usual(Arc::clone(calendar)))),
    }
}

/// In memory where there is such a place: thousands of years would wear a disk out.
fn folder() -> TempDir {
    let name = tempfile::Builder::new().prefix("keeper-years-").to_owned();
    name.tempdir_in("/dev/shm").or_else(|_| name.tempdir()).unwrap()
}
