//! What a typology does to the rows of its victims.
//!
//! Some episodes change the label alone: fraud that looks like everyday life, so that no classifier finds all of it.

use super::row::{NOBODY, Row, STRANGE_DEVICE, Status};
use crate::{
    calendar::DAY_SECONDS,
    locale::Category,
    random::{Draws, RANK_UNIT, below, rank_noise},
    spec::{CUSTOMERS_PER_BLOCK, Spec},
    typology::Typology,
};

/// Share of episodes that look like everyday life.
const QUIET: f64 = 0.25;
/// Share of the others that take place at night, and its hours.
const NIGHTLY: f64 = 0.35;
const NIGHT_SECONDS: u32 = 5 * 3_600;
/// Strangers act from within about 5 km of a city's centre; the width of that in millionths of a degree.
const STRANGE_SPREAD: u32 = 90_000;

pub struct Scene<'a> {
    pub spec: &'a Spec,
    pub typology: Typology,
    /// Number within the block.
    pub number: u64,
}

pub struct Episode<'a> {
    scene: Scene<'a>,
    is_quiet: bool,
    device: u16,
    has_strange_device: bool,
    /// Where it is done from, if not where the victim is.
    city: Option<u16>,
    is_nightly: bool,
}

impl<'a> Episode<'a> {
    pub fn new(scene: Scene<'a>, draws: &mut Draws) -> Self {
        use Typology::{
            AccountTakeover, CardTesting, GeoImpossible, MerchantCollusion, MuleChain, RefundAbuse,
            Velocity,
        };
        let (strange_device, elsewhere, nightly) = match scene.typology {
            CardTesting => (0.7, 0.3, NIGHTLY),
            AccountTakeover => (0.8, 0.6, NIGHTLY),
            Velocity => (0.2, 0.0, 0.0),
            GeoImpossible => (0.4, 1.0, 0.0),
            MerchantCollusion => (0.1, 0.0, NIGHTLY / 2.0),
            MuleChain => (0.15, 0.0, 0.0),
            RefundAbuse => (0.1, 0.0, 0.0),
        };
        let city = scene
            .spec
            .locale()
            .city_pick
            .at((draws.bits() >> 32) as u32) as u16;
        Self {
            is_quiet: draws.chance(QUIET),
            device: STRANGE_DEVICE + (scene.number % u64::from(u16::MAX - STRANGE_DEVICE)) as u16,
            has_strange_device: draws.chance(strange_device),
            city: draws.chance(elsewhere).then_some(city),
            is_nightly: draws.chance(nightly),
            scene,
        }
    }

    /// Turns the rows at `positions`, in the order of the episode, into fraud.
    pub fn play(&self, rows: &mut [Row], positions: &[usize], draws: &mut Draws) {
        let Some(first) = positions.first() else {
            return;
        };
        let mut second = rows[*first].second;
        if self.scene.typology == Typology::GeoImpossible {
            second =
                (self.witness(rows, *first).unwrap_or(second) + self.pause(draws)).min(self.end());
        }
        if self.is_nightly && !self.is_quiet {
            second = second / DAY_SECONDS * DAY_SECONDS + draws.below(NIGHT_SECONDS);
        }
        let (category, merchant) = (rows[*first].category, self.merchant(&rows[*first], draws));
        let rank = self.rank(draws);
        for (step, position) in positions.iter().enumerate() {
            let next = positions
                .get(step + 1)
                .map(|position| rows[*position].customer);
            let row = &mut rows[*position];
            row.fraud = self.scene.typology as u8 + 1;
            if self.is_quiet {
                continue;
            }
            row.second = second;
            row.rank = rank + row.rank / 2 + rank_noise(draws.bits()) / 4;
            self.dress(
                row,
                merchant.filter(|_| row.category == category),
                next,
                draws,
            );
            second = (second + self.pause(draws)).min(self.end());
        }
    }

    /// When the victim does something honest next to a row.
    fn witness(&self, rows: &[Row], position: usize) -> Option<u32> {
        let neighbours = [position.checked_sub(1), Some(position + 1)];
        let mut found = neighbours
            .into_iter()
            .flatten()
            .filter_map(|other| rows.get(other));
        let witness =
            found.find(|other| other.customer == rows[position].customer && other.fraud == 0);
        witness.map(|row| row.second)
    }

    /// The last second of the period.
    fn end(&self) -> u32 {
        self.scene.spec.calendar().seconds() - 1
    }

    /// Seconds until the next row.
    fn pause(&self, draws: &mut Draws) -> u32 {
        let (least, most) = match self.scene.typology {
            Typology::CardTesting => (20, 240),
            Typology::Velocity => (15, 240),
            Typology::AccountTakeover => (60, 1_200),
            Typology::GeoImpossible => (300, 3_000),
            Typology::MuleChain => (300, 7_200),
            Typology::MerchantCollusion => (600, 14_400),
            Typology::RefundAbuse => (DAY_SECONDS / 2, 4 * DAY_SECONDS),
        };
        least + draws.below(most - least)
    }

    /// Where amounts of the episode rank.
    fn rank(&self, draws: &mut Draws) -> i32 {
        let (tenths, spread) = match self.scene.typology {
            Typology::CardTesting => (-16, 6),
            Typology::AccountTakeover => (14, 8),
            Typology::Velocity => (2, 8),
            Typology::GeoImpossible => (5, 8),
            Typology::MerchantCollusion => (11, 6),
            Typology::MuleChain => (13, 5),
            Typology::RefundAbuse => (7, 6),
        };
        (RANK_UNIT * tenths + rank_noise(draws.bits()) * spread) / 10
    }

    /// The one merchant of an episode, where it has one.
    fn merchant(&self, row: &Row, draws: &mut Draws) -> Option<u32> {
        let directory = self.scene.spec.directory();
        let category = usize::from(row.category);
        match self.scene.typology {
            Typology::MerchantCollusion => {
                let colluding = directory.colluding(category);
                let choice = if colluding.is_empty() {
                    directory.everywhere(category)
                } else {
                    colluding
                };
                Some(choice[draws.below(choice.len() as u32) as usize])
            }
            Typology::RefundAbuse => Some(row.merchant),
            Typology::CardTesting
            | Typology::AccountTakeover
            | Typology::Velocity
            | Typology::GeoImpossible
            | Typology::MuleChain => None,
        }
    }

    fn dress(&self, row: &mut Row, merchant: Option<u32>, next: Option<u16>, draws: &mut Draws) {
        let (locale, directory) = (self.scene.spec.locale(), self.scene.spec.directory());
        let category = usize::from(row.category);
        let kind = &locale.categories[category];
        if self.has_strange_device {
            row.device = self.device;
        }
        if let Some(city) = self.city {
            let cities = locale.cities.len();
            // Half the list away when it is where the victim is anyway.
            let city = match usize::from(city) {
                same if same == usize::from(row.city) => (same + cities / 2) % cities,
                other => other,
            };
            let centre = &locale.cities[city];
            let bits = draws.bits();
            let around = |bits: u64| below(bits, STRANGE_SPREAD) as i32 - STRANGE_SPREAD as i32 / 2;
            row.city = city as u16;
            row.lat = centre.lat + around(bits);
            row.lon = centre.lon + around(bits << 32);
        }
        match self.scene.typology {
            Typology::CardTesting => {
                self.choose_channel(row, kind, false, draws);
                let choice = directory.everywhere(category);
                row.merchant = choice[draws.below(choice.len() as u32) as usize];
                if draws.chance(0.35) {
                    row.status = Status::Failed;
                }
            }
            Typology::AccountTakeover => row.counterparty = self.other(row.customer, draws),
            Typology::MuleChain => {
                row.counterparty = next
                    .filter(|next| *next != row.customer)
                    .map_or_else(|| self.other(row.customer, draws), u32::from);
            }
            Typology::Velocity => {}
            Typology::GeoImpossible => {
                self.choose_channel(row, kind, true, draws);
                let nearby = directory.nearby(category, row.city);
                if let Some(last) = nearby.len().checked_sub(1) {
                    row.merchant = nearby[draws.below(last as u32 + 1) as usize];
                    let shop = directory.shop(row.merchant);
                    (row.lat, row.lon) = (shop.lat, shop.lon);
                }
            }
            Typology::MerchantCollusion => row.merchant = merchant.unwrap_or(row.merchant),
            Typology::RefundAbuse => {
                row.merchant = merchant.unwrap_or(row.merchant);
                if draws.chance(0.75) {
                    row.status = Status::Refunded;
                }
            }
        }
        debug_assert!((row.merchant == NOBODY) != (row.counterparty == NOBODY));
    }

    /// A channel of the category with or without the payer standing before the payee, if it has one.
    fn choose_channel(&self, row: &mut Row, kind: &Category, in_person: bool, draws: &mut Draws) {
        for _ in 0..8 {
            let channel = kind.channel_pick.at((draws.bits() >> 32) as u32);
            if kind.channels[channel].in_person == in_person {
                row.channel = channel as u8;
                return;
            }
        }
    }

    fn other(&self, customer: u16, draws: &mut Draws) -> u32 {
        let all = CUSTOMERS_PER_BLOCK as u32;
        (u32::from(customer) + 1 + draws.below(all - 1)) % all
    }
}
