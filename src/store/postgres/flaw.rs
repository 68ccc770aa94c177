//! What is wrong with an address of PostgreSQL, before anything is connected. Its text is a secret and never repeated.

use std::{
    fs,
    path::{Path, PathBuf},
    str::FromStr,
};

use rustix::fs::{Access, access};
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

use crate::private_file::{self, PrivateFileError, Rules};

/// Why an address cannot be used, to be read behind the name of the setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressFlaw {
    /// It is none of PostgreSQL's.
    #[error("is not of the form postgres://USER:PASSWORD@HOST/DATABASE")]
    Form,
    /// It leaves out what would be guessed then: a database on this machine, or one with the user's name.
    #[error("names no {0}: it is of the form postgres://USER:PASSWORD@HOST/DATABASE")]
    Without(&'static str),
    /// Its `sslmode` is none of PostgreSQL's.
    #[error("has an sslmode that PostgreSQL does not know")]
    SslMode,
    /// It names a certificate or a key that cannot be read.
    #[error("names {}, which {problem}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: PrivateFileError,
    },
    /// It names a file of certificates in which there is none.
    #[error("names {}, in which there is no certificate", .0.display())]
    NoCertificate(PathBuf),
    /// It has no password, and the file for passwords cannot be used.
    #[error("has no password, and PGPASSFILE names {}, which {problem}", path.display())]
    PasswordFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

impl AddressFlaw {
    /// What to do about it, in one line.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Form | Self::Without(_) => {
                "Write it as your database's host shows it, with ?sslmode=verify-full at the end."
            }
            Self::SslMode => {
                "Use verify-full, verify-ca, require or disable; over a network verify-full is the safe one."
            }
            Self::Certificate { problem, .. } => problem.advice(),
            Self::NoCertificate(_) => {
                "Name the file of the authority that signs for your database's host, in PEM: it has a line -----BEGIN CERTIFICATE-----."
            }
            Self::PasswordFile { .. } => {
                "Name a file that the keeper's user alone can read (chmod 600), or put the password into the address."
            }
        }
    }
}

/// Reads an address.
pub(super) fn read(url: &SecretString) -> Result<PgConnectOptions, AddressFlaw> {
    let text = url.expose_secret();
    let url = Url::parse(text).ok().filter(|url| ["postgres", "postgresql"].contains(&url.scheme()));
    let url = url.ok_or(AddressFlaw::Form)?;
    let all = |names: &[&str]| -> Vec<String> {
        let pairs = url.query_pairs().filter(|(name, _)| names.contains(&name.as_ref()));
        pairs.map(|(_, value)| value.into_owned()).collect()
    };
    is_whole(&url, |name| !all(&[name]).is_empty())?;
    if all(&["sslmode", "ssl-mode"]).iter().any(|mode| PgSslMode::from_str(mode).is_err()) {
        return Err(AddressFlaw::SslMode);
    }
    let files = ["sslrootcert", "ssl-root-cert", "ssl-ca", "sslcert", "ssl-cert", "sslkey", "ssl-key"];
    all(&files).iter().try_for_each(|path| readable(Path::new(path)))?;
    all(&files[..5]).iter().try_for_each(|path| has_certificate(Path::new(path)))?;
    if url.password().is_none() && all(&["password"]).is_empty() {
        usable_password_file()?;
    }
    PgConnectOptions::from_str(text).map_err(|_quotes_it| AddressFlaw::Form)
}

/// Host and database are in the address, in its query, or where PostgreSQL's own programs look for them.
fn is_whole(url: &Url, has: impl Fn(&str) -> bool) -> Result<(), AddressFlaw> {
    let has_host = url.host_str().is_some_and(|host| !host.is_empty()) || has("host") || has("hostaddr");
    let has_database = url.path().len() > 1 || has("dbname");
    match (has_host || is_set("PGHOST"), has_database || is_set("PGDATABASE")) {
        (true, true) => Ok(()),
        (false, true) => Err(AddressFlaw::Without("host")),
        (true, false) => Err(AddressFlaw::Without("database")),
        (false, false) => Err(AddressFlaw::Without("host and no database")),
    }
}

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// Certificates may be longer than a secret, and anybody may read them.
fn readable(path: &Path) -> Result<(), AddressFlaw> {
    let problem = match fs::metadata(path) {
        Ok(about) if !about.is_file() => PrivateFileError::NotAFile,
        Ok(_) => match access(path, Access::READ_OK) {
            Ok(()) => return Ok(()),
            Err(error) => PrivateFileError::Io(std::io::Error::from(error).kind()),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => PrivateFileError::Missing,
        Err(error) => PrivateFileError::Io(error.kind()),
    };
    Err(AddressFlaw::Certificate { path: path.to_owned(), problem })
}

/// Without one nobody is trusted, which would look like a flaw of the server's.
fn has_certificate(path: &Path) -> Result<(), AddressFlaw> {
    const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
    let content = fs::read(path).unwrap_or_default();
    let has_one = content.windows(BEGIN.len()).any(|window| window == BEGIN);
    if has_one { Ok(()) } else { Err(AddressFlaw::NoCertificate(path.to_owned())) }
}

/// One that others can read is not used by those who make the connection, as PostgreSQL's own programs do.
fn usable_password_file() -> Result<(), AddressFlaw> {
    let path = std::env::var_os("PGPASSFILE").filter(|_| is_set("PGPASSFILE") && !is_set("PGPASSWORD"));
    let Some(path) = path.map(PathBuf::from) else { return Ok(()) };
    let problem = match private_file::read(&path, Rules::BROUGHT) {
        Ok(content) if !content.loose => return Ok(()),
        Ok(_) => "can be read by other users".to_owned(),
        Err(error) => error.to_string(),
    };
    Err(AddressFlaw::PasswordFile { path, problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flaw(url: &str) -> Option<AddressFlaw> {
        read(&SecretString::from(url)).err()
    }

    #[test]
    fn an_address_is_one_of_postgresql_with_a_mode_and_files_that_there_are() {
        let work = tempfile::tempdir().unwrap();
        let (there, gone) = (work.path().join("ca.pem"), work.path().join("gone.pem"));
        std::fs::write(&there, "-----BEGIN CERTIFICATE-----\n").unwrap();
        let key = work.path().join("ca.key");
        std::fs::write(&key, "-----BEGIN PRIVATE KEY-----\n").unwrap();
        let with = |query: &str| format!("postgres://keeper:secret@db.example/keeper?{query}");
        for good in ["sslmode=verify-full", "sslmode=DISABLE", "channel_binding=require", ""] {
            assert_eq!(flaw(&with(good)), None, "{good}");
        }
        assert_eq!(flaw(&with(&format!("sslrootcert={}", there.display()))), None);
        for name in ["sslrootcert", "sslcert"] {
            let found = flaw(&with(&format!("{name}={}", key.display())));
            assert_eq!(found, Some(AddressFlaw::NoCertificate(key.clone())));
        }
        assert_eq!(flaw(&with(&format!("sslkey={}", key.display()))), None);
        for bad in ["mysql://keeper:secret@db.example/keeper", "db.example", "postgres://db:port/keeper"] {
            assert_eq!(flaw(bad), Some(AddressFlaw::Form), "{bad}");
        }
        for (bare, missing) in [
            ("postgres://", "host and no database"),
            ("postgresql:///", "host and no database"),
            ("postgres://db.example", "database"),
            ("postgres://keeper:secret@db.example/?sslmode=require", "database"),
            ("postgres:///keeper", "host"),
        ] {
            assert_eq!(flaw(bare), Some(AddressFlaw::Without(missing)), "{bare}");
        }
        for whole in
            ["postgres://?host=/run/postgresql&dbname=keeper", "postgres:///keeper?host=/run/postgresql"]
        {
            assert_eq!(flaw(whole), None, "{whole}");
        }
        assert_eq!(flaw(&with("sslmode=verfy-full")), Some(AddressFlaw::SslMode));
        for (path, problem) in
            [(gone, PrivateFileError::Missing), (work.path().into(), PrivateFileError::NotAFile)]
        {
            let found = flaw(&with(&format!("sslrootcert={}", path.display())));
            assert_eq!(found, Some(AddressFlaw::Certificate { path, problem }));
        }
    }
}
