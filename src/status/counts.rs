//! How many orders there were, in words.

use crate::status::Status;

impl Status {
    /// Today's orders by where they went.
    pub fn orders_today(&self) -> String {
        let (real, simulated) = (self.orders_at_fyers_today, self.orders_simulated_today);
        format!("{real} at FYERS (real money), {simulated} simulated")
    }
}
