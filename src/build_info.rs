//! Which program this is.

/// The version, as in Cargo.toml.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit it was built from, twelve digits at most, with `-dirty` when the sources had been changed; empty when
/// nobody knew at build time. See `build.rs`.
pub const COMMIT: &str = env!("KEEPER_BUILD_COMMIT");

/// Version and commit for a person, as `0.1.0 (4cd52b1f0a9e)`.
pub const SHOWN: &str = if COMMIT.is_empty() {
    VERSION
} else {
    concat!(env!("CARGO_PKG_VERSION"), " (", env!("KEEPER_BUILD_COMMIT"), ")")
};

/// Where a page of the documents is read: somebody who has only the program has no folder `docs`.
macro_rules! document {
    ($page:literal) => {
        concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/", $page)
    };
}

/// How a bot in any language is pointed at the keeper.
pub const GATEWAY_DOCUMENT: &str = document!("gateway.md");
/// How a keeper is run, and what its files look like.
pub const OPERATE_DOCUMENT: &str = document!("OPERATE.md");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commit_is_one_or_nothing() {
        let (hash, rest) = COMMIT.split_once('-').unwrap_or((COMMIT, "dirty"));
        assert!(hash.len() <= 12 && hash.bytes().all(|c| c.is_ascii_alphanumeric()), "{COMMIT}");
        assert_eq!(rest, "dirty");
        assert!(SHOWN.starts_with(VERSION));
    }
}
