//! What the pages look like. The names and ids of their fields are part of the simulator's interface.

use crate::broker::{LoginSession, LoginStep};
use crate::endpoint;
use crate::http::{Request, Response};

const STYLE: &str = "*{box-sizing:border-box}body{margin:0;min-height:100vh;display:flex;align-items:center;\
justify-content:center;background:#eef1f6;color:#1c2430;font:16px/1.5 system-ui,sans-serif}\
main{width:100%;max-width:24rem;margin:1rem;padding:1.5rem;background:#fff;border-radius:12px;\
box-shadow:0 2px 12px rgba(28,36,48,.12)}h1{margin:0 0 .25rem;font-size:1.35rem}p{margin:.5rem 0}\
.sim{color:#68758a;font-size:.8rem}label{display:block;margin:1rem 0 .25rem;font-weight:600}\
input{width:100%;padding:.75rem;font:inherit;font-size:1.15rem;border:1px solid #b6c0cf;border-radius:8px}\
button{width:100%;min-height:3rem;margin-top:1rem;font:inherit;font-weight:600;border:0;border-radius:8px;\
background:#2746d6;color:#fff}button.quiet{background:#e6eaf1;color:#1c2430}\
.error{padding:.6rem .75rem;border-radius:8px;background:#fdeaea;color:#a11818}\
code{display:block;padding:.75rem;border-radius:8px;background:#eef1f6;overflow-wrap:anywhere;user-select:all}";

/// One page of a login.
pub(super) struct Page<'a> {
    session: &'a LoginSession,
    error: Option<&'a str>,
    status: u16,
}

impl<'a> Page<'a> {
    pub(super) fn of(session: &'a LoginSession) -> Self {
        Self { session, error: None, status: 200 }
    }

    pub(super) fn with_error(mut self, what: &'a str) -> Self {
        self.error = Some(what);
        self
    }

    pub(super) fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(super) fn show(&self) -> Response {
        let (title, intro, fields) = content(self.session);
        let error = self.error.map_or(String::new(), |what| {
            format!("<p class=\"error\" id=\"error\" role=\"alert\">{}</p>", escaped(what))
        });
        let body = format!(
            "<h1>{title}</h1>{intro}{error}<form method=\"post\" action=\"{}\">\
             <input type=\"hidden\" name=\"session\" value=\"{}\">{fields}</form>",
            action(self.session.step),
            escaped(&self.session.id),
        );
        document(self.status, title, &body)
    }
}

fn action(step: LoginStep) -> &'static str {
    match step {
        LoginStep::ClientId => endpoint::LOGIN_CLIENT_ID,
        LoginStep::Otp => endpoint::LOGIN_OTP,
        LoginStep::Pin => endpoint::LOGIN_PIN,
        LoginStep::Consent => endpoint::LOGIN_CONSENT,
    }
}

/// Title, introduction and input fields of the page a login is at.
fn content(session: &LoginSession) -> (&'static str, String, String) {
    let user = escaped(session.who());
    match session.step {
        LoginStep::ClientId => (
            "Log in",
            "<p>Enter your client ID to continue.</p>".into(),
            input("client_id", "Client ID", "type=\"text\" autocapitalize=\"characters\" maxlength=\"20\""),
        ),
        LoginStep::Otp => (
            "Enter OTP",
            format!("<p>Six digits were sent to the phone of <b id=\"user\">{user}</b>.</p>"),
            input("otp", "OTP", &digits("text", "one-time-code", 6)),
        ),
        LoginStep::Pin => (
            "Enter PIN",
            format!("<p>The four-digit PIN of <b id=\"user\">{user}</b>.</p>"),
            input("pin", "PIN", &digits("password", "off", 4)),
        ),
        LoginStep::Consent => (
            "Allow access?",
            format!("<p>The app asks to trade and read the account <b id=\"user\">{user}</b> today.</p>"),
            "<button id=\"allow\" name=\"decision\" value=\"allow\">Allow</button>\
             <button id=\"deny\" name=\"decision\" value=\"deny\" class=\"quiet\">Deny</button>"
                .into(),
        ),
    }
}

fn digits(kind: &str, fill: &str, count: usize) -> String {
    format!(
        "type=\"{kind}\" autocomplete=\"{fill}\" inputmode=\"numeric\" pattern=\"[0-9]{{{count}}}\" maxlength=\"{count}\""
    )
}

fn input(id: &str, label: &str, attributes: &str) -> String {
    format!(
        "<label for=\"{id}\">{label}</label><input id=\"{id}\" name=\"{id}\" {attributes} required autofocus>\
         <button id=\"continue\">Continue</button>"
    )
}

/// The page of a login that cannot go on; `again` starts a new one.
pub(super) fn over(again: Option<&str>) -> Response {
    let link = again.map_or(String::new(), |link| {
        format!("<p><a id=\"restart\" href=\"{}\">Start again</a></p>", escaped(link))
    });
    let body = format!(
        "<h1>Login expired</h1><p class=\"error\" id=\"error\" role=\"alert\">This login has expired or was used \
         already.</p>{link}"
    );
    document(410, "Login expired", &body)
}

/// Shows the values a redirect brought, as text to copy.
pub(super) fn landing(request: &Request) -> Response {
    let shown = |id: &str, label: &str, name: &str| {
        request.query(name).map_or(String::new(), |value| {
            format!("<p>{label}</p><code id=\"{id}\">{}</code>", escaped(value))
        })
    };
    let body = if request.query("auth_code").is_some() {
        format!(
            "<h1>Auth code</h1><p>Copy it into your app; it works once.</p>{}{}",
            shown("auth_code", "Auth code", "auth_code"),
            shown("state", "State", "state"),
        )
    } else {
        format!(
            "<h1>No auth code</h1><p class=\"error\" id=\"error\" role=\"alert\">The login brought none.</p>{}{}{}",
            shown("code", "Code", "code"),
            shown("message", "Message", "message"),
            shown("state", "State", "state"),
        )
    };
    document(200, "Login result", &body)
}

/// A whole page. Codes pass through these addresses, so the page must not be cached, framed or sent as a referrer.
fn document(status: u16, title: &str, body: &str) -> Response {
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title} - simulated broker</title><style>{STYLE}</style></head>\n<body><main>{body}\
         <p class=\"sim\">Simulated broker. No real account is behind this page.</p></main></body></html>\n"
    );
    Response::text(status, "text/html; charset=utf-8", &page)
        .header("Cache-Control", "no-store".into())
        .header("Referrer-Policy", "no-referrer".into())
        .header(
            "Content-Security-Policy",
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'".into(),
        )
}

/// Text made harmless inside an element or a quoted attribute.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(sign),
        }
    }
    safe
}
