//! The daily login over real sockets: off to FYERS, back, and every way it can go wrong.

use std::{
    io::Write,
    process::Stdio,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use rand::Rng;
use simulator::{Fault, FaultRule, RefreshMode, TokenKind, endpoint};

use crate::support::{DEADLINE, Home, Keeper, Ran, block_on, get, wait_for};

/// A home that FYERS may send the browser back to.
pub(crate) fn home() -> Home {
    let home = Home::with_app(RefreshMode::Disabled);
    home.sim.set_instant_login(true);
    home.sim.set_redirect_uri(&format!("http://127.0.0.1:{}/fyers/callback", home.port));
    home
}

/// An answer, with what a browser would look at.
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: String,
}

fn client() -> reqwest::Client {
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    client.timeout(DEADLINE).build().unwrap()
}

async fn seen(request: reqwest::RequestBuilder) -> Seen {
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Seen { status, headers, body: answer.text().await.unwrap() }
}

fn look(url: &str) -> Seen {
    block_on(seen(client().get(url)))
}

pub(crate) fn send(keeper: &Keeper, code: &str, state: &str) -> Seen {
    let form = [("auth_code", code), ("state", state)];
    block_on(seen(client().post(keeper.url("/fyers/callback")).form(&form)))
}

/// Begins a login; gives FYERS' address and the state in it.
pub(crate) fn begin(keeper: &Keeper) -> (String, String) {
    let seen = look(&keeper.url("/fyers/login"));
    assert_eq!(seen.status, 302, "{}", seen.body);
    let url = seen.headers["location"].to_str().unwrap().to_owned();
    let state = field(&url, "state").unwrap();
    (url, state)
}

pub(crate) fn field(url: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(url).unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// A redirect of the simulated FYERS for this state: code and state.
fn redirect(home: &Home, state: &str) -> (String, String) {
    let url = home.sim.callback_url(state).unwrap();
    (url.clone(), field(&url, "auth_code").unwrap())
}

fn redeemed(home: &Home) -> u64 {
    home.sim.call_count(endpoint::VALIDATE_AUTHCODE).total
}

#[test]
fn another_gateway_key_ends_logins_that_have_begun_at_once() {
    let home = home();
    let keeper = home.start_ready();
    let (_, state) = begin(&keeper);
    let (_, code) = redirect(&home, &state);
    std::fs::write(home.path("state/gateway.key"), "another-gateway-key-0123456789\n").unwrap();
    keeper.wait_logged("keeper.key_replaced");
    let ended = send(&keeper, &code, &state);
    assert_eq!((ended.status, redeemed(&home)), (400, 0), "{}", ended.body);
    let (_, state) = begin(&keeper);
    let (_, code) = redirect(&home, &state);
    let done = send(&keeper, &code, &state);
    assert_eq!((done.status, redeemed(&home)), (200, 1), "{}", done.body);
}

#[test]
fn a_login_goes_to_fyers_and_comes_back_with_a_token() {
    let home = home();
    let keeper = home.start_ready();
    keeper.wait_status("a login required", |status| status["session"]["state"] == "login_required");
    let (url, state) = begin(&keeper);
    assert!(url.starts_with(&format!("{}/generate-authcode?", home.sim.api_url())), "{url}");
    assert_eq!(field(&url, "client_id").unwrap(), "ABCD1234EF-200");
    assert_eq!(field(&url, "response_type").unwrap(), "code");
    assert_eq!(state.len(), 43, "256 bits");
    assert_ne!(begin(&keeper).1, state, "a fresh one each time");

    let (callback, code) = redirect(&home, &state);
    let path = callback.split_once("/fyers").unwrap().1;
    for _ in 0..3 {
        let page = look(&keeper.url(&format!("/fyers{path}")));
        assert_eq!(page.status, 200);
        assert!(page.body.contains("Finish the login") && page.body.contains(&code));
        assert_eq!(page.headers["cache-control"], "no-store");
        assert_eq!(page.headers["referrer-policy"], "no-referrer");
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
    }
    assert_eq!(redeemed(&home), 0, "looking at the page spends nothing");

    let done = send(&keeper, &code, &state);
    assert_eq!(done.status, 200, "{}", done.body);
    assert!(done.body.contains("Logged in") && done.body.contains("AXXX B"), "{}", done.body);
    assert!(!done.body.contains(&code));
    let status = keeper.status();
    assert_eq!(
        (status["session"]["state"].as_str(), status["session"]["source"].as_str()),
        (Some("valid"), Some("login"))
    );
    assert_eq!(status["mode"], "sandbox");
    let (access, refresh) = (home.newest(TokenKind::Access), home.newest(TokenKind::Refresh));
    wait_for(".env", || home.env().contains(&access).then_some(()));
    assert!(home.env().contains(&refresh), "the refresh token that came along is kept too");

    let again = send(&keeper, &code, &state);
    assert_eq!(again.status, 200, "a reload is told how things are: {}", again.body);
    assert!(again.body.contains("Logged in") && again.body.contains("until 06:00"), "{}", again.body);
    assert_eq!(redeemed(&home), 1);
    let log = keeper.log();
    assert!(!log.contains(&code) && !log.contains(&access) && !log.contains(&state), "no secret in the log");
}

#[test]
fn ten_thousand_forged_callbacks_are_all_refused() {
    let home = home();
    let keeper = home.start_ready();
    let (_, state) = begin(&keeper);
    let code = redirect(&home, &state).1;
    let (accepted, answered) = (AtomicUsize::new(0), AtomicUsize::new(0));
    block_on(async {
        let client = client();
        let forge = async |worker: usize| {
            for n in 0..500 {
                let mut forged: [u8; 32] = rand::rng().random();
                forged[0] = (worker + n) as u8;
                let forged = match n % 5 {
                    0 => hex::encode(forged),
                    1 => state[..42].to_owned(),
                    2 => String::new(),
                    3 => state.to_lowercase(),
                    _ => format!("{state}A"),
                };
                let form = [("auth_code", code.as_str()), ("state", &forged)];
                let answer = seen(client.post(keeper.url("/fyers/callback")).form(&form)).await;
                answered.fetch_add(1, Ordering::Relaxed);
                if answer.status == 200 || answer.body.contains("Logged in") {
                    accepted.fetch_add(1, Ordering::Relaxed);
                }
            }
        };
        futures_util::future::join_all((0..20).map(forge)).await;
    });
    assert_eq!((answered.into_inner(), accepted.into_inner()), (10_000, 0));
    assert_eq!(redeemed(&home), 0, "FYERS never heard of them");
    assert_ne!(keeper.status()["session"]["state"], "valid");
    // And the person's own login still works, once the knocking has stopped.
    wait_for("the login", || (send(&keeper, &code, &state).status == 200).then_some(()));
}

#[test]
fn two_posts_at_once_are_one_login_and_both_are_told_so() {
    let home = home();
    let keeper = home.start_ready();
    let (_, state) = begin(&keeper);
    let code = redirect(&home, &state).1;
    let pages: Vec<Seen> = std::thread::scope(|scope| {
        // More than strangers may begin to finish in an hour.
        let posts: Vec<_> = (0..12).map(|_| scope.spawn(|| send(&keeper, &code, &state))).collect();
        posts.into_iter().map(|post| post.join().unwrap()).collect()
    });
    for page in pages {
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(page.body.contains("until 06:00"), "{}", page.body);
    }
    assert_eq!(redeemed(&home), 1);
}

#[test]
fn a_scanner_at_the_login_page_keeps_nobody_out() {
    let home = home();
    let keeper = home.start_ready();
    for _ in 0..300 {
        begin(&keeper);
    }
    let (_, state) = begin(&keeper);
    for n in 0..300 {
        assert_eq!(send(&keeper, "eyJhIjoxfQ.e30.x", &format!("forged-{n}")).status, 400);
    }
    let code = redirect(&home, &state).1;
    assert_eq!(send(&keeper, &code, &state).status, 200, "the state was not pushed out, nothing is used up");
}

#[test]
fn a_state_outlives_a_kill_and_a_used_one_stays_used() {
    let home = home();
    let keeper = home.start_ready();
    let (_, first) = begin(&keeper);
    keeper.kill9();
    let keeper = home.start_ready();
    let code = redirect(&home, &first).1;
    assert_eq!(send(&keeper, &code, &first).status, 200);
    keeper.kill9();
    let keeper = home.start_ready();
    keeper.wait_status("the session", |status| status["session"]["state"] == "valid");
    let fresh = redirect(&home, &first).1;
    assert!(send(&keeper, &fresh, &first).body.contains("Logged in"), "told how things are");
    assert_eq!(redeemed(&home), 1);
}

/// What a person is told who sends a form again that an earlier run of the keeper was sent: what is known, and no more.
#[test]
fn a_login_that_a_kill_has_cut_off_is_not_known_and_one_that_was_refused_is_over() {
    let home = home();
    let keeper = home.start_ready();
    let (_, refused) = begin(&keeper);
    let strangers = home.sim.callback_url_for("XX00002", &refused).unwrap();
    let strangers = field(&strangers, "auth_code").unwrap();
    home.sim.inject(FaultRule::once(
        endpoint::VALIDATE_AUTHCODE,
        Fault::Json {
            status: 400,
            body: serde_json::json!({"s": "error", "code": -437, "message": "invalid auth code"}),
        },
    ));
    let told = send(&keeper, &strangers, &refused);
    assert!(told.body.contains("refuses the code"), "{}", told.body);

    let (_, cut_off) = begin(&keeper);
    let code = redirect(&home, &cut_off).1;
    home.sim.inject(FaultRule::once(endpoint::VALIDATE_AUTHCODE, Fault::Latency { ms: 60_000 }));
    let (form, url) =
        ([("auth_code", code.clone()), ("state", cut_off.clone())], keeper.url("/fyers/callback"));
    let person =
        std::thread::spawn(move || block_on(async { client().post(url).form(&form).send().await.is_err() }));
    wait_for("the login at FYERS", || (redeemed(&home) == 2).then_some(()));
    keeper.kill9();
    assert!(person.join().unwrap(), "nobody has told this browser anything");

    let keeper = home.start_ready();
    keeper.wait_status("a login required", |status| status["session"]["state"] == "login_required");
    let again = send(&keeper, &code, &cut_off);
    assert!(again.body.contains("What came of this login is not known"), "{}", again.body);
    assert!(again.body.contains("if it still asks for a login, log in again"), "{}", again.body);
    let over = send(&keeper, &strangers, &refused);
    assert!(over.body.contains("This login is already done"), "{}", over.body);
    assert_eq!(redeemed(&home), 2, "neither state is used a second time");
}

#[test]
fn another_persons_login_never_arms_the_keeper() {
    let home = home();
    let keeper = home.start_ready();
    let (_, state) = begin(&keeper);
    assert_eq!(send(&keeper, &redirect(&home, &state).1, &state).status, 200);
    let before = keeper.status()["session"].clone();

    let (_, state) = begin(&keeper);
    let url = home.sim.callback_url_for("XX00002", &state).unwrap();
    let page = send(&keeper, &field(&url, "auth_code").unwrap(), &state);
    assert_eq!(page.status, 400);
    assert!(page.body.contains("Wrong account"), "{}", page.body);
    assert_eq!(
        keeper.status()["session"]["fingerprint"],
        before["fingerprint"],
        "the good token stays in use"
    );
    assert_eq!(keeper.status()["mode"], "sandbox");
}

#[test]
fn what_fyers_says_no_to_is_told_in_its_words() {
    let home = home();
    let keeper = home.start_ready();
    let (_, state) = begin(&keeper);
    let words = "User%20denied%20%3Cb%3Eaccess%20%E2%80%AEnow";
    let denied = |state: &str| {
        look(&keeper.url(&format!("/fyers/callback?s=error&code=-413&message={words}&state={state}")))
    };
    for forged in ["", "x", &state[1..]] {
        let page = denied(forged);
        assert_eq!(page.status, 400);
        assert!(!page.body.contains("denied") && !page.body.contains("-413"), "{}", page.body);
    }
    let denied = denied(&state);
    assert_eq!(denied.status, 400);
    assert!(
        denied.body.contains("FYERS refused the login") && denied.body.contains("-413"),
        "{}",
        denied.body
    );
    assert!(!denied.body.contains("<b>"), "somebody else's words are text");
    assert!(!denied.body.contains('\u{202e}'), "and cannot turn the direction of the page");
    assert_eq!(look(&keeper.url("/fyers/callback")).status, 400);

    let (_, state) = begin(&keeper);
    let code = redirect(&home, &state).1;
    assert_eq!(send(&keeper, &code, &state).status, 200);
    let (_, state) = begin(&keeper);
    assert_eq!(send(&keeper, &code, &state).status, 200, "a code that comes again is told how it went");
    // A keeper that does not remember the code brings it to FYERS once more.
    keeper.kill9();
    let keeper = home.start_ready();
    keeper.wait_status("the session", |status| status["session"]["state"] == "valid");
    let (_, state) = begin(&keeper);
    let spent = send(&keeper, &code, &state);
    assert!(spent.body.contains("refuses the code") && spent.body.contains("-437"), "{}", spent.body);
    assert_eq!(keeper.status()["session"]["state"], "valid", "and the session is as it was");
}

#[test]
fn without_an_app_the_page_says_so() {
    let home = Home::bare(simulator::Options::default());
    let keeper = home.start_ready();
    let page = look(&keeper.url("/fyers/login"));
    assert_eq!(page.status, 400);
    assert!(page.body.contains("No FYERS app is configured"), "{}", page.body);
    let page = keeper.get_with_own_key("/").unwrap().1;
    assert!(page.contains("To set the keeper up") && !page.contains("id=\"login\""), "{page}");
}

/// Runs `login`, pastes this, and waits for its end.
fn paste(home: &Home, text: impl FnOnce(&str) -> String) -> Ran {
    let mut command = home.command(&["login", "--json"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut err = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut told = String::new();
    let link = loop {
        let mut line = String::new();
        assert_ne!(std::io::BufRead::read_line(&mut err, &mut line).unwrap(), 0, "no link: {told}");
        told += &line;
        if line.contains("/generate-authcode?") {
            break line.trim().to_owned();
        }
    };
    writeln!(child.stdin.take().unwrap(), "{}", text(&link)).unwrap();
    let end = Instant::now() + DEADLINE;
    std::io::Read::read_to_string(&mut err, &mut told).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(Instant::now() < end);
    Ran { code: output.status.code(), out: String::from_utf8(output.stdout).unwrap(), err: told }
}

#[test]
fn the_command_line_takes_the_address_or_the_bare_code() {
    let home = home();
    let ran = paste(&home, |link| redirect(&home, &field(link, "state").unwrap()).0).exits(0);
    assert_eq!(ran.json()["good"], true);
    assert!(ran.err.contains('█') || ran.err.contains('▀'), "there is a QR code: {}", ran.err);
    let warned = ran.err.starts_with(
        "The page after the login will not open: that is expected. Copy its address and paste it here.\nLog in to FYERS here:\n",
    );
    assert!(warned, "before the link: {}", ran.err);
    home.run(&["check"]).exits(0);
    assert!(home.env().contains(&home.newest(TokenKind::Access)));

    paste(&home, |_| redirect(&home, "any").1).exits(0);
    let forged = paste(&home, |_| redirect(&home, "another-state").0).exits(77);
    assert_eq!(forged.json()["good"], false, "an address from another login");
    paste(&home, |_| "hello".to_owned()).exits(77);
}

#[test]
fn the_command_line_logs_a_running_keeper_in() {
    let home = home();
    let keeper = home.start_ready();
    let ran = paste(&home, |link| redirect(&home, &field(link, "state").unwrap()).0).exits(0);
    assert_eq!(keeper.status()["session"]["state"], "valid");
    let asked = ran.err.starts_with(
        "Is your browser on another machine than the keeper? The page after the login will not open: that is expected.",
    );
    assert!(asked, "on this machine it opens: {}", ran.err);
    // A second login that comes by browser while the command waits for a paste.
    let ran = paste(&home, |link| {
        let state = field(link, "state").unwrap();
        assert_eq!(send(&keeper, &redirect(&home, &state).1, &state).status, 200);
        String::new()
    });
    assert_eq!(ran.exits(0).json()["good"], true);
    assert!(get(&keeper.url("/livez")).is_some());
}
