//! Names of makers and products by their FIT numbers, from the profile that fitparser carries. Knows no messages.

use fitparser::profile::field_types::{GarminProduct, Manufacturer};

/// Makers whose products are numbered in Garmin's own list.
const GARMINS: [u16; 4] = [1, 13, 15, 89];

/// The maker's name in `snake_case`, or its number.
pub(super) fn manufacturer(number: u16) -> String {
    if Manufacturer::is_named_variant(i64::from(number)) {
        Manufacturer::from(number).to_string()
    } else {
        number.to_string()
    }
}

/// The product's name in `snake_case`, or its number.
pub(super) fn product(manufacturer: Option<u16>, number: u16) -> String {
    let garmin = manufacturer.is_some_and(|maker| GARMINS.contains(&maker));
    if garmin && GarminProduct::is_named_variant(i64::from(number)) {
        GarminProduct::from(number).to_string()
    } else {
        number.to_string()
    }
}

/// The number of a maker's name, or of a number as text.
pub(super) fn manufacturer_number(name: &str) -> Option<u16> {
    let number = name
        .parse()
        .unwrap_or_else(|_| Manufacturer::from(name).as_u16());
    (manufacturer(number) == name).then_some(number)
}

/// The number of a maker's product, by name or by number as text.
pub(super) fn product_number(maker: Option<u16>, name: &str) -> Option<u16> {
    let number = name
        .parse()
        .unwrap_or_else(|_| GarminProduct::from(name).as_u16());
    (product(maker, number) == name).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for (number, name) in [
            (1, "garmin"),
            (32, "wahoo_fitness"),
            (260, "zwift"),
            (255, "development"),
            (60_000, "60000"),
        ] {
            assert_eq!(manufacturer(number), name);
            assert_eq!(manufacturer_number(name), Some(number));
        }
        assert_eq!(manufacturer_number("nobody"), None);
        assert_eq!(product(Some(1), 3121), "edge_530");
        assert_eq!(product_number(Some(1), "edge_530"), Some(3121));
        assert_eq!(product(Some(32), 3121), "3121");
        assert_eq!(product_number(Some(32), "ELEMNT"), None);
    }
}
