//! A position of the model: what is open cost this much, in paise with its sign.

#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Position {
    pub(super) net: i64,
    pub(super) cost: f64,
    pub(super) realized_today: f64,
    /// What of it came from the day before.
    pub(super) carried: i64,
    /// Bought and sold, what was carried in included: quantity and value.
    pub(super) sides: [(i64, f64); 2],
    /// Whether part of it came from another product, or went there: then the broker's table of sides is not the day's.
    pub(super) converted: bool,
}

impl Position {
    pub(super) fn trade(&mut self, quantity: i64, price: i64) {
        let side = &mut self.sides[usize::from(quantity < 0)];
        side.0 += quantity.abs();
        side.1 += (quantity.abs() * price) as f64;
        self.shift(quantity, price as f64);
    }

    /// A signed quantity at a price each: first it closes, then it opens.
    fn shift(&mut self, quantity: i64, price: f64) {
        let closes =
            if self.net.signum() == -quantity.signum() { quantity.abs().min(self.net.abs()) } else { 0 };
        if closes > 0 {
            let average = self.cost / self.net as f64;
            let closed = closes * self.net.signum();
            self.realized_today += closed as f64 * (price - average);
            self.cost -= closed as f64 * average;
            self.net -= closed;
        }
        let opens = quantity.signum() * (quantity.abs() - closes);
        self.net += opens;
        self.cost += opens as f64 * price;
    }

    /// This much becomes part of the other, at cost.
    pub(super) fn move_to(&mut self, other: &mut Self, quantity: i64) {
        let (average, signed) = (self.cost / self.net as f64, self.net.signum() * quantity);
        // What came from the day before goes first.
        let old = quantity.min(self.carried.abs()) * self.carried.signum();
        (self.carried, other.carried) = (self.carried - old, other.carried + old);
        self.net -= signed;
        self.cost -= signed as f64 * average;
        other.shift(signed, average);
        (self.converted, other.converted) = (true, true);
    }

    /// The next day begins.
    pub(super) fn over_night(self) -> Self {
        let mut next = Self { net: self.net, cost: self.cost, carried: self.net, ..Self::default() };
        next.sides[usize::from(self.net < 0)] = (self.net.abs(), self.cost.abs());
        next
    }
}

/// Settled shares with what they cost.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Held {
    pub(super) quantity: i64,
    pub(super) cost: f64,
}

impl Held {
    /// Yesterday's delivery is settled; the profit of what was sold.
    pub(super) fn settle(&mut self, delivered: &Position) -> f64 {
        if delivered.net >= 0 {
            self.quantity += delivered.net;
            self.cost += delivered.cost;
            return 0.0;
        }
        let sold = self.cost * -delivered.net as f64 / self.quantity as f64;
        self.quantity += delivered.net;
        self.cost -= sold;
        -delivered.cost - sold
    }
}
