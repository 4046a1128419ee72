//! The merchants of a data set by what they sell and where, so that a payment finds one nearby.

use crate::{
    locale::Locale,
    merchant::{Risk, Shop, shop},
};

#[derive(Debug, Default)]
pub struct Directory {
    shops: Vec<Shop>,
    /// Numbers of merchants, grouped by category and, within it, by city.
    order: Vec<u32>,
    /// Where each category's cities begin in `order`; one more than there are groups.
    starts: Vec<u32>,
    cities: usize,
    /// Merchants in on a fraud, by category.
    colluding: Vec<Vec<u32>>,
}

impl Directory {
    pub fn new(locale: &Locale, seed: u64, merchants: u32) -> Self {
        let shops: Vec<Shop> = (0..u64::from(merchants))
            .map(|number| shop(locale, seed, number).0)
            .collect();
        let cities = locale.cities.len();
        let group = |number: &u32| {
            let shop = &shops[*number as usize];
            usize::from(shop.category) * cities + usize::from(shop.city)
        };
        let mut order: Vec<u32> = (0..merchants).collect();
        order.sort_by_key(group);
        let groups = locale.categories.len() * cities;
        let starts = (0..=groups)
            .map(|index| order.partition_point(|number| group(number) < index) as u32)
            .collect();
        let colluding = (0..locale.categories.len())
            .map(|category| {
                let is_in = |number: &u32| {
                    let shop = &shops[*number as usize];
                    usize::from(shop.category) == category && shop.risk == Risk::High
                };
                (0..merchants).filter(is_in).collect()
            })
            .collect();
        Self {
            shops,
            order,
            starts,
            cities,
            colluding,
        }
    }

    #[inline]
    pub fn shop(&self, number: u32) -> &Shop {
        &self.shops[number as usize]
    }

    /// The merchants of a category in a city.
    #[inline]
    pub fn nearby(&self, category: usize, city: u16) -> &[u32] {
        let group = category * self.cities + usize::from(city);
        &self.order[self.starts[group] as usize..self.starts[group + 1] as usize]
    }

    /// The merchants of a category everywhere; those of every category where it has none.
    pub fn everywhere(&self, category: usize) -> &[u32] {
        let group = category * self.cities;
        let found =
            &self.order[self.starts[group] as usize..self.starts[group + self.cities] as usize];
        if found.is_empty() { &self.order } else { found }
    }

    /// The merchants of a category who are in on a fraud.
    pub fn colluding(&self, category: usize) -> &[u32] {
        &self.colluding[category]
    }
}
