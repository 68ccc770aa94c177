//! No circles: a file that is imported by another does not import it back, however many files lie between, and the
//! same holds for folders.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use crate::imports::{Imports, Package};

/// Packages by the folder of their sources.
const PACKAGES: &[&str] = &[
    "crates/fyers-api/src",
    "crates/mock-exchange/src",
    "crates/domain/src",
    "crates/simulator/src",
    "actors",
    "src",
];

/// A node and where it leads.
type Graph = BTreeMap<String, BTreeSet<String>>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A circle as a list of nodes, if there is one.
fn circle(graph: &Graph) -> Option<Vec<String>> {
    let (mut done, mut way) = (BTreeSet::new(), vec![]);
    graph.keys().find_map(|node| walk(graph, node, &mut done, &mut way))
}

fn walk(
    graph: &Graph,
    node: &String,
    done: &mut BTreeSet<String>,
    way: &mut Vec<String>,
) -> Option<Vec<String>> {
    if let Some(start) = way.iter().position(|passed| passed == node) {
        return Some(way[start..].to_vec());
    }
    if !done.insert(node.clone()) {
        return None;
    }
    way.push(node.clone());
    let found = graph.get(node).into_iter().flatten().find_map(|next| walk(graph, next, done, way));
    way.pop();
    found
}

fn between_files(imports: &Imports) -> Graph {
    let name = |path: &PathBuf| path.display().to_string();
    imports.iter().map(|(file, targets)| (name(file), targets.iter().map(name).collect())).collect()
}

/// For each folder the graph of what lies directly in it: `session.rs` and `session/` are one.
fn between_folders(imports: &Imports) -> BTreeMap<String, Graph> {
    let mut graphs: BTreeMap<String, Graph> = BTreeMap::new();
    for (file, target) in imports.iter().flat_map(|(file, all)| all.iter().map(move |target| (file, target)))
    {
        let (from, to) = (parts(file), parts(target));
        let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
        let (Some(a), Some(b)) = (from.get(common), to.get(common)) else { continue };
        let graph = graphs.entry(from[..common].join("/")).or_default();
        graph.entry(a.clone()).or_default().insert(b.clone());
    }
    graphs
}

fn parts(file: &Path) -> Vec<String> {
    file.with_extension("").iter().map(|part| part.to_str().unwrap().to_owned()).collect()
}

#[test]
fn no_import_goes_in_a_circle() {
    let mut circles = vec![];
    for package in PACKAGES {
        let imports = Package::read(&root().join(package)).imports();
        circles.extend(circle(&between_files(&imports)).map(|found| format!("{package}: files {found:?}")));
        for (folder, graph) in between_folders(&imports) {
            circles.extend(circle(&graph).map(|found| format!("{package}/{folder}: folders {found:?}")));
        }
    }
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

#[test]
fn a_circle_is_found() {
    let graph = |pairs: &[(&str, &str)]| {
        let mut graph = Graph::new();
        for (from, to) in pairs {
            graph.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        }
        graph
    };
    assert_eq!(circle(&graph(&[("a", "b"), ("b", "c"), ("a", "c")])), None);
    let found = circle(&graph(&[("a", "b"), ("b", "c"), ("c", "b")])).unwrap();
    assert_eq!(found, ["b", "c"]);
}
