//! What a person meant to set and did not: misspelt names, and lines that cannot be read. Real money, or the wish for it,
//! does not start beside one.

use keeper_domain::app_kind::AppKind;

use crate::config::{
    problem::Problem,
    settings::Settings,
    source::{Sources, Unread},
    table,
};

/// Slips of the pen, by what they cost.
#[derive(Default)]
pub(super) struct Slips {
    /// The keeper does not start with these.
    pub(super) fatal: Vec<Problem>,
    /// A person should know of these.
    pub(super) harmless: Vec<Problem>,
}

/// All of them. `live` is whether orders would go to FYERS.
pub(super) fn find(sources: &Sources<'_>, live: bool) -> Slips {
    let mut slips = Slips::default();
    let misspelt = sources.strangers().filter_map(|name| Some((misspelt(name)?, table::did_you_mean(name)?)));
    for (slip, meant) in misspelt {
        match live || meant == SANDBOX {
            true => slips.fatal.push(Problem { what: MISSPELT.to_owned(), ..slip }),
            false => slips.harmless.push(slip),
        }
    }
    for unread in sources.unread {
        match live || unread.names.iter().any(|name| name == SANDBOX) {
            true => {
                slips
                    .fatal
                    .push(problem(unread, "with orders that go to FYERS the keeper does not start so"));
            }
            false => slips.harmless.push(problem(unread, "it is ignored")),
        }
    }
    slips
}

/// The wish for real money is in this one.
const SANDBOX: &str = "FYERS_SANDBOX";
const MISSPELT: &str =
    "is not a setting: the keeper does not start with it, so that no order goes to FYERS by mistake.";

fn misspelt(name: &str) -> Option<Problem> {
    let meant = table::did_you_mean(name)?;
    Some(Problem::new(name, "is not a setting and is ignored.", format!("Did you mean {meant}?")))
}

fn problem(Unread { place, what, names }: &Unread, consequence: &str) -> Problem {
    let name = names.join(", ");
    let remedy =
        format!("Write it as {}=value, or take the line out.", names.first().map_or("NAME", String::as_str));
    Problem::new(&name, format!("cannot be read ({place}: {what}): {consequence}."), remedy)
}

pub(super) fn as_note(slip: &Problem) -> String {
    format!("{} {} {}", slip.name, slip.what, slip.remedy)
}

/// Names of ours that resemble no setting.
pub(super) fn not_ours<'a>(sources: &'a Sources<'_>) -> impl Iterator<Item = String> + 'a {
    let unlike = sources.strangers().filter(|name| table::did_you_mean(name).is_none());
    unlike.map(|name| format!("{name} is not a setting and is ignored."))
}

/// Orders that FYERS will not take are not sent without a word.
pub(super) fn kind_of_app(settings: &Settings) -> Option<String> {
    let app = settings.app.as_ref().filter(|_| !settings.sandbox)?;
    let id = &app.client_id;
    match AppKind::of(id) {
        AppKind::Trades => None,
        AppKind::Reads => Some(format!(
            "FYERS_CLIENT_ID is {id}: FYERS takes no orders from apps that end in -100, they only read. Orders need an \
             app whose id ends in -200."
        )),
        AppKind::Unknown => Some(format!(
            "FYERS_CLIENT_ID is {id}, with an ending that is not known here: FYERS takes orders from apps that end in -200."
        )),
    }
}
