//! Where orders and reads go: FYERS while there is a good token, the MockExchange when there is none.

pub mod model;
