//! Who imports whom, read from the source of one package.
//!
//! A re-export (`pub use`) is no dependency of the file that has it; whoever imports through it depends on the file
//! where the item is defined. Tests are left out: they may look at everything.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use regex::Regex;

static STATEMENT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^[ \t]*(pub(?:\([^)]*\))?\s+)?use\s+([^;]+);").unwrap());
static PATH: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b(?:crate|super)(?:::\w+)+").unwrap());

/// A module path below the crate, as `["session", "rules"]`.
type Module = Vec<String>;

/// One source file.
struct Source {
    module: Module,
    code: String,
}

/// The files of one package, by their path from its source folder.
pub(crate) struct Package {
    files: BTreeMap<PathBuf, Source>,
    by_module: BTreeMap<Module, PathBuf>,
}

/// Which file imports which others.
pub(crate) type Imports = BTreeMap<PathBuf, BTreeSet<PathBuf>>;

impl Package {
    pub(crate) fn read(root: &Path) -> Self {
        let (mut files, mut by_module) = (BTreeMap::new(), BTreeMap::new());
        let mut waiting = vec![root.to_owned()];
        while let Some(path) = waiting.pop() {
            let nested_package = path != root && path.join("Cargo.toml").exists();
            if path.is_dir() && !nested_package {
                waiting.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).unwrap().to_owned();
                if !is_test(&name) {
                    let source =
                        Source { module: module_of(&name), code: code(&fs::read_to_string(&path).unwrap()) };
                    by_module.insert(source.module.clone(), name.clone());
                    files.insert(name, source);
                }
            }
        }
        assert!(!files.is_empty(), "no sources below {}", root.display());
        Self { files, by_module }
    }

    pub(crate) fn imports(&self) -> Imports {
        let targets = |source: &Source| {
            let own = self.by_module[&source.module].clone();
            let paths = uses(&source.code, false).into_iter().chain(inline(&source.code));
            let absolute = paths.filter_map(|path| absolute(&path, &source.module));
            absolute.filter_map(|path| self.definition(&path, 0)).filter(|file| *file != own).collect()
        };
        self.files.iter().map(|(name, source)| (name.clone(), targets(source))).collect()
    }

    /// The file in which the item at this path is defined, followed through re-exports.
    fn definition(&self, path: &[String], depth: usize) -> Option<PathBuf> {
        let modules = (0..=path.len()).rev().map(|length| &path[..length]);
        let module = modules.into_iter().find(|module| self.by_module.contains_key(*module))?;
        let file = self.by_module[module].clone();
        let Some(item) = path.get(module.len()) else { return Some(file) };
        let source = &self.files[&file];
        let re_exports = uses(&source.code, true).into_iter();
        let through = re_exports
            .filter(|path| path.last() == Some(item))
            .find_map(|path| absolute(&path, &source.module).or_else(|| self.child(&path, &source.module)));
        match through {
            Some(next) if depth < 8 && next != path => self.definition(&next, depth + 1),
            _ => Some(file),
        }
    }

    /// A path that begins with a child module, as in `pub use child::Item`.
    fn child(&self, path: &[String], module: &[String]) -> Option<Vec<String>> {
        let full = [module, path].concat();
        self.by_module.contains_key(&full[..=module.len()]).then_some(full)
    }
}

fn is_test(name: &Path) -> bool {
    let words = name.iter().map(|part| part.to_str().unwrap());
    let mut words = words.map(|part| part.trim_end_matches(".rs"));
    words.any(|part| part == "tests" || part == "testing" || part.ends_with("_tests") || part == "benches")
}

fn module_of(name: &Path) -> Module {
    let parts = name.with_extension("");
    let mut parts: Module = parts.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if parts.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        parts.pop();
    }
    parts
}

/// The text before the tests in the same file, without comments.
fn code(text: &str) -> String {
    let program = text.split("#[cfg(test)]\nmod ").next().unwrap();
    let lines = program.lines().map(|line| line.split("//").next().unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

/// The paths of all imports, or of all re-exports.
fn uses(code: &str, re_exports: bool) -> Vec<Vec<String>> {
    let wanted = STATEMENT.captures_iter(code).filter(|found| found.get(1).is_some() == re_exports);
    wanted.flat_map(|found| leaves(&found[2])).collect()
}

/// `a::{b, c::d as e}` as `a::b` and `a::c::d`.
fn leaves(tree: &str) -> Vec<Vec<String>> {
    let Some((head, rest)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap();
        let parts = path.split("::").map(|part| part.trim().to_owned());
        return vec![parts.filter(|part| !part.is_empty() && part != "*").collect()];
    };
    let head: Vec<String> =
        head.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect();
    let inner = &rest[..rest.rfind('}').unwrap()];
    let joined = |leaf: Vec<String>| {
        let leaf = leaf.into_iter().filter(|part| part != "self");
        head.iter().cloned().chain(leaf).collect()
    };
    split(inner).into_iter().flat_map(leaves).map(joined).collect()
}

/// The text between the commas that are in no inner braces.
fn split(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, vec![]);
    for (at, sign) in text.char_indices() {
        match sign {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts.into_iter().filter(|part| !part.trim().is_empty()).collect()
}

/// Paths in the code itself, as `crate::mode::Mode::Live`.
fn inline(code: &str) -> Vec<Vec<String>> {
    let found = PATH.find_iter(code).map(|found| found.as_str().split("::").map(str::to_owned).collect());
    found.collect()
}

/// The path from the crate's root; `None` when it leads out of the package.
fn absolute(path: &[String], module: &[String]) -> Option<Vec<String>> {
    match path.first()?.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some([module, &path[1..]].concat()),
        "super" => {
            let up = path.iter().take_while(|part| *part == "super").count();
            let base = module.get(..module.len().checked_sub(up)?)?;
            Some([base, &path[up..]].concat())
        }
        _ => None,
    }
}

#[test]
fn imports_are_read_as_the_compiler_reads_them() {
    let tree = "crate::{mode::Mode, session::{self, rules::{Facts, Machine as M}}}";
    let paths: Vec<String> = leaves(tree).into_iter().map(|path| path.join("::")).collect();
    let wanted = [
        "crate::mode::Mode",
        "crate::session",
        "crate::session::rules::Facts",
        "crate::session::rules::Machine",
    ];
    assert_eq!(paths, wanted);
    let module = ["a".to_owned(), "b".to_owned()];
    let path = ["super".to_owned(), "c".to_owned()];
    assert_eq!(absolute(&path, &module).unwrap(), ["a", "c"]);
}
