//! Raw numbers of a feed as prices, and back.

use rust_decimal::{Decimal, prelude::ToPrimitive};

/// The raw number that means "no value".
pub const ABSENT: i32 = i32::MIN;

/// A raw number as a price: divided by the multiplier and by ten to the power of the precision. `None` when it is
/// absent or the snapshot's numbers cannot be those of a price.
pub fn price(raw: i32, multiplier: u16, precision: u8) -> Option<Decimal> {
    let scaled = Decimal::try_new(i64::from(raw), u32::from(precision)).ok().filter(|_| raw != ABSENT)?;
    scaled.checked_div(Decimal::from(multiplier))
}

/// A price as a raw number, rounded to the nearest. `None` when it does not fit.
pub fn raw(price: Decimal, multiplier: u16, precision: u8) -> Option<i32> {
    let scale = ten_to(precision)?.checked_mul(Decimal::from(multiplier))?;
    let raw = price.checked_mul(scale)?.round().to_i32()?;
    (raw != ABSENT && multiplier != 0).then_some(raw)
}

/// Ten to this power, as long as it fits.
fn ten_to(power: u8) -> Option<Decimal> {
    (0..power).try_fold(Decimal::ONE, |product, _| product.checked_mul(Decimal::TEN))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_price_is_exact_and_an_absent_one_is_none() {
        assert_eq!(price(80_085, 1, 2), Some("800.85".parse().unwrap()));
        assert_eq!(price(80_085, 10, 2), Some("80.085".parse().unwrap()));
        assert_eq!(price(-5, 1, 4), Some("-0.0005".parse().unwrap()));
        for (number, multiplier, precision) in [(ABSENT, 1, 2), (1, 0, 2), (1, 1, 29), (1, 1, 255)] {
            assert_eq!(price(number, multiplier, precision), None);
        }
        assert_eq!(raw("800.85".parse().unwrap(), 1, 2), Some(80_085));
        assert_eq!(
            (raw(Decimal::MAX, 1, 2), raw(Decimal::ONE, 1, 255), raw(Decimal::ONE, 0, 2)),
            (None, None, None)
        );
    }

    proptest! {
        #[test]
        fn there_and_back(number: i32, multiplier in 1u16..1_000, precision in 0u8..8) {
            let there = price(number, multiplier, precision);
            let back = there.and_then(|price| raw(price, multiplier, precision));
            prop_assert_eq!(back, Some(number).filter(|number| *number != ABSENT));
        }
    }
}
