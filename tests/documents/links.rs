//! The documents as pages that link to each other: no link leads nowhere, no page is without a way to it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page, below these folders.
fn pages() -> Vec<PathBuf> {
    let folders = [".", "docs", "docs/transcripts", "clients/javascript", "clients/python"];
    let inside = |folder: &str| fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let is_page = |path: &PathBuf| path.extension().is_some_and(|end| end == "md");
    let mut all: Vec<PathBuf> = folders.iter().flat_map(|folder| inside(folder)).filter(is_page).collect();
    all.sort();
    all
}

/// The text without what stands in blocks of code, where a `#` is no heading and brackets are no link.
fn prose(page: &Path) -> String {
    fs::read_to_string(page).unwrap().split("\n```").step_by(2).collect()
}

/// What a page's headings are called in a link, as GitHub does it.
fn anchors(page: &Path) -> BTreeSet<String> {
    let text = prose(page);
    let headings = text
        .lines()
        .filter_map(|line| line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')));
    let name = |heading: &str| {
        let kept = |c: &char| c.is_alphanumeric() || [' ', '-', '_'].contains(c);
        heading.to_lowercase().chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(name).collect()
}

/// Where a text's links and pictures lead, as it is written.
fn targets(text: &str) -> Vec<&str> {
    let between =
        |start: &'static str, end| text.split(start).skip(1).filter_map(move |rest| rest.split(end).next());
    between("](", ')').chain(between("src=\"", '"')).collect()
}

/// The links of a page to files of this repository: where to, and the anchor there.
fn links(page: &Path) -> Vec<(PathBuf, Option<String>)> {
    let text = prose(page);
    let inside = targets(&text).into_iter().filter(|link| !link.contains("://"));
    let target = |link: &str| {
        let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
        let file = if file.is_empty() { page.to_owned() } else { page.parent().unwrap().join(file) };
        (file, anchor.map(str::to_owned))
    };
    inside.map(target).collect()
}

#[test]
fn every_link_leads_to_a_file_and_to_a_heading_in_it() {
    let (mut files, mut headings) = (0, 0);
    for page in pages() {
        for (target, anchor) in links(&page) {
            files += 1;
            assert!(target.exists(), "{}: no such file: {}", page.display(), target.display());
            if let Some(anchor) = anchor {
                headings += 1;
                let there = anchors(&target);
                assert!(there.contains(&anchor), "{}: no #{anchor} among {there:?}", page.display());
            }
        }
    }
    assert!(files > 60 && headings > 5, "{files} links, {headings} to headings: the search is broken");
}

#[test]
fn every_page_is_in_the_table_and_leads_on() {
    let table = root().join("docs/README.md");
    let listed: BTreeSet<PathBuf> =
        links(&table).iter().map(|(target, _)| target.canonicalize().unwrap()).collect();
    for page in pages() {
        let is_guide = page.parent().unwrap().ends_with("docs") && page != table;
        let is_written_by_a_test = page.parent().unwrap().ends_with("docs/transcripts");
        let is_listed = listed.contains(&page.canonicalize().unwrap());
        assert!(is_listed || !(is_guide || is_written_by_a_test), "{}: not in the table", page.display());
        let back = links(&page).iter().any(|(target, _)| *target == table);
        assert!(back || !is_guide, "{}: no way back to all documents", page.display());
    }
}

/// What a newcomer looks for, from the first page with one tap.
#[test]
fn the_first_page_leads_to_every_guide() {
    let first: BTreeSet<PathBuf> = links(&root().join("README.md"))
        .iter()
        .filter_map(|(target, _)| target.canonicalize().ok())
        .collect();
    for guide in ["START", "gateway", "feeds", "mock", "DEPLOYMENT", "OPERATE", "SECURITY", "FAQ", "UPGRADE"]
    {
        assert!(first.contains(&root().join(format!("docs/{guide}.md")).canonicalize().unwrap()), "{guide}");
    }
}

/// A page of the package is read where there is no repository.
#[test]
fn pages_of_the_package_lead_to_the_repository_at_its_version() {
    let packing = fs::read_to_string(root().join("scripts/package")).unwrap();
    let packed = packing.lines().find_map(|line| line.strip_prefix("for page in ")).unwrap();
    let packed: Vec<&str> = packed.trim_end_matches("; do").split(' ').collect();
    assert!(packed.contains(&"README.md"), "{packed:?}");
    let elsewhere = packing.lines().filter(|line| line.starts_with("for file in") || line.contains("put 06"));
    assert!(!elsewhere.collect::<String>().contains(".md"), "a page is packed with its links as they are");

    let repository = env!("CARGO_PKG_REPOSITORY");
    let (pages, pictures) = (format!("{repository}/blob/v9.8.7/"), format!("{repository}/raw/v9.8.7/"));
    let mut seen = 0;
    for page in packed {
        let text = Command::new(root().join("scripts/packed-page"))
            .arg("9.8.7")
            .stdin(fs::File::open(root().join(page)).unwrap())
            .output()
            .unwrap();
        let text = String::from_utf8(text.stdout).unwrap();
        assert_eq!(text.lines().count(), fs::read_to_string(root().join(page)).unwrap().lines().count());
        for link in targets(&text) {
            seen += 1;
            assert!(link.contains("://") || link.starts_with('#'), "{page}: {link} is not in the package");
            let inside = link.strip_prefix(&pages).or_else(|| link.strip_prefix(&pictures));
            let Some(inside) = inside else { continue };
            let file = root().join(inside.split('#').next().unwrap());
            assert!(file.exists(), "{page}: no such file: {}", file.display());
        }
        let shown = text.matches("src=\"").count();
        assert_eq!(
            text.matches(&format!("src=\"{pictures}")).count(),
            shown,
            "{page}: a picture needs its bytes"
        );
    }
    assert!(seen > 20, "{seen} links: the search is broken");
}
