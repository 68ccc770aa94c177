//! `key`: the keys of bots. A running keeper makes the change itself; without one it is made in the store, so that there
//! is never a second writer.

use std::sync::Arc;

use keeper_domain::{
    keys::{BotName, KeyProblem, KeyRing, NameProblem, token},
    mode::Mode,
    text::excerpt,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::{
    cli::{
        exit::Exit,
        failure::Failure,
        key_args::{Ceiling, KeyArgs, KeyVerb, Named},
        key_file,
        key_table::key_table,
        output::{fail, json as print_json, no_runtime, no_state, put, say},
        probe::{self, Answer, Remote},
        setup::{CliConfig, load},
        start::where_to_look,
        state_store::StateStore,
        width::table_room,
    },
    http::GatewayKey,
    keys::{Issued, KeyAdmin, KeyError, KeyRow, KeyWish, RotateOwner},
    private_file::{self, Rules},
    store::{
        StateDir, StateDirError,
        state_dir::{SIGNING_SECRET, replace_gateway_key},
    },
    wall_clock::WallClock,
};

/// What the signs of the table mean.
const LEGEND: &str = "ORDER: the largest. ORDERS, LOSS: today/most a day. -: no limit.";
/// And the one that stands there only without a keeper.
const UNKNOWN_DAY: &str = "?: not known while no keeper runs.";
const WHO: &str = "the command line";

pub(super) fn key(verb: KeyVerb) -> Result<Exit, Failure> {
    let config = load()?;
    config.start_log(false);
    if !matches!(verb, KeyVerb::Add(_)) {
        has_a_state(&config)?;
    }
    match verb {
        KeyVerb::Add(args) => add(&config, &args),
        KeyVerb::List { json } => list(&config, json),
        KeyVerb::Show { name, json } => show(&config, &name, json),
        KeyVerb::Rotate(Named { name, json }) => {
            issued(&change(&config, &Change::Rotate(named(&name)?))?, json)
        }
        KeyVerb::Remove(Named { name, json }) => {
            let done = format!("The key of bot {name} is removed.");
            told(&change(&config, &Change::Remove(named(&name)?))?, &done, json)
        }
        KeyVerb::Halt(Named { name, json }) => {
            let done = format!("Bot {name} is halted: its entries are refused, its exits pass.");
            let answer = change(&config, &Change::Halt(named(&name)?, true))?;
            told(&answer, &if_changed(&answer, done, format!("Bot {name} was halted already.")), json)
        }
        KeyVerb::Resume(Named { name, json }) => {
            let done = format!("The halt of bot {name} is over.");
            let answer = change(&config, &Change::Halt(named(&name)?, false))?;
            told(&answer, &if_changed(&answer, done, format!("Bot {name} was not halted.")), json)
        }
    }
}

/// A keeper of before does not tell whether anything changed.
fn if_changed(answer: &Value, done: String, else_so: String) -> String {
    if answer["changed"] == false { else_so } else { done }
}

/// In a folder that is not the keeper's there are no keys, and one that is made there opens nothing elsewhere.
fn has_a_state(config: &CliConfig) -> Result<(), Failure> {
    let folder = &config.settings.state_dir;
    let is_there = ["keeper.db", "gateway.key"].iter().any(|name| folder.join(name).exists());
    if is_there || config.settings.database_url.is_some() {
        return Ok(());
    }
    let what = format!("there is no keeper's state in {}", folder.display());
    let remedy = "Run this in the keeper's folder, or set KEEPER_STATE_DIR. A new keeper: fyers-keeper run";
    Err(fail(Exit::Error, &what, remedy))
}

/// What is to be changed.
enum Change {
    Add(KeyWish),
    Rotate(BotName),
    Remove(BotName),
    Halt(BotName, bool),
}

impl Change {
    /// The same as a request to a running keeper.
    async fn ask(&self, remote: &Remote) -> Option<Answer> {
        match self {
            Self::Add(wish) => remote.send("POST", "keys", Some(wish)).await,
            Self::Rotate(name) => remote.send("POST", &format!("keys/{name}/rotate"), None).await,
            Self::Remove(name) => remote.send("DELETE", &format!("keys/{name}"), None).await,
            Self::Halt(name, true) => remote.send("POST", &format!("keys/{name}/halt"), None).await,
            Self::Halt(name, false) => remote.send("POST", &format!("keys/{name}/resume"), None).await,
        }
    }

    /// What came out, as the keeper's API has it.
    async fn make(&self, admin: &KeyAdmin) -> Result<Value, KeyError> {
        let token = |Issued { name, token }: Issued| serde_json::json!({ "name": name, "token": token.expose_secret() });
        match self {
            Self::Add(wish) => {
                let wish = wish.read().map_err(KeyProblem::from)?;
                admin.add(wish, WHO).await.map(token)
            }
            Self::Rotate(name) => admin.rotate(name, WHO).await.map(token),
            Self::Remove(name) => admin.remove(name, WHO).await.map(|()| serde_json::json!({ "done": true })),
            Self::Halt(name, halted) => {
                let changed = admin.halt(name, *halted, WHO).await;
                changed.map(|changed| serde_json::json!({ "done": true, "changed": changed }))
            }
        }
    }
}

fn add(config: &CliConfig, args: &KeyArgs) -> Result<Exit, Failure> {
    let wish = KeyWish {
        name: args.name.clone(),
        mode: Some(match args.mode {
            Ceiling::Live => Mode::Live,
            Ceiling::Sandbox => Mode::Sandbox,
            Ceiling::Mock => Mode::Mock,
        }),
        read_only: args.read_only,
        max_order_value: args.max_order_value,
        max_orders_per_day: args.max_orders_per_day,
        max_loss: args.max_loss,
    };
    let chosen = |problem: NameProblem| {
        let what = format!("\"{}\" is no name for a bot: {problem}", excerpt(&args.name, 40));
        fail(Exit::Error, &what, "Choose a name, as scalper-2.")
    };
    wish.read().map_err(chosen)?;
    let answer = change(config, &Change::Add(wish))?;
    issued(&answer, args.json)?;
    if !args.json {
        say(&format!("\n{}", allowed(args)));
    }
    Ok(Exit::Good)
}

/// What the key lets its bot do, and how it is made one of less: a key is for real orders unless somebody says otherwise.
fn allowed(args: &KeyArgs) -> String {
    let name = &args.name;
    match (args.read_only, args.mode) {
        (true, _) => "It may read; no order of it is sent or simulated.".to_owned(),
        (false, Ceiling::Live) => format!(
            "Its orders go wherever the keeper's mode says: to FYERS while that is Live. For a bot on trial: \
             `fyers-keeper key remove {name}`, then `fyers-keeper key add {name} --mode sandbox`."
        ),
        (false, Ceiling::Sandbox) => {
            "Its orders are always simulated, at real prices while there is a token.".to_owned()
        }
        (false, Ceiling::Mock) => "Its orders and its prices are always simulated.".to_owned(),
    }
}

fn named(name: &str) -> Result<BotName, Failure> {
    BotName::new(name).map_err(|problem| wrong(&problem.to_string()))
}

fn wrong(problem: &str) -> Failure {
    fail(Exit::Error, problem, "Look at the keys there are: fyers-keeper key list")
}

/// Makes the change where the state is: in a running keeper, else here. What came out, as the keeper's API has it.
fn change(config: &CliConfig, change: &Change) -> Result<Value, Failure> {
    match StateDir::open(&config.settings.state_dir) {
        Err(StateDirError::Locked { .. }) => by_running_keeper(config, change),
        Err(error) => Err(no_state(&error)),
        Ok(state) => {
            let made = probe::block_on(here(config, &state, change));
            made.unwrap_or_else(|| Err(no_runtime()))
        }
    }
}

fn by_running_keeper(config: &CliConfig, change: &Change) -> Result<Value, Failure> {
    let answer = probe::block_on(async { change.ask(&Remote::new(config)?).await }).flatten();
    let Some(Answer { good, body }) = answer else { return Err(probe::mute(config)) };
    if good {
        return Ok(body);
    }
    let problem = body["error"].as_str().unwrap_or("the keeper refused");
    Err(wrong(&keeper_domain::text::excerpt(problem, 300)))
}

async fn here(config: &CliConfig, state: &StateDir, change: &Change) -> Result<Value, Failure> {
    let (admin, storage) = admin(config, state).await?;
    let made = change.make(&admin).await;
    drop(admin);
    storage.end_task(config, state).await;
    made.map_err(|error| wrong(&error.to_string()))
}

/// The keys of a state folder that this process holds.
async fn admin(config: &CliConfig, state: &StateDir) -> Result<(KeyAdmin, StateStore), Failure> {
    let Some(storage) = StateStore::open_if_free(config, state).await? else {
        let remedy = "Run this command on the host of that keeper.";
        return Err(fail(Exit::TryLater, "another keeper acts on this database", remedy));
    };
    storage.share_secrets(state).await?;
    let store = storage.store();
    let stored = store.keys().await;
    let stored = stored.map_err(|error| fail(Exit::Error, &error.to_string(), where_to_look(&error)))?;
    let signing = state.signing_secret().map_err(|error| no_state(&error))?;
    let owner = key_file::gateway_key(config, state)?;
    let ring = KeyRing::new(stored, &owner, &signing, chrono::Utc::now());
    let keys = Arc::new(arc_swap::ArcSwap::from_pointee(ring));
    let rotate = rotate_owner(config, None);
    Ok((KeyAdmin::new(store, Arc::new(WallClock), keys, signing, rotate), storage))
}

/// How the first key is replaced: not where it is a setting.
pub(super) fn rotate_owner(config: &CliConfig, running: Option<GatewayKey>) -> Option<RotateOwner> {
    // Keepers of one database share the key: it is a setting of all of them when it is to be changed.
    if config.settings.database_url.is_some() {
        return None;
    }
    let folder = config.settings.state_dir.clone();
    let redactor = config.redactor.clone();
    let rotate = move || {
        let key = replace_gateway_key(&folder)?;
        redactor.register(&key);
        if let Some(running) = &running {
            running.replace(key.clone());
        }
        Ok(key)
    };
    config.settings.gateway_key.is_none().then(|| Arc::new(rotate) as RotateOwner)
}

fn issued(answer: &Value, json: bool) -> Result<Exit, Failure> {
    if json {
        print_json(answer);
        return Ok(Exit::Good);
    }
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    let again = match text("name").as_str() {
        "default" => "`fyers-keeper key show default` shows it again.",
        _ => "It is shown this once: the keeper itself cannot show it again. `key rotate` makes a new one.",
    };
    say(&format!("Bot {}: use this as its access token. {again}", text("name")));
    put(&format!("\n{}", text("token")));
    Ok(Exit::Good)
}

fn told(answer: &Value, words: &str, json: bool) -> Result<Exit, Failure> {
    if json {
        print_json(answer);
    } else {
        say(words);
    }
    Ok(Exit::Good)
}

/// All keys, from the running keeper or from the store.
fn rows(config: &CliConfig) -> Result<Vec<KeyRow>, Failure> {
    match StateDir::open(&config.settings.state_dir) {
        Err(StateDirError::Locked { .. }) => {
            let ask = async { Remote::new(config)?.send("GET", "keys", None).await };
            let answer = probe::block_on(ask).flatten().filter(|answer| answer.good);
            let rows = answer.and_then(|answer| serde_json::from_value(answer.body["keys"].clone()).ok());
            rows.ok_or_else(|| probe::mute(config))
        }
        Err(error) => Err(no_state(&error)),
        Ok(state) => {
            let read = async {
                let (admin, storage) = admin(config, &state).await?;
                let rows = admin.ring().all().iter().map(|key| KeyRow::of(key, None)).collect();
                storage.close().await;
                Ok(rows)
            };
            probe::block_on(read).unwrap_or_else(|| Err(no_runtime()))
        }
    }
}

fn list(config: &CliConfig, json: bool) -> Result<Exit, Failure> {
    let rows = rows(config)?;
    if json {
        print_json(&serde_json::json!({ "keys": rows }));
    } else {
        put(&key_table(&rows, table_room()));
        say(LEGEND);
        if rows.iter().any(|row| row.today.is_none()) {
            say(UNKNOWN_DAY);
        }
    }
    Ok(Exit::Good)
}

fn show(config: &CliConfig, name: &str, json: bool) -> Result<Exit, Failure> {
    let name = named(name)?;
    let row = rows(config)?.into_iter().find(|row| row.name == name.as_str());
    let row = row.ok_or_else(|| wrong(&KeyProblem::Unknown(name.clone()).to_string()))?;
    let token = if name.is_owner() { owners_token(config) } else { None };
    if json {
        let mut shown = serde_json::to_value(&row).unwrap_or_default();
        if let Some(token) = &token {
            shown["token"] = Value::from(token.expose_secret());
        }
        print_json(&shown);
        return Ok(Exit::Good);
    }
    let mut text = key_table(std::slice::from_ref(&row), table_room());
    match &token {
        Some(token) => text.push_str(&format!("\n\nIts token:\n{}", token.expose_secret())),
        None if name.is_owner() => text.push_str("\n\nIts token is not known here: start the keeper once."),
        None => text.push_str("\n\nIts token was shown once; `key rotate` makes a new one."),
    }
    put(&text);
    Ok(Exit::Good)
}

/// The first key as a token: made of what lies in the state folder.
fn owners_token(config: &CliConfig) -> Option<SecretString> {
    let key = probe::key(config)?;
    let file = private_file::read(&config.settings.state_dir.join(SIGNING_SECRET), Rules::OWN).ok()?;
    let signing = SecretString::from(file.text.trim().to_owned());
    Some(token::of_owner(&signing, &key).token)
}
