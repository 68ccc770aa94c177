//! What a database has of a state, before anybody makes a table in it.

use sqlx::{PgConnection, Result};

use crate::store::postgres::away::{self, Away};

/// What is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Occupancy {
    /// No table of a keeper.
    Bare,
    /// Tables in which nothing has happened.
    Empty,
    /// A state.
    Used,
    /// One that has left.
    Away(Away),
}

impl Occupancy {
    /// Whether nothing has ever happened there.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Bare | Self::Empty)
    }
}

/// Looks, whatever version has made the tables.
pub(super) async fn look(on: &mut PgConnection) -> Result<Occupancy> {
    let tables = "SELECT to_regclass('journal') IS NOT NULL AND to_regclass('facts') IS NOT NULL";
    if !sqlx::query_as::<_, (bool,)>(tables).fetch_one(&mut *on).await?.0 {
        return Ok(Occupancy::Bare);
    }
    if let Some(away) = away::look(on).await? {
        return Ok(Occupancy::Away(away));
    }
    let events = "SELECT EXISTS (SELECT 1 FROM journal)";
    let (any,) = sqlx::query_as::<_, (bool,)>(events).fetch_one(on).await?;
    Ok(if any { Occupancy::Used } else { Occupancy::Empty })
}
