//! The files for hosts: they parse, they keep the container closed, and they name settings and paths that exist.

use std::{collections::BTreeSet, fs, path::Path};

use fyers_keeper::{config::table::TABLE, http::limits::descriptors::WANTED};
use serde_json::{Value, json};

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

fn yaml(file: &str) -> Value {
    yaml_serde::from_str(&read(file)).unwrap()
}

/// A setting, the platforms' own `PORT`, the C library's, or a secret's file.
fn assert_known<'a>(file: &str, names: impl IntoIterator<Item = &'a str>) {
    let known: BTreeSet<&str> = TABLE.iter().map(|spec| spec.name).collect();
    for name in names {
        let plain = name.strip_suffix("_FILE").unwrap_or(name);
        let others = ["PORT", "PATH", "MALLOC_ARENA_MAX"];
        let fine = known.contains(name) || known.contains(plain) || others.contains(&name);
        assert!(fine, "{file}: no such setting: {name}");
    }
}

fn assert_route(path: &Value) {
    let path = path.as_str().unwrap();
    let routes = read("src/http/health.rs");
    assert!(routes.contains(&format!("\"{path}\"")), "no such route: {path}");
}

/// The longest the keeper takes for its end, in seconds, with some to spare.
const OWN_END: i64 = 15;

fn seconds(text: &Value) -> i64 {
    text.as_str().map_or_else(|| text.as_i64().unwrap(), |text| text.trim_end_matches('s').parse().unwrap())
}

#[test]
fn compose_keeps_the_container_closed() {
    let file = yaml("compose.yaml");
    let keeper = &file["services"]["keeper"];
    assert_eq!(keeper["read_only"], true);
    assert_eq!(keeper["user"], "65532:65532");
    assert_eq!(keeper["cap_drop"], json!(["ALL"]));
    assert_eq!(keeper["security_opt"], json!(["no-new-privileges:true"]));
    assert_eq!(keeper["restart"], "unless-stopped");
    assert_eq!(keeper["volumes"], json!(["state:/data"]));
    assert!(keeper["ports"][0].as_str().unwrap().starts_with("127.0.0.1:"), "not open to the world");
    assert!(seconds(&keeper["stop_grace_period"]) > OWN_END);
    assert_eq!(keeper["ulimits"]["nofile"], json!(WANTED), "as many files as the program asks for");
    assert!(file["volumes"].as_object().unwrap().contains_key("state"));
    assert_known("compose.yaml", keeper["environment"].as_object().unwrap().keys().map(String::as_str));
}

/// What `tests/watch` holds the program to, under every attack: in MiB.
const MEMORY: u64 = 128;

/// In MiB, as Docker (`128m`), systemd (`128M`) and Kubernetes (`128Mi`) write it.
fn mebibytes(text: &str) -> u64 {
    let number = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    assert!(["m", "M", "Mi"].contains(&&text[number.len()..]), "{text}");
    number.parse().unwrap()
}

#[test]
fn every_host_gives_the_memory_that_the_program_is_held_to() {
    let unit = read("ops/systemd/fyers-keeper.service");
    let unit = unit.lines().find_map(|line| line.strip_prefix("MemoryMax=")).unwrap();
    let (one, two) = (yaml("compose.yaml"), yaml("ops/compose/two-keepers.yaml"));
    let compose = [&one["services"]["keeper"]["mem_limit"], &two["x-keeper"]["mem_limit"]];
    let pods = ["keeper.yaml", "two-keepers.yaml"].map(|file| {
        let text = read(&format!("ops/kubernetes/{file}"));
        let first: Value = yaml_serde::from_str(text.split("\n---\n").next().unwrap()).unwrap();
        first["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"].clone()
    });
    let all = compose.into_iter().chain(&pods).map(|limit| limit.as_str().unwrap()).chain([unit]);
    let all: Vec<u64> = all.map(mebibytes).collect();
    assert_eq!(all, [MEMORY; 5]);
    for file in ["pressure", "readers", "takers", "worst"] {
        let bound = format!("< {MEMORY}");
        assert!(
            read(&format!("tests/watch/{file}.rs")).contains(&bound),
            "{file} holds it to something else"
        );
    }
}

#[test]
fn kubernetes_keeps_the_pod_closed_and_probes_what_there_is() {
    let text = read("ops/kubernetes/keeper.yaml");
    let parts: Vec<Value> = text.split("\n---\n").map(|part| yaml_serde::from_str(part).unwrap()).collect();
    assert_eq!(
        (parts.len(), &parts[0]["kind"], &parts[1]["kind"]),
        (2, &json!("StatefulSet"), &json!("Service"))
    );
    let (set, service) = (&parts[0]["spec"], &parts[1]["spec"]);
    assert_eq!(set["replicas"], 1, "one account, one keeper");
    assert_eq!(service["selector"], set["template"]["metadata"]["labels"]);
    let pod = &set["template"]["spec"];
    assert_eq!(
        (&pod["securityContext"]["runAsUser"], &pod["securityContext"]["runAsNonRoot"]),
        (&json!(65532), &json!(true))
    );
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert!(seconds(&pod["terminationGracePeriodSeconds"]) > OWN_END);
    let keeper = &pod["containers"][0];
    let closed = json!({"readOnlyRootFilesystem": true, "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}});
    assert_eq!(keeper["securityContext"], closed);
    for (probe, path) in
        [("startupProbe", "/readyz"), ("readinessProbe", "/readyz"), ("livenessProbe", "/livez")]
    {
        assert_eq!(keeper[probe]["httpGet"]["path"], path);
        assert_route(&keeper[probe]["httpGet"]["path"]);
    }
    assert_eq!(keeper["volumeMounts"][0]["mountPath"], "/data");
    assert_known(
        "keeper.yaml",
        keeper["env"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()),
    );
}

#[test]
fn render_and_fly_keep_the_state_on_a_disk() {
    let render = &yaml("render.yaml")["services"][0];
    assert_eq!(render["disk"]["mountPath"], "/data");
    assert_route(&render["healthCheckPath"]);
    let names = render["envVars"].as_array().unwrap();
    assert_known("render.yaml", names.iter().map(|one| one["key"].as_str().unwrap()));

    let fly: toml::Table = toml::from_str(&read("fly.toml")).unwrap();
    let fly = serde_json::to_value(fly).unwrap();
    assert_eq!(fly["mounts"]["destination"], "/data");
    assert_eq!(fly["http_service"]["auto_stop_machines"], "off", "it must run at 08:45");
    assert_route(&fly["http_service"]["checks"][0]["path"]);
    assert!(seconds(&fly["kill_timeout"]) > OWN_END);
    assert_known("fly.toml", fly["env"].as_object().unwrap().keys().map(String::as_str));
}

#[test]
fn the_image_runs_without_root_and_with_settings_that_exist() {
    let text = read("Dockerfile");
    let lines: Vec<&str> = text.lines().collect();
    for wanted in ["USER 65532:65532", "STOPSIGNAL SIGTERM", "VOLUME /data", "CMD [\"run\"]"] {
        assert!(lines.contains(&wanted), "{wanted}");
    }
    assert!(text.contains(r#"CMD ["/usr/local/bin/fyers-keeper", "healthcheck"]"#));
    let env = lines.iter().filter_map(|line| line.strip_prefix("ENV ")).flat_map(str::split_whitespace);
    assert_known("Dockerfile", env.filter_map(|pair| pair.split_once('=')).map(|(name, _)| name));
}

#[test]
fn the_unit_is_told_of_readiness_and_does_not_repeat_bad_settings() {
    let text = read("ops/systemd/fyers-keeper.service");
    let value =
        |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap();
    assert_eq!(
        (value("Type"), value("RestartPreventExitStatus"), value("NoNewPrivileges")),
        ("notify", "78", "yes")
    );
    assert!(value("WatchdogSec").parse::<u32>().unwrap() >= 20, "longer than the keeper's own watchdog");
    assert!(value("TimeoutStopSec").parse::<i64>().unwrap() > OWN_END);
    assert_eq!(value("LimitNOFILE").parse::<u64>().unwrap(), WANTED, "as many files as the program asks for");
    let env = value("Environment").split_whitespace().filter_map(|pair| pair.split_once('='));
    assert_known("fyers-keeper.service", env.map(|(name, _)| name));
}

#[test]
fn the_workflow_is_ci_run() {
    let file = yaml(".github/workflows/ci.yml");
    let steps = file["jobs"]["run"]["steps"].as_array().unwrap();
    assert!(steps.last().unwrap()["run"].as_str().unwrap().ends_with(".ci/run"));
}

/// Hosts without a disk, and two of them: nothing there may need a disk, and a standby must count as healthy.
#[test]
fn the_files_for_two_keepers_need_no_disk_and_know_a_standby() {
    let text = read("ops/kubernetes/two-keepers.yaml");
    let parts: Vec<Value> = text.split("\n---\n").map(|part| yaml_serde::from_str(part).unwrap()).collect();
    let kinds: Vec<&str> = parts.iter().map(|part| part["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["Deployment", "PodDisruptionBudget", "Service"]);
    let pod = &parts[0]["spec"]["template"]["spec"];
    assert_eq!((&parts[0]["spec"]["replicas"], &parts[1]["spec"]["minAvailable"]), (&json!(2), &json!(1)));
    let keeper = &pod["containers"][0];
    assert_eq!(keeper["readinessProbe"]["httpGet"]["path"], "/livez");
    assert!(pod["volumes"][0]["emptyDir"].is_object());
    let names = keeper["env"].as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap());
    assert_known("two-keepers.yaml", names.filter(|name| *name != "POD_IP"));

    let compose = yaml("ops/compose/two-keepers.yaml");
    for name in ["keeper-a", "keeper-b"] {
        let environment = compose["services"][name]["environment"].as_object().unwrap();
        assert_eq!(environment["KEEPER_ADVERTISE_URL"], format!("http://{name}:8080"));
        assert_known("compose", environment.keys().map(String::as_str).filter(|name| *name != "<<"));
    }
    let render = yaml("ops/render/postgres.yaml");
    let service = &render["services"][0];
    assert_eq!(service["healthCheckPath"], "/livez");
    assert!(service["disk"].is_null() && render["databases"][0]["name"] == "fyers-keeper");
    assert_known(
        "render",
        service["envVars"].as_array().unwrap().iter().map(|entry| entry["key"].as_str().unwrap()),
    );
    let fly: toml::Table = read("ops/fly/two-machines.toml").parse().unwrap();
    assert!(fly.get("mounts").is_none());
    assert_known("fly", fly["env"].as_table().unwrap().keys().map(String::as_str));
}
