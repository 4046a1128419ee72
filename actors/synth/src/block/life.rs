//! What one customer does in the period: when, where, with whom and how.

use super::{
    bill::Bill,
    journey::{Journey, SECOND},
    row::{NOBODY, Row, Status},
};
use crate::{
    calendar::DAY_SECONDS,
    locale::Payee,
    random::{Draws, RANK_UNIT, Stream, below, key, mix, plastic, rank_noise, skewed_below, unit},
    roster::Resident,
    spec::{BLOCK_ROWS, CUSTOMERS_PER_BLOCK, Spec},
};

/// Merchants of a category, and customers, that a customer returns to.
const REGULARS: u64 = 4;
/// Percentage of payments that go to them, and in a category that serves the whole country.
const TO_REGULARS: u64 = 62;
const TO_REGULARS_NATIONAL: u64 = 80;
/// Percentage of payments made from the second device of those who have one.
const FROM_SECOND_DEVICE: u64 = 30;
/// What becomes of payments, out of a thousand.
const FAILED: u64 = 20;
const FAILED_WHEN_LARGE: u64 = 60;
const PENDING: u64 = 4;
const REFUNDED: u64 = 7;
/// Shares of a rank, in units of rank over this: what the customer, the merchant, a trip and chance add to it.
const RANK_SHARES: i32 = 16;
const OF_CUSTOMER: i32 = 8;
const OF_MERCHANT: i32 = 9;
const OF_CHANCE: i32 = 11;
const ON_A_TRIP: i32 = 5;
/// Where a traveller stays: within about 3 km of the centre, in millionths of a degree.
const STAY_SPREAD: u32 = 54_000;

/// Rows of a block that are still to be given a category.
#[derive(Debug)]
pub struct Quota {
    left: Vec<u32>,
    sum: u32,
}

impl Quota {
    /// Whole rows of each category, by rounding a running sum whose offset moves evenly from block to block.
    pub fn of_block(spec: &Spec, block: u64) -> Self {
        let offset = unit(plastic(block, key(spec.seed(), Stream::Row, u64::MAX)));
        let (mut sum, mut before) = (0.0, 0);
        let last = spec.locale().categories.len() - 1;
        let mut left: Vec<u32> = Vec::with_capacity(last + 1);
        for category in &spec.locale().categories {
            sum += category.share * BLOCK_ROWS as f64;
            let end = ((sum + offset) as u32).min(BLOCK_ROWS as u32);
            left.push(end - before);
            before = end;
        }
        // However the running sum was rounded at its end, no row is left without a category.
        left[last] += BLOCK_ROWS as u32 - before;
        Self {
            left,
            sum: BLOCK_ROWS as u32,
        }
    }

    pub fn left(&self, category: usize) -> u32 {
        self.left[category]
    }

    pub fn take(&mut self, category: usize, rows: u32) {
        self.left[category] -= rows;
        self.sum -= rows;
    }

    /// A category in proportion to what is left, taken out.
    #[inline]
    fn draw(&mut self, bits: u64) -> usize {
        let mut point = below(bits, self.sum);
        let mut category = 0;
        while point >= self.left[category] {
            point -= self.left[category];
            category += 1;
        }
        self.take(category, 1);
        category
    }
}

/// Makes the rows of customers one after the other.
pub struct Life<'a> {
    pub spec: &'a Spec,
    pub residents: &'a [Resident],
    pub journeys: &'a [Journey],
    pub draws: Draws,
    pub rows: Vec<Row>,
    /// Room for the moments of one customer.
    pub moments: Vec<u32>,
}

/// One payment before it is made.
struct Plan {
    customer: usize,
    category: usize,
    bill: u16,
    day: u32,
    /// Decides the time of day and what else differs between the payments of one bill.
    when: u64,
    /// Decides the payee, the channel and the rank.
    whom: u64,
}

/// Where the customer stands on a day.
struct Place {
    city: u16,
    is_away: bool,
    lat: i32,
    lon: i32,
}

impl Life<'_> {
    /// The payments of a customer that follow no plan: all but `planned`.
    ///
    /// The gaps between them close a circle that begins at a random point, so that no day is busier for being near the
    /// beginning or the end of the period.
    pub fn spend(&mut self, customer: usize, planned: usize, quota: &mut Quota) {
        let resident = &self.residents[customer];
        let habits = self.spec.habits();
        let rows = usize::from(resident.rows) - planned;
        let mut moments = std::mem::take(&mut self.moments);
        moments.clear();
        let (mut around, mut bits) = (0, 0);
        for _ in 0..rows {
            bits = self.draws.bits();
            around += habits.gap(bits);
            moments.push(around);
        }
        let start = below(mix(bits), around);
        let before = moments.partition_point(|moment| *moment < start);
        let curve = usize::from(resident.salary);
        for index in (before..rows).chain(0..before) {
            let passed = (moments[index] + around - start) % around;
            let point = ((u64::from(passed) << 32) / u64::from(around)) as u32;
            let day = self.spec.calendar().day_at(curve, point);
            let plan = Plan {
                customer,
                category: quota.draw(self.draws.bits()),
                bill: 0,
                day,
                when: self.draws.bits(),
                whom: self.draws.bits(),
            };
            self.push(&plan);
        }
        self.moments = moments;
    }

    /// The payments of bills, in order of bill and day.
    pub fn pay(&mut self, bills: &[Bill]) {
        for bill in bills {
            let plan = Plan {
                customer: usize::from(bill.customer),
                category: usize::from(bill.category),
                bill: bill.number,
                day: bill.day,
                when: self.draws.bits(),
                whom: bill.key,
            };
            self.push(&plan);
        }
    }

    #[inline]
    fn push(&mut self, plan: &Plan) {
        let (locale, directory) = (self.spec.locale(), self.spec.directory());
        let &Plan {
            customer,
            category,
            bill,
            day,
            when,
            whom,
        } = plan;
        let (resident, journey) = (&self.residents[customer], &self.journeys[customer]);
        let place = stand(self.spec, resident, journey, day);
        let kind = &locale.categories[category];
        let spin = mix(whom);
        let channel = kind.channel_pick.at(whom as u32);
        let noise = rank_noise(spin);
        let mut rank = (resident.spend * OF_CUSTOMER + noise * OF_CHANCE) / RANK_SHARES;
        rank += i32::from(place.is_away) * (RANK_UNIT * ON_A_TRIP / RANK_SHARES);
        let (mut lat, mut lon) = (place.lat, place.lon);
        let (mut merchant, mut counterparty) = (NOBODY, NOBODY);
        let chance = (whom >> 32) % 100;
        let spin = mix(spin);
        match kind.payee {
            Payee::Merchant => {
                let nearby = if kind.national {
                    &[]
                } else {
                    directory.nearby(category, place.city)
                };
                let choice = if nearby.is_empty() {
                    directory.everywhere(category)
                } else {
                    nearby
                };
                let returns = if kind.national {
                    TO_REGULARS_NATIONAL
                } else {
                    TO_REGULARS
                };
                let spin = if chance < returns && !place.is_away {
                    mix(resident.key ^ ((category as u64) << 8) ^ (spin % REGULARS))
                } else {
                    spin
                };
                merchant = choice[skewed_below(spin, choice.len() as u32) as usize];
                let shop = directory.shop(merchant);
                rank += shop.shift * OF_MERCHANT / RANK_SHARES;
                if kind.channels[channel].in_person && !nearby.is_empty() {
                    (lat, lon) = (shop.lat, shop.lon);
                }
            }
            Payee::Customer => {
                let spin = if chance < TO_REGULARS {
                    mix(resident.key ^ (spin % REGULARS))
                } else {
                    spin
                };
                let other = 1 + below(spin, CUSTOMERS_PER_BLOCK as u32 - 1);
                counterparty = (customer as u32 + other) % CUSTOMERS_PER_BLOCK as u32;
            }
        }
        let time = kind.time.at(when as u32);
        self.rows.push(Row {
            second: day * DAY_SECONDS + time,
            amount: 0,
            rank,
            merchant,
            counterparty,
            customer: customer as u16,
            city: place.city,
            lat,
            lon,
            device: if journey.has_second_device && (when >> 32) % 100 < FROM_SECOND_DEVICE {
                SECOND
            } else {
                journey.device(day)
            },
            bill,
            category: category as u8,
            channel: channel as u8,
            status: status((when >> 42) % 1_000, rank, kind.payee),
            fraud: 0,
        });
    }
}

fn stand(spec: &Spec, resident: &Resident, journey: &Journey, day: u32) -> Place {
    match journey.away(day) {
        None => Place {
            city: resident.city,
            is_away: false,
            lat: resident.home_lat,
            lon: resident.home_lon,
        },
        Some(city) => {
            let centre = &spec.locale().cities[usize::from(city)];
            let spin = mix(resident.key ^ u64::from(city));
            let around = |spin: u64| below(spin, STAY_SPREAD) as i32 - STAY_SPREAD as i32 / 2;
            Place {
                city,
                is_away: true,
                lat: centre.lat + around(spin),
                lon: centre.lon + around(spin << 32),
            }
        }
    }
}

/// What becomes of a payment; `chance` is out of a thousand.
const fn status(chance: u64, rank: i32, payee: Payee) -> Status {
    let failed = if rank > RANK_UNIT {
        FAILED_WHEN_LARGE
    } else {
        FAILED
    };
    if chance < failed {
        Status::Failed
    } else if chance < failed + PENDING {
        Status::Pending
    } else if chance < failed + PENDING + REFUNDED && matches!(payee, Payee::Merchant) {
        Status::Refunded
    } else {
        Status::Success
    }
}
