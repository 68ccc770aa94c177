//! The address of PostgreSQL. What is wrong with it shows with the other mistakes, before anything is connected.

use secrecy::SecretString;

use crate::{config::read::Reader, store::postgres::Address};

impl Reader<'_> {
    pub(super) fn database_url(&mut self) -> Option<SecretString> {
        const NAME: &str = "KEEPER_DATABASE_URL";
        let url = SecretString::from(self.value(NAME)?.text);
        match Address::parse(&url) {
            Ok(_) => Some(url),
            Err(flaw) => {
                self.problem(NAME, flaw.to_string(), flaw.advice());
                None
            }
        }
    }
}
