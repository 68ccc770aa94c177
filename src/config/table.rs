//! Every setting there is: one table for parsing, for `config check`, for did-you-mean and for `env.example`.

/// How much of a value may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// All of it.
    Plain,
    /// The host of an address whose path is a password.
    Host,
    /// A fingerprint: a long random secret.
    Fingerprint,
    /// That it is set, nothing more: a short secret.
    Nothing,
}

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// Its name.
    pub name: &'static str,
    /// What holds when it is not set, in words.
    pub default: &'static str,
    /// How much of it may be shown.
    pub show: Show,
}

impl Spec {
    /// Whether it can also be given as a file, by `NAME_FILE`.
    pub fn is_secret(&self) -> bool {
        !matches!(self.show, Show::Plain)
    }
}

const fn plain(name: &'static str, default: &'static str) -> Spec {
    Spec { name, default, show: Show::Plain }
}

const fn secret(name: &'static str, show: Show) -> Spec {
    Spec { name, default: "not set", show }
}

/// All settings, in the order of env.example.
pub const TABLE: &[Spec] = &[
    plain("FYERS_CLIENT_ID", "not set"),
    secret("FYERS_SECRET_KEY", Show::Fingerprint),
    secret("FYERS_ACCESS_TOKEN", Show::Fingerprint),
    secret("FYERS_REFRESH_TOKEN", Show::Fingerprint),
    secret("FYERS_PIN", Show::Nothing),
    plain("FYERS_ACCOUNT_ID", "the first account that the owner confirms"),
    plain("FYERS_SANDBOX", "true"),
    plain("FYERS_REDIRECT_URI", "KEEPER_PUBLIC_URL/fyers/callback"),
    plain("FYERS_API_URL", "https://api-t1.fyers.in/api/v3"),
    plain("FYERS_DATA_URL", "https://api-t1.fyers.in/data"),
    plain("FYERS_DATA_SOCKET_URL", "wss://socket.fyers.in/hsm/v1-5/prod"),
    plain("FYERS_ORDER_SOCKET_URL", "wss://socket.fyers.in/trade/v3"),
    plain("FYERS_REFRESH_TOKEN_VALID_DAYS", "15"),
    secret("TELEGRAM_BOT_TOKEN", Show::Fingerprint),
    plain("TELEGRAM_CHAT_ID", "not set"),
    plain("TELEGRAM_ALLOWED_USERS", "the chat's own id"),
    plain("TELEGRAM_API_URL", "https://api.telegram.org"),
    plain("KEEPER_ENV_FILE", ".env"),
    plain("KEEPER_STATE_DIR", "./state"),
    secret("KEEPER_DATABASE_URL", Show::Host),
    plain("KEEPER_ADVERTISE_URL", "not set"),
    plain("KEEPER_HTTP_ADDR", "127.0.0.1:8080, or 0.0.0.0:$PORT when PORT is set"),
    plain("KEEPER_PUBLIC_URL", "not set; RENDER_EXTERNAL_URL where Render sets it"),
    plain("KEEPER_TRUSTED_PROXIES", "not set"),
    secret("KEEPER_GATEWAY_KEY", Show::Fingerprint),
    plain("KEEPER_TICK_TIME", "08:45"),
    plain("KEEPER_DAY_SUMMARY", "on"),
    plain("KEEPER_LOG_FORMAT", "auto"),
    plain("KEEPER_LOG", "info"),
    plain("KEEPER_SEGMENTS", "cash,fno"),
    plain("KEEPER_CALENDAR_FILE", "the calendar built in"),
    plain("KEEPER_ON_TOKEN_LOSS", "mock"),
    plain("KEEPER_MOCK_CAPITAL", "in Sandbox as the account at FYERS, else 1000000"),
    plain("KEEPER_MOCK_PRICES", "last with an app, walk without"),
    plain("KEEPER_MOCK_FILL", "touch"),
    plain("KEEPER_MOCK_CHARGES", "false"),
    plain("KEEPER_FEED_ITEMS", "30000"),
    plain("KEEPER_SYMBOL_MASTER", "auto"),
    plain("FYERS_PUBLIC_URL", "https://public.fyers.in"),
    plain("KEEPER_IDEMPOTENT_TAGS", "false"),
    plain("KEEPER_IP_CHECK_URL", "not set"),
    plain("KEEPER_EXPECTED_IP", "not set"),
    secret("KEEPER_WEBHOOK_URL", Show::Host),
    secret("KEEPER_WEBHOOK_SECRET", Show::Fingerprint),
    secret("KEEPER_PING_URL", Show::Host),
    secret("KEEPER_DAILY_PING_URL", Show::Host),
];

/// Names that FYERS' own documents and samples use, and what they are called here.
const ALIASES: [(&str, &str); 2] =
    [("FYERS_APP_ID", "FYERS_CLIENT_ID"), ("FYERS_SECRET_ID", "FYERS_SECRET_KEY")];

/// The other name of a setting or of its `NAME_FILE`, if it has one.
pub fn alias_of(name: &str) -> Option<String> {
    ALIASES.iter().find_map(|(alias, real)| match name.strip_prefix(real)? {
        "" => Some((*alias).to_owned()),
        "_FILE" => Some(format!("{alias}_FILE")),
        _ => None,
    })
}

fn is_alias(name: &str) -> bool {
    ALIASES.iter().any(|(alias, real)| {
        let of_file = spec(real).is_some_and(Spec::is_secret);
        name == *alias || (of_file && name.strip_suffix("_FILE") == Some(alias))
    })
}

/// The setting of this name.
pub fn spec(name: &str) -> Option<&'static Spec> {
    TABLE.iter().find(|spec| spec.name == name)
}

/// Whether this name is a setting or a secret's `NAME_FILE`.
pub fn is_known(name: &str) -> bool {
    let of_file = || name.strip_suffix("_FILE").and_then(spec).is_some_and(Spec::is_secret);
    spec(name).is_some() || is_alias(name) || of_file()
}

/// As names are written here: `fyers-sandbox` is `FYERS_SANDBOX`.
fn as_ours(name: &str) -> String {
    name.to_uppercase().replace(['-', '.', ' '], "_")
}

/// Whether a name begins as ours do, however it is written.
pub fn looks_like_ours(name: &str) -> bool {
    ["FYERS_", "TELEGRAM_", "KEEPER_"].iter().any(|prefix| as_ours(name).starts_with(prefix))
}

/// The settings that a text names, each as it should be written where that can be told; no other word of it.
pub fn names_in(text: &str) -> Vec<String> {
    let word = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let told = |name: &str| match (is_known(name), did_you_mean(name)) {
        (true, _) => Some(name.to_owned()),
        (false, meant) => meant.map(str::to_owned),
    };
    // A blank or a dash in the name: what stands before the value is looked at as one.
    let before = text.split(['=', ':']).next().unwrap_or_default().trim();
    let words = text.split(|c| !word(c)).filter(|name| looks_like_ours(name));
    let mut names: Vec<String> = words.filter_map(told).collect();
    names.dedup();
    if names.is_empty() {
        names.extend(told(before));
    }
    names
}

/// The known name that this one was probably meant to be.
pub fn did_you_mean(name: &str) -> Option<&'static str> {
    let name = as_ours(name);
    let close = |spec: &&Spec| strsim::jaro_winkler(&name, spec.name);
    let best = TABLE.iter().max_by(|a, b| close(a).total_cmp(&close(b)))?;
    (close(&best) > 0.9).then_some(best.name)
}
