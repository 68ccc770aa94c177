//! No two files and no two folders of this crate import each other, directly or through others.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

type Graph = BTreeMap<String, BTreeSet<String>>;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every Rust file below `src`, by its module path: `fyers/orders`, and `fyers` for `fyers/mod.rs`.
fn modules() -> BTreeMap<String, String> {
    let (mut waiting, mut found) = (vec![source()], BTreeMap::new());
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let name = path.strip_prefix(source()).unwrap().with_extension("");
        let name = name.to_str().unwrap().trim_end_matches("mod").trim_end_matches('/').to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let code = text.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n");
        found.insert(name, code.split("#[cfg(test)]").next().unwrap().to_owned());
    }
    found.retain(|name, _| name != "lib" && name != "main");
    found
}

/// Cuts `a::{b, c::d}` into `a::b` and `a::c::d`.
fn flattened(path: &str) -> Vec<String> {
    let Some((start, rest)) = path.split_once('{') else { return vec![path.trim().to_owned()] };
    let inside = &rest[..rest.rfind('}').unwrap()];
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for sign in inside.chars() {
        depth += i32::from(sign == '{') - i32::from(sign == '}');
        if sign == ',' && depth == 0 {
            parts.push(String::new());
        } else {
            parts.last_mut().unwrap().push(sign);
        }
    }
    parts.iter().flat_map(|part| flattened(part)).map(|part| format!("{}{part}", start.trim())).collect()
}

/// The paths in a module's `use` items and in its expressions.
fn paths(code: &str) -> Vec<String> {
    let uses = code.split("use ").skip(1).filter_map(|rest| rest.split(';').next());
    let written = |root: &'static str| {
        let name = |sign: char| !(sign.is_alphanumeric() || sign == '_' || sign == ':');
        code.split(root).skip(1).map(move |rest| format!("{root}{}", rest.split(name).next().unwrap()))
    };
    let all = uses.flat_map(flattened).chain(written("crate::")).chain(written("super::"));
    all.filter(|path| !path.ends_with("::")).collect()
}

/// The module that a path leads to, seen from a file.
fn target(path: &str, from: &str, is_folder: bool, known: &BTreeSet<String>) -> Option<String> {
    let mut segments = path.split("::").map(str::trim).peekable();
    let mut place: Vec<&str> = from.split('/').collect();
    match segments.next()? {
        "crate" => place.clear(),
        "super" => drop(place.pop()),
        first if is_folder && known.contains(&format!("{from}/{first}")) => place.push(first),
        _ => return None,
    }
    while segments.next_if_eq(&"super").is_some() {
        place.pop();
    }
    for segment in segments {
        let deeper = place.iter().chain([&segment]).copied().collect::<Vec<_>>().join("/");
        if !known.contains(&deeper) {
            break;
        }
        place.push(segment);
    }
    Some(place.join("/")).filter(|name| known.contains(name) && name != from)
}

fn file_graph() -> Graph {
    let modules = modules();
    let known: BTreeSet<String> = modules.keys().cloned().collect();
    let imports = |name: &String, code: &String| {
        let folder = source().join(name).is_dir();
        paths(code).iter().filter_map(|path| target(path, name, folder, &known)).collect()
    };
    modules.iter().map(|(name, code)| (name.clone(), imports(name, code))).collect()
}

/// Files joined into their topmost folders; a file directly below `src` stands for itself.
fn folder_graph(files: &Graph) -> Graph {
    let top = |name: &str| name.split('/').next().unwrap().to_owned();
    let mut folders = Graph::new();
    for (name, imports) in files {
        let others = imports.iter().map(|import| top(import)).filter(|import| *import != top(name));
        folders.entry(top(name)).or_default().extend(others);
    }
    folders
}

/// Takes away what imports nothing that is left, until nothing can be taken: what stays is in a circle or above one.
fn circles(mut graph: Graph) -> Vec<String> {
    loop {
        let left: BTreeSet<String> = graph.keys().cloned().collect();
        let free = |imports: &BTreeSet<String>| imports.is_disjoint(&left);
        let Some(next) = graph.iter().find(|(_, imports)| free(imports)).map(|(name, _)| name.clone()) else {
            return graph.into_iter().map(|(name, imports)| format!("{name} -> {imports:?}")).collect();
        };
        graph.remove(&next);
    }
}

#[test]
fn imports_form_no_circle() {
    let files = file_graph();
    assert!(files.values().map(BTreeSet::len).sum::<usize>() > 150, "the test sees the imports");
    assert_eq!(circles(folder_graph(&files)), Vec::<String>::new(), "folders");
    assert_eq!(circles(files), Vec::<String>::new(), "files");
}

#[test]
fn a_circle_is_found() {
    let graph = |pairs: &[(&str, &str)]| -> Graph {
        pairs.iter().map(|(from, to)| ((*from).to_owned(), BTreeSet::from([(*to).to_owned()]))).collect()
    };
    assert!(circles(graph(&[("a", "b"), ("b", "c")])).is_empty());
    assert_eq!(circles(graph(&[("a", "b"), ("b", "a")])).len(), 2);
    assert_eq!(flattened("a::{b, c::{d, e}}"), ["a::b", "a::c::d", "a::c::e"]);
}
