//! Characters that are not seen but turn a text round or command a terminal, in everything that a request can say, to every
//! route of the keeper's own: none of them comes back raw, or as an entity that is one.

use std::{collections::BTreeSet, fs, path::Path, sync::LazyLock};

use keeper_domain::text::is_hidden;
use regex::Regex;
use reqwest::{Method, header::HeaderValue};
use simulator::Options;

use crate::{
    browserless::{Answer, day, get, key, log_in, post, send, unlock},
    support::{Home, Keeper},
};

/// Of every kind: an override and an isolate of direction, a mark, controls of both sets, one without width, a tag.
const HIDDEN: &str = "a\u{202e}\u{1b}[31m\0\u{2066}\u{200f}\u{9b}2J\u{feff}\u{e0041}\u{7}<b>z";
/// The same for a header, which holds no controls.
const IN_HEADER: &str = "a\u{202e}\u{2066}\u{200f}\u{9b}\u{feff}z";
/// What a form needs beside the field that is looked at.
const GOOD: [(&str, &str); 4] = [("mode", "live"), ("name", "abc"), ("secret", "SIMULATED1"), ("state", "x")];
const HEADERS: [&str; 9] = [
    "user-agent",
    "accept-language",
    "authorization",
    "cookie",
    "last-event-id",
    "referer",
    "x-forwarded-for",
    "x-request-id",
    "content-type",
];
/// Where a form of the pages goes, and the page that shows what came of it.
const FORMS: [(&str, &str); 6] = [
    ("/keys/add", "/keys"),
    ("/unlock", "/"),
    ("/fyers/callback", "/"),
    ("/setup/begin", "/setup"),
    ("/setup/app", "/setup"),
    ("/setup/telegram", "/setup"),
];
const OWN: (&str, &str) = ("sec-fetch-site", "same-origin");

static ENTITY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"&#(x?)([0-9A-Fa-f]+);").unwrap());

fn sources(folder: &Path, ending: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let of = |path: std::path::PathBuf| match path.is_dir() {
        true => sources(&path, ending),
        false if path.extension().is_some_and(|found| found == ending) => {
            vec![fs::read_to_string(path).unwrap()]
        }
        false => vec![],
    };
    entries.flat_map(of).collect()
}

fn http(ending: &str) -> String {
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http"), ending).join("\n")
}

/// Every route of the keeper's own, as the source has them: a new one is looked at without a change here.
fn routes() -> BTreeSet<String> {
    let each = Regex::new(r#"web::resource\("([^"]+)"\)"#).unwrap();
    let all: BTreeSet<String> = each.captures_iter(&http("rs")).map(|found| found[1].to_owned()).collect();
    assert!(all.len() > 25 && all.contains("/keys/{name}/{act}"), "{all:?}");
    all
}

/// Every name that a form, a query or JSON may have: the fields of the source's structs and of the templates' forms.
fn names() -> BTreeSet<String> {
    let (fields, inputs) = (
        Regex::new(r"(?m)^ {4}(?:pub(?:\([a-z:: ]+\))? )?([a-z_]+): ").unwrap(),
        Regex::new(r#" name="([a-z_]+)""#).unwrap(),
    );
    let read = Regex::new(r"Deserialize[^{]*struct [^{]*\{([^}]*)\}").unwrap();
    let source = http("rs");
    let in_structs = read.captures_iter(&source).flat_map(|found| {
        let of: Vec<String> =
            fields.captures_iter(found.get(1).unwrap().as_str()).map(|one| one[1].to_owned()).collect();
        of
    });
    let mut all: BTreeSet<String> = in_structs.collect();
    all.extend(inputs.captures_iter(&http("html")).map(|found| found[1].to_owned()));
    for known in [
        "once",
        "limit",
        "max_loss",
        "auth_code",
        "state",
        "public_url",
        "id",
        "bot",
        "card",
        "key",
        "pasted",
    ] {
        assert!(all.contains(known), "{known} is not in {all:?}");
    }
    all
}

/// What of a text is hidden, be it written as it is or as an entity.
fn hidden_in(text: &str) -> Option<char> {
    let hides = |c: &char| is_hidden(*c) && !matches!(c, '\n' | '\t' | '\u{fe0f}');
    let entity = |found: regex::Captures<'_>| {
        let radix = if found[1].is_empty() { 10 } else { 16 };
        u32::from_str_radix(&found[2], radix).ok().and_then(char::from_u32)
    };
    text.chars().find(hides).or_else(|| ENTITY.captures_iter(text).filter_map(entity).find(hides))
}

/// How many answers were looked at.
#[derive(Default)]
struct Looked(u32);

impl Looked {
    fn at(&mut self, what: &str, answer: &Answer) {
        self.0 += 1;
        let head: String =
            answer.headers.iter().map(|(_, value)| String::from_utf8_lossy(value.as_bytes())).collect();
        for (part, text) in [("head", head.as_str()), ("body", &answer.body)] {
            if let Some(c) = hidden_in(text) {
                panic!("{what}: the {part} has {c:?}: {text:?}");
            }
        }
    }
}

/// The same field for everything.
fn all(names: &BTreeSet<String>) -> Vec<(&str, &str)> {
    names.iter().map(|name| (name.as_str(), HIDDEN)).collect()
}

/// Everything that a request can say is hidden, with these headers.
fn ask(keeper: &Keeper, route: &str, names: &BTreeSet<String>, shown: &[(&str, &str)], looked: &mut Looked) {
    let escaped: String =
        url::form_urlencoded::byte_serialize(HIDDEN.replace(['/', '\0'], "").as_bytes()).collect();
    let path = Regex::new(r"\{[^}]*\}").unwrap().replace_all(route, escaped.as_str()).into_owned();
    // An event stream has no end: of that one the head alone would come.
    if path == "/events" || path == "/feed" {
        return;
    }
    for accept in ["text/html", "*/*"] {
        let headers = [shown, &[OWN, ("accept", accept)]].concat();
        looked.at(
            &format!("GET {path}"),
            &send(|client| {
                let asked = client.get(keeper.url(&path)).query(&all(names));
                crate::browserless::with(asked, &headers)
            }),
        );
        for method in [Method::POST, Method::DELETE] {
            looked.at(
                &format!("{method} {path}, a form"),
                &send(|client| {
                    let asked = client.request(method.clone(), keeper.url(&path)).form(&all(names));
                    crate::browserless::with(asked, &headers)
                }),
            );
            let object: serde_json::Map<String, serde_json::Value> =
                names.iter().map(|name| (name.clone(), HIDDEN.into())).collect();
            looked.at(
                &format!("{method} {path}, JSON"),
                &send(|client| {
                    let asked = client.request(method.clone(), keeper.url(&path)).json(&object);
                    crate::browserless::with(asked, &headers)
                }),
            );
        }
    }
    for header in HEADERS {
        looked.at(
            &format!("GET {path} with {header}"),
            &send(|client| {
                let value = HeaderValue::from_bytes(IN_HEADER.as_bytes()).unwrap();
                client.get(keeper.url(&path)).header(header, value).header("accept", "text/html")
            }),
        );
    }
}

/// One field after the other is hidden in forms that are as they should be otherwise.
fn press(keeper: &Keeper, visit: (&str, &str), names: &BTreeSet<String>, looked: &mut Looked) {
    let ((cookie, token), mut shown) = (visit, 0);
    for (path, page) in FORMS {
        for name in names {
            let good = GOOD.iter().copied().chain([("token", token)]).filter(|(good, _)| good != name);
            let others =
                names.iter().filter(|other| *other != name && !GOOD.iter().any(|(good, _)| good == other));
            let empty = others
                .filter(|other| *other != "token" && *other != "read_only")
                .map(|other| (other.as_str(), ""));
            let fields: Vec<(&str, &str)> = good.chain(empty).chain([(name.as_str(), HIDDEN)]).collect();
            let what = format!("{path} with {name}");
            looked.at(&what, &post(keeper, path, &[("cookie", cookie), OWN], &fields));
            let after = get(keeper, page, &[("cookie", cookie)]);
            looked.at(&what, &after);
            shown += u32::from(after.body.to_lowercase().contains("value=\"a\u{fffd}\u{fffd}[31m"));
        }
    }
    assert!(shown > 0, "no form was shown again with what was entered");
}

#[test]
fn nothing_hidden_comes_back_whatever_a_request_says() {
    let (names, mut looked) = (names(), Looked::default());
    let home = day();
    let keeper = home.start_ready();
    log_in(&home, &keeper);
    let cookie = unlock(&keeper, &key(&home)).cookie();
    let token = get(&keeper, "/", &[("cookie", &cookie)]).token();
    press(&keeper, (&cookie, &token), &names, &mut looked);
    let kept = get(&keeper, "/keys", &[("cookie", &cookie)]).body;
    let bearer = format!("Bearer {}", key(&home));
    for route in routes() {
        ask(&keeper, &route, &names, &[], &mut looked);
        // What ends or passes on the keeper is for the door alone.
        if !["/lock", "/api/handover"].contains(&route.as_str()) {
            ask(&keeper, &route, &names, &[("cookie", &cookie), ("authorization", &bearer)], &mut looked);
        }
    }
    assert!(kept.contains("Add the key"), "it was the page with its form: {kept}");
    println!("tried: {} requests with hidden characters", looked.0);
}

#[test]
fn the_pages_of_the_set_up_show_nothing_hidden_either() {
    let (names, mut looked) = (names(), Looked::default());
    let home = Home::bare(Options::default());
    home.sim.set_instant_login(true);
    let telegram = home.sim.telegram_url();
    let home = home.set("TELEGRAM_API_URL", telegram);
    let keeper = home.start_ready();
    let once: String = url::form_urlencoded::byte_serialize(HIDDEN.as_bytes()).collect();
    let begun = get(&keeper, &format!("/setup?once={once}"), &[]);
    assert!(begun.body.contains("name=\"once\" value=\"a\u{fffd}"), "{}", begun.body);
    looked.at("the link", &begun);
    let cookie = unlock(&keeper, &key(&home)).cookie();
    let token = get(&keeper, "/setup", &[("cookie", &cookie)]).token();
    press(&keeper, (&cookie, &token), &names, &mut looked);
    println!("tried: {} requests with hidden characters", looked.0);
}
