//! What `KEEPER_DATABASE_URL` names is not there, or does not take it: in words, and with the right exit code.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
};

use crate::{
    hosts::World,
    support::{get, wait_for},
};

const PASSWORD: &str = "a-password-nobody-has";

/// A user whose password the server asks for.
fn with_a_password(world: &World) {
    let rules = world.server.data().join("pg_hba.conf");
    let before = fs::read_to_string(&rules).unwrap();
    fs::write(&rules, format!("host all guarded 127.0.0.1/32 scram-sha-256\n{before}")).unwrap();
    world.sql("CREATE ROLE guarded LOGIN SUPERUSER PASSWORD 'another-one'");
    reload(world);
}

/// The server reads its files again: connections that are made afterwards find what is in them.
fn reload(world: &World) {
    let loaded = || world.sql("SELECT pg_conf_load_time()");
    let before = loaded();
    world.sql("SELECT pg_reload_conf()");
    wait_for("the server has read its files again", || (loaded() != before).then_some(()));
}

#[test]
fn settings_that_the_database_does_not_take_end_the_program_at_once() {
    let Some(mut world) = World::new() else { return };
    with_a_password(&world);
    let guarded = format!("guarded:{PASSWORD}");
    for (user, database, words) in [
        (guarded.as_str(), None, "refuses user or password (28P01)"),
        ("nobody", None, "knows no such user"),
        ("keeper", Some("nowhere"), "there is no such database (3D000)"),
    ] {
        let url = world.database_for(0, user, database.unwrap_or(&world.database));
        world = world.with_own(0, "KEEPER_DATABASE_URL", url.leak());
        for verb in ["run", "refresh"] {
            let (code, said) = world.complains(0, &[verb]);
            assert_eq!(code, Some(78), "{verb} {user}: {said}");
            assert!(said.contains("KEEPER_DATABASE_URL") && said.contains(words), "{verb} {user}: {said}");
            assert!(!said.contains(PASSWORD) && !said.contains("uncategorized"), "{said}");
        }
    }
}

/// It may come up in a moment: the service waits and says for what, a command does not.
#[test]
fn a_database_that_is_not_reached_is_waited_for_in_words() {
    // In a network of its own a host has nobody to ask for names.
    let Some(world) = World::on_relays() else { return };
    let refused = world.database_for(0, "keeper", "keeper").replace("127.0.0.1", "127.0.0.2");
    let nowhere = format!("postgres://keeper:{PASSWORD}@no-such-host.invalid/keeper");
    let mut world = world;
    for (url, words) in [(nowhere, "host's name cannot be resolved"), (refused, "PostgreSQL cannot be used")]
    {
        world = world.with_own(0, "KEEPER_DATABASE_URL", url.leak());
        world.start(0);
        wait_for("it says so", || (world.log(0).contains("lease.unreachable")).then_some(()));
        let ready = wait_for("it serves", || get(&world.url(0, "/readyz")));
        assert_eq!(ready.0, 503);
        assert!(ready.1.contains(words), "{ready:?}");
        world.term(0);
        let log = world.log(0);
        assert_eq!(log.matches("lease.unreachable").count(), 1, "{log}");
        assert!(log.contains(words) && !log.contains("uncategorized") && !log.contains(PASSWORD), "{log}");
        let (code, said) = world.complains(0, &["refresh"]);
        assert_eq!(code, Some(69), "{said}");
        assert!(said.contains(words) && !said.contains(PASSWORD), "{said}");
    }
}

/// What let it in a moment ago is no mistake in its settings.
#[test]
fn a_holder_that_is_not_let_in_any_more_waits_and_goes_on() {
    let Some(world) = World::new() else { return };
    with_a_password(&world);
    let url = world.database_for(0, "guarded:another-one", &world.database);
    let mut world = world.with_own(0, "KEEPER_DATABASE_URL", url.leak());
    world.start(0);
    world.wait_acts(0);
    world.sql("ALTER ROLE guarded PASSWORD 'a-new-one'");
    world.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'guarded'");
    wait_for("it has lost its lease", || world.log(0).contains("lease.lost").then_some(()));
    wait_for("it says why it waits", || {
        let (_, after) = world.log(0).split_once("lease.lost").map(|(a, b)| (a.to_owned(), b.to_owned()))?;
        (after.contains("lease.unreachable") && after.contains("28P01")).then_some(())
    });
    assert!(world.is_running(0), "{}", world.log(0));
    world.sql("ALTER ROLE guarded PASSWORD 'another-one'");
    world.wait_acts(0);
    assert_eq!(world.order(0, "once it is let in again").unwrap(), "fyers");
    let alerts = world.home.alerts();
    assert!(!alerts.iter().any(|alert| alert.contains("gives up")), "{alerts:#?}");
    world.judge();
}

/// A password is changed in its file while a keeper stands by: it is of use without a person who starts it again.
#[test]
fn a_standby_reads_its_password_again() {
    let Some(world) = World::new() else { return };
    with_a_password(&world);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("url");
    let write = |url: String| {
        fs::write(&file, url).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    };
    write(world.database_for(1, "guarded:another-one", &world.database));
    let path = file.to_str().unwrap().to_owned().leak();
    let world = world.with_own(1, "KEEPER_DATABASE_URL", "");
    let mut world = world.with_own(1, "KEEPER_DATABASE_URL_FILE", path);
    world.start(0);
    world.wait_acts(0);
    world.start(1);
    world.wait_stands_by(1);
    world.sql("ALTER ROLE guarded PASSWORD 'a-new-one'");
    world.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'guarded'");
    let says = |words: &str| get(&world.url(1, "/readyz")).filter(|ready| ready.1.contains(words));
    wait_for("it is not let in", || says("28P01"));
    write(world.database_for(1, "guarded:a-new-one", &world.database));
    wait_for("it reads it again", || world.log(1).contains("lease.new_address").then_some(()));
    world.wait_warm(0);
    world.tell_to_stop(0);
    world.wait_acts(1);
    assert_eq!(world.order(1, "with the new password").unwrap(), "fyers");
}

/// A certificate for another name, by an authority that nobody here knows; `None` without the program that makes one.
fn with_a_certificate(world: &World) -> Option<tempfile::TempDir> {
    let folder = tempfile::tempdir().unwrap();
    let openssl = |words: &str| {
        let mut command = std::process::Command::new("openssl");
        command.args(words.split_whitespace()).current_dir(folder.path());
        command.output().is_ok_and(|output| output.status.success())
    };
    fs::write(folder.path().join("names"), "subjectAltName=DNS:db.example").unwrap();
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    let is_made = openssl(&format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=authority"))
        && openssl(&format!("req {key} -keyout server.key -out server.csr -subj /CN=db.example"))
        && openssl(
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt",
        );
    if !is_made {
        println!("SKIPPED: there is no openssl here, so no certificate");
        return None;
    }
    let data = world.server.data();
    let owner = fs::metadata(&data).unwrap();
    for name in ["server.key", "server.crt"] {
        let file = data.join(name);
        fs::copy(folder.path().join(name), &file).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        std::os::unix::fs::chown(&file, Some(owner.uid()), Some(owner.gid())).unwrap();
    }
    world.sql("ALTER SYSTEM SET ssl = on");
    reload(world);
    wait_for("the server takes TLS", || (world.sql("SHOW ssl") == "on\n").then_some(()));
    Some(folder)
}

/// Waiting does not help, and it is no fault of the network: a person is told what is wrong with the certificate.
#[test]
fn a_certificate_that_is_not_the_databases_ends_the_program_in_words() {
    let Some(mut world) = World::new() else { return };
    let Some(folder) = with_a_certificate(&world) else { return };
    let authority = folder.path().join("ca.pem").display().to_string();
    let plain = world.database_for(0, "keeper", &world.database);
    let with = |mode: &str| plain.replace("sslmode=disable", mode);
    for (url, words, advice) in [
        (with("sslmode=verify-full"), "is not trusted here", "sslrootcert="),
        (
            with(&format!("sslmode=verify-full&sslrootcert={authority}")),
            "is for another host",
            "as the certificate names it",
        ),
    ] {
        world = world.with_own(0, "KEEPER_DATABASE_URL", url.leak());
        for verb in ["run", "refresh", "status"] {
            let (code, said) = world.complains(0, &[verb]);
            assert_eq!(code, Some(78), "{verb}: {said}");
            assert!(
                said.contains("the certificate of the PostgreSQL server") && said.contains(words),
                "{verb}: {said}"
            );
            assert!(said.contains(advice) && !said.contains("network"), "{verb}: {said}");
        }
    }
    let url = with(&format!("sslmode=verify-ca&sslrootcert={authority}"));
    world = world.with_own(0, "KEEPER_DATABASE_URL", url.leak());
    world.start(0);
    world.wait_acts(0);
    // It is replaced while the keeper acts: what worked a moment ago is waited for.
    world.sql("ALTER SYSTEM SET ssl = off");
    reload(&world);
    world.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL");
    wait_for("it has lost its lease", || world.log(0).contains("lease.lost").then_some(()));
    assert!(world.is_running(0), "{}", world.log(0));
    world.sql("ALTER SYSTEM SET ssl = on");
    reload(&world);
    world.wait_acts(0);
}
