//! Who may read the status and who may act: holders of the gateway key, compared in constant time, and browsers
//! in which a person has entered it.

use std::{
    future::{Ready, ready},
    net::Ipv4Addr,
    sync::Arc,
};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
    dev::Payload,
    http::header::AUTHORIZATION,
    web,
};
use keeper_domain::{
    address::Network,
    keys::{BotName, KeyRing, token::Digest},
    mode::Mode,
};
use rand::Rng;
use secrecy::{ExposeSecret, SecretString};

use crate::http::{
    access::{
        key_attempts::KeyAttempts,
        origin::Head,
        page_session::{LENGTH, Moment, PageSession, PageSessions},
        rule::{Access, Facts, who_may_read},
        settings::Settings,
        shown,
        way::Way,
        wrong_key::{Entrance, WrongKey, key_needed, too_many_keys},
    },
    limits::places::Holder,
};

/// The cookie of a page session where the keeper's address is https: browsers take it from there alone.
const SECURE_COOKIE: &str = "__Host-keeper_session";

/// See [`Gate::key_state`].
pub(in crate::http) type KeyState = (u64, Option<Vec<Digest>>);

struct Shared {
    settings: Settings,
    /// The public address as an origin.
    public: Option<String>,
    /// The name of the page sessions' cookie. A browser sends it to every port of this host; of two keepers there, each
    /// has its own.
    cookie: String,
    sessions: PageSessions,
    attempts: KeyAttempts,
}

/// Access to one listener; as a request's extractor, with what that request shows.
#[derive(Clone)]
pub(in crate::http) struct Gate {
    shared: Arc<Shared>,
    visitor: Visitor,
}

/// What a request shows of whoever sends it.
#[derive(Clone)]
struct Visitor {
    client: Network,
    /// Whose key it shows.
    bot: Option<BotName>,
    access: Access,
    /// Which key was good when it came.
    generation: u64,
    /// A wrong key was shown by a client that has tried too many.
    is_limited: bool,
    is_own: bool,
    /// What is typed here is not seen on the way.
    is_private: bool,
    /// What of a key is remembered.
    shown: Option<Digest>,
    cookie: Option<String>,
    /// The user of this machine who sends it, where a session was asked for.
    user: Option<u32>,
    session: Option<PageSession>,
}

impl Gate {
    pub(in crate::http) fn new(settings: Settings) -> Self {
        let public = settings.public_url.as_ref().map(|url| url.origin().ascii_serialization());
        let is_secure = settings.public_url.as_ref().is_some_and(|url| url.scheme() == "https");
        let cookie =
            if is_secure { SECURE_COOKIE.to_owned() } else { format!("keeper_session_{}", settings.port) };
        let (sessions, attempts) = (PageSessions::default(), KeyAttempts::default());
        let shared = Shared { settings, public, cookie, sessions, attempts };
        let visitor = Visitor {
            client: Network::of_client(Ipv4Addr::LOCALHOST.into()),
            bot: None,
            access: Access::Denied,
            generation: 0,
            is_limited: false,
            is_own: false,
            is_private: false,
            shown: None,
            cookie: None,
            user: None,
            session: None,
        };
        Self { shared: Arc::new(shared), visitor }
    }

    /// Whether a target with this host is one of this listener.
    pub(super) fn is_named(&self, host: &str) -> bool {
        Head { host, ..Head::default() }
            .is_this_keeper(self.shared.settings.port, self.shared.public.as_deref())
    }

    /// The client that this request is counted for.
    pub(in crate::http) fn client(&self) -> Network {
        self.visitor.client
    }

    /// Whose place it takes while it waits for an answer.
    pub(in crate::http) fn holder(&self) -> Holder {
        self.visitor.bot.clone().map_or(Holder::Client(self.visitor.client), Holder::Key)
    }

    /// The bot by whose right it reads: it is told of no other one.
    pub(in crate::http) fn bot_reader(&self) -> Option<&BotName> {
        self.visitor.bot.as_ref().filter(|_| self.visitor.access == Access::Bot)
    }

    /// See [`who_may_read`].
    pub(in crate::http) fn may_read(&self) -> bool {
        self.visitor.access != Access::Denied
    }

    /// The same for an answer that goes on: false once the session has ended, or the key is another one.
    pub(in crate::http) fn may_still_read(&self) -> bool {
        let generation = self.shared.settings.key.current().generation;
        match self.visitor.access {
            Access::Key => self.visitor.generation == generation,
            Access::Session => {
                let cookie = self.visitor.cookie.as_deref();
                self.session_of(generation, cookie, || self.visitor.user).is_some()
            }
            Access::Bot => self.visitor.shown.is_some_and(|shown| self.keys().by_digest(shown).is_some()),
            Access::ThisMachine => true,
            Access::Denied => false,
        }
    }

    fn session_of(
        &self,
        generation: u64,
        cookie: Option<&str>,
        user: impl FnOnce() -> Option<u32>,
    ) -> Option<PageSession> {
        let at = Moment { now: chrono::Utc::now().timestamp(), generation };
        self.shared.sessions.find(at, cookie?, user)
    }

    fn user_of(&self, request: &HttpRequest) -> Option<u32> {
        shown::user(request, self.siblings(), self.shared.settings.port)
    }

    pub(super) fn siblings(&self) -> Option<&SecretString> {
        self.shared.settings.siblings.as_ref()
    }

    /// The answer to whoever may not read.
    pub(in crate::http) fn refuse_reader(&self) -> Option<HttpResponse> {
        (!self.may_read()).then(|| self.refusal())
    }

    /// The answer to whoever may not see the keys: a bot is not told what others may do.
    pub(in crate::http) fn refuse_bot(&self) -> Option<HttpResponse> {
        (!self.may_see_keys()).then(|| self.refusal())
    }

    /// Whether it may see which keys there are and what each may do.
    pub(in crate::http) fn may_see_keys(&self) -> bool {
        self.may_read() && self.visitor.access != Access::Bot
    }

    /// Acting needs the key everywhere: any web page in a browser on this machine can post to loopback.
    pub(in crate::http) fn refuse_writer(&self) -> Option<HttpResponse> {
        (self.visitor.access != Access::Key).then(|| self.refusal())
    }

    fn refusal(&self) -> HttpResponse {
        if self.visitor.is_limited { too_many_keys() } else { key_needed() }
    }

    /// Whether a form may act: sent by a page of this keeper, within a session, with that session's token.
    pub(in crate::http) fn may_act(&self, token: &str) -> bool {
        let wrote = self.visitor.session.as_ref().is_some_and(|session| session.wrote(token));
        wrote && self.visitor.is_own
    }

    /// What the forms of this session carry; `None` outside of a session.
    pub(in crate::http) fn token(&self) -> Option<String> {
        self.visitor.session.as_ref().map(|session| session.token.clone())
    }

    /// Whether the request comes from a page of this keeper.
    pub(in crate::http) fn is_own(&self) -> bool {
        self.visitor.is_own
    }

    /// Whether a person may type secrets here.
    pub(in crate::http) fn is_safe_for_secrets(&self) -> bool {
        self.visitor.is_private
    }

    /// Begins a session without the key, for whoever proves in another way that the keeper is theirs. A wrong proof counts
    /// like a wrong key.
    pub(in crate::http) fn begin_first_session(
        &self,
        request: &HttpRequest,
        is_proven: bool,
    ) -> Option<Cookie<'static>> {
        if !is_proven {
            self.wrong_key(Entrance::Page, self.visitor.client);
            return None;
        }
        Some(self.new_session(self.shared.settings.key.current().generation, self.user_of(request)))
    }

    fn new_session(&self, generation: u64, user: Option<u32>) -> Cookie<'static> {
        let at = Moment { now: chrono::Utc::now().timestamp(), generation };
        let (name, token) = (rand::rng().random(), rand::rng().random());
        self.cookie(self.shared.sessions.begin(at, user, name, token), LENGTH)
    }

    /// Begins a session for whoever knows the key; otherwise says whether the client has tried too many.
    pub(in crate::http) fn begin_session(
        &self,
        request: &HttpRequest,
        shown: &SecretString,
    ) -> Result<Cookie<'static>, bool> {
        let key = self.shared.settings.key.current();
        if !self.is_owner(shown.expose_secret().trim()) {
            return Err(self.wrong_key(Entrance::Page, self.visitor.client));
        }
        Ok(self.new_session(key.generation, self.user_of(request)))
    }

    /// Ends the session, here and in the browser.
    pub(in crate::http) fn end_session(&self) -> Cookie<'static> {
        if let Some(cookie) = &self.visitor.cookie {
            self.shared.sessions.end(cookie);
        }
        self.cookie(String::new(), 0)
    }

    fn cookie(&self, value: String, seconds: i64) -> Cookie<'static> {
        let secure = self.shared.cookie == SECURE_COOKIE;
        Cookie::build(self.shared.cookie.clone(), value)
            .path("/")
            .max_age(Duration::seconds(seconds))
            .http_only(true)
            .same_site(SameSite::Strict)
            .secure(secure)
            .finish()
    }

    /// Whether a bot shows the key in the place of a FYERS token: `anything:KEY` as FYERS' own programs write it,
    /// `Bearer KEY`, or `KEY` alone. All three are compared, whatever the others say.
    pub(in crate::http) fn admits_bot(&self, request: &HttpRequest) -> Result<BotName, bool> {
        let shown = request.headers().get(AUTHORIZATION).map_or(b"".as_slice(), |value| value.as_bytes());
        let shown = std::str::from_utf8(shown).unwrap_or_default().trim();
        let shown = shown::after_bearer(shown).unwrap_or(shown);
        let after_app = shown.split_once(':').map_or("", |(_, rest)| rest.trim());
        let (whole, part) = (self.bot_of(shown), self.bot_of(after_app));
        if let Some(bot) = whole.or(part) {
            shown::trust_connection(request, Some(&bot));
            return Ok(bot);
        }
        let is_empty = shown.trim_end_matches(':').is_empty();
        Err(!is_empty && self.wrong_key(Entrance::Gateway, self.client_of(request)))
    }

    fn keys(&self) -> arc_swap::Guard<Arc<KeyRing>> {
        self.shared.settings.keys.load()
    }

    /// Whose token this is.
    fn bot_of(&self, shown: &str) -> Option<BotName> {
        let is_owner = self.shared.settings.key.current().is(shown);
        let bot = self.keys().by_token(shown).map(|key| key.name().clone());
        if is_owner { Some(BotName::owner()) } else { bot }
    }

    fn is_owner(&self, shown: &str) -> bool {
        self.bot_of(shown).is_some_and(|bot| bot.is_owner())
    }

    /// The bot that shows its key in a message: the key itself, the key behind an app id, or its `hsm_key` claim, which is
    /// what FYERS' data socket is shown.
    pub(in crate::http) fn bot_shown(&self, client: Network, shown: &str) -> Option<BotName> {
        let shown = shown.trim();
        let after_app = shown.split_once(':').map_or("", |(_, rest)| rest.trim());
        let by_claim = self.keys().by_hsm_key(shown).map(|key| key.name().clone());
        let bot = self.bot_of(shown).or_else(|| self.bot_of(after_app)).or(by_claim);
        if bot.is_none() && !shown.is_empty() {
            self.wrong_key(Entrance::Gateway, client);
        }
        bot
    }

    /// What a bot's key may do at most; nothing at FYERS when the key is gone.
    pub(in crate::http) fn ceiling(&self, bot: &BotName) -> Mode {
        self.keys().named(bot).map_or(Mode::Mock, |key| key.stored.ceiling)
    }

    /// What is known of a bot's key now: it has been replaced or removed when this changes.
    pub(in crate::http) fn key_state(&self, bot: &BotName) -> KeyState {
        let generation = if bot.is_owner() { self.shared.settings.key.current().generation } else { 0 };
        (generation, self.keys().named(bot).map(|key| key.tokens.clone()))
    }

    /// The gateway key, for whoever shows it as the secret of one of these apps: `hash` is the SHA-256 of
    /// `APP_ID:SECRET`, as FYERS' login has it. Otherwise whether the client has tried too many.
    pub(in crate::http) fn key_of_hash(
        &self,
        request: &HttpRequest,
        hash: &str,
        apps: &[String],
    ) -> Result<SecretString, bool> {
        let key = &self.shared.settings.key;
        if apps.iter().any(|app| key.current().is_secret_of(app, hash)) {
            shown::trust_connection(request, Some(&BotName::owner()));
            return Ok(key.secret());
        }
        Err(self.wrong_key(Entrance::Gateway, self.client_of(request)))
    }

    /// Counts a wrong key; true when its client has tried too many.
    fn wrong_key(&self, entrance: Entrance, client: Network) -> bool {
        let outcome = self.shared.attempts.wrong(client);
        (self.shared.settings.on_wrong_key)(WrongKey { entrance, client, tell: outcome.tell });
        outcome.limited
    }

    pub(in crate::http) fn client_of(&self, request: &HttpRequest) -> Network {
        Network::of_client(shown::client(request, &self.shared.settings.trusted_proxies, self.siblings()))
    }

    fn look_at(&self, request: &HttpRequest) -> Visitor {
        let (head, way) = (shown::head(request), shown::way(request));
        let (client, bearer) = (self.client_of(request), shown::bearer(request));
        let key = self.shared.settings.key.current();
        let bot = self.bot_of(bearer.unwrap_or_default());
        let shows_key = bot.as_ref().is_some_and(BotName::is_owner);
        let is_wrong = bot.is_none() && bearer.is_some_and(|shown| !shown.is_empty());
        let cookie = shown::cookie(request, &self.shared.cookie, self.siblings());
        let mut user = None;
        let session = self.session_of(key.generation, cookie.as_deref(), || {
            user = self.user_of(request);
            user
        });
        let access = who_may_read(Facts {
            listens_on_loopback: self.shared.settings.listens_on_loopback,
            has_public_url: self.shared.settings.public_url.is_some(),
            is_direct: way == Way::Direct,
            names_listener: head.names_listener(self.shared.settings.port),
            shows_key,
            shows_bots_key: bot.is_some() && !shows_key,
            has_session: session.is_some(),
        });
        if matches!(access, Access::Key | Access::Session | Access::Bot) {
            shown::trust_connection(request, bot.as_ref().filter(|bot| !bot.is_owner()));
        }
        Visitor {
            client,
            bot,
            access,
            generation: key.generation,
            is_limited: is_wrong && self.wrong_key(Entrance::Api, client),
            is_own: head.is_own(self.shared.public.as_deref()),
            is_private: head.is_private(self.shared.public.as_deref(), way),
            shown: bearer.map(Digest::of),
            cookie,
            user,
            session,
        }
    }
}

impl FromRequest for Gate {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(gate) = request.app_data::<web::Data<Gate>>() else {
            return ready(Err(actix_web::error::ErrorInternalServerError("no gate")));
        };
        let visitor = gate.look_at(request);
        ready(Ok(Gate { shared: Arc::clone(&gate.shared), visitor }))
    }
}
