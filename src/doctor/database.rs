//! PostgreSQL, where the state is in it: does it answer, to whom, may it be written, and who acts.

use chrono::TimeDelta;

use crate::config::Settings;
use crate::doctor::finding::{Finding, span};
use crate::store::postgres::{Address, Awaiting, Away, Candidate, DatabaseReport, LeaseRow, Tls};

/// The oldest version that its makers still maintain.
const OLDEST: i32 = 14;
/// The database's clock and this machine's: beyond this, times in alerts and logs mislead.
const MUCH_SKEW: f64 = 5.0;

/// `None` where the state is in the state folder.
pub(super) async fn postgres(settings: &Settings) -> Option<Vec<Finding>> {
    let url = settings.database_url.as_ref()?;
    let examined = match Address::parse(url) {
        Ok(address) => address.examine().await.map(|report| (address, report)),
        Err(flaw) => Err(flaw.into()),
    };
    Some(match examined {
        Ok((address, report)) => {
            let mut findings = vec![server(&address, &report), tls(&address, &report), rights(&report)];
            findings.extend([clock(&report), lease(settings, report.lease.as_ref())]);
            findings
        }
        Err(error) => vec![Finding::fail("PostgreSQL", error.to_string(), error.advice())],
    })
}

fn server(address: &Address, report: &DatabaseReport) -> Finding {
    let (major, host) = (report.version / 10_000, address.host());
    if !report.is_durable {
        let what = format!("{host} runs with fsync=off: what it acknowledged may be lost in a power cut");
        return Finding::fail("PostgreSQL", what, "Set fsync=on, or choose another database.");
    }
    if major < OLDEST {
        let what = format!("{host} is version {major}, which gets no fixes any more");
        return Finding::warn("PostgreSQL", what, format!("Bring it to version {OLDEST} or newer."));
    }
    let took = report.took.as_millis();
    Finding::pass("PostgreSQL", format!("{host} answers within {took} ms, version {major}"))
}

fn tls(address: &Address, report: &DatabaseReport) -> Finding {
    const CHECK: &str = "PostgreSQL TLS";
    let advice = "Put ?sslmode=verify-full at the end of KEEPER_DATABASE_URL.";
    match report.tls {
        Tls::Verified => Finding::pass(CHECK, "encrypted, and the server has shown who it is"),
        _ if address.is_local() => Finding::pass(CHECK, "not needed: the server is on this machine"),
        Tls::Unverified => {
            let what = "encrypted, but anybody between could answer in the server's place";
            Finding::warn(CHECK, what, advice)
        }
        Tls::None => {
            Finding::fail(CHECK, "in clear text: tokens and passwords can be read on the way", advice)
        }
    }
}

fn rights(report: &DatabaseReport) -> Finding {
    match &report.unwritable {
        None => Finding::pass("PostgreSQL rights", "the user may write what a keeper writes"),
        Some(why) => {
            let advice = "Give the user a database of its own, and connect to the primary server.";
            Finding::fail("PostgreSQL rights", why.clone(), advice)
        }
    }
}

/// The lease needs no agreement of clocks; people who compare logs do.
fn clock(report: &DatabaseReport) -> Finding {
    let apart = span(TimeDelta::milliseconds((report.skew * 1_000.0) as i64));
    if report.skew.abs() < MUCH_SKEW {
        return Finding::pass("PostgreSQL clock", "the same time there and here");
    }
    let whose = if report.skew > 0.0 { "ahead of" } else { "behind" };
    let what = format!("{apart} {whose} this machine's; the lease does not depend on it");
    Finding::warn("PostgreSQL clock", what, "Let both machines set their clocks by NTP.")
}

fn lease(settings: &Settings, lease: Option<&(LeaseRow, Awaiting)>) -> Finding {
    let who = Candidate { served: settings.served(), ..Candidate::default() };
    if let Some(away) = lease.and_then(|(row, _)| row.away.as_ref()) {
        return Finding::fail("lease", away.to_string(), Away::advice());
    }
    if let Some(misfit) = lease.and_then(|(row, _)| row.misfit(&who)) {
        return Finding::fail("lease", misfit.to_string(), misfit.advice());
    }
    let other = |awaiting: &Awaiting| match awaiting {
        Awaiting { is_there: false, .. } => "no other one stands by",
        Awaiting { reaches_fyers: Some(true), .. } => "another one stands by and reaches FYERS",
        Awaiting { .. } => "another one stands by",
    };
    match lease {
        None => Finding::pass("lease", "no tables yet: the first start makes them"),
        Some((LeaseRow { holder: Some(_), address, held, is_over: false, .. }, awaiting)) => {
            let whose = address.as_deref().unwrap_or("a keeper that does not say where");
            let held = span(TimeDelta::from_std(*held).unwrap_or_default());
            let what = format!("{whose} acts for {held}; {}", other(awaiting));
            let found = cut_off(awaiting).or_else(|| unadvertised(settings));
            found.unwrap_or_else(|| Finding::pass("lease", what))
        }
        // Whoever stands by takes it within a moment.
        Some((_, Awaiting { is_there: true, .. })) => {
            let advice = "Ask again; if it stays so, look at the log of the keeper that stands by.";
            Finding::warn("lease", "no keeper acts, although one stands by", advice)
        }
        Some((_, _)) => Finding::pass("lease", "no keeper acts; start one: fyers-keeper run"),
    }
}

/// A keeper that would take over and could do nothing then.
fn cut_off(awaiting: &Awaiting) -> Option<Finding> {
    (awaiting.is_there && awaiting.reaches_fyers == Some(false)).then(|| {
        let what = "another keeper stands by, but cannot reach FYERS from where it is";
        Finding::warn("lease", what, "Run `fyers-keeper doctor` there; its /readyz says what fails.")
    })
}

/// Bots that are pointed at a standby are only served if it knows the way to the holder.
fn unadvertised(settings: &Settings) -> Option<Finding> {
    settings.advertise_url.is_none().then(|| {
        let what =
            "KEEPER_ADVERTISE_URL is not set: while this keeper acts, a standby cannot pass bots on to it";
        Finding::warn("lease", what, "Set it to the address at which the other keeper reaches this one.")
    })
}
