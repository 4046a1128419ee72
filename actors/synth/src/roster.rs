//! Who the customers of a block are: where they live and how much of the block's rows is theirs.
//!
//! States get their share of the rows, not of the customers: whole rows are dealt to states by rounding one running sum,
//! so that a data set of many blocks follows the locale's shares to within a few rows. Cities of a state come by its rows.

use crate::{
    normal,
    random::{Draws, RANK_UNIT, Stream, golden, key, plastic, rank_noise, unit},
    spec::{BLOCK_ROWS, CUSTOMERS_PER_BLOCK, Spec},
};

/// Rows of a customer who stands for a minor state; fewer than usual, so that one customer does not outweigh the state.
const MINOR_ROWS: f64 = 10.0;
/// Spread of the logarithm of customers' activity.
const ACTIVITY_SPREAD: f64 = 0.9;
/// Spread of the logarithm of the gaps between a customer's transactions; their variation is above that of chance.
const GAP_SPREAD: f64 = 1.35;
/// Homes lie within about 3 km of the city's centre; millionths of a degree.
const HOME_SPREAD: f64 = 27_000.0;
/// Spread of customers' own spending around that of their segment, in standard deviations.
const OWN_SPEND_SPREAD: f64 = 0.4;
const CELLS: usize = 256;
/// Scale of gaps, so that thousands of the longest fit 32 bits.
const GAP_UNIT: f64 = 4096.0;

/// How unevenly customers act, as tables.
#[derive(Debug)]
pub struct Habits {
    activity: [f64; CELLS],
    gaps: [u32; CELLS],
}

impl Habits {
    pub fn new() -> Self {
        Self {
            activity: normal::log_normal_cells(ACTIVITY_SPREAD),
            gaps: normal::log_normal_cells::<CELLS>(GAP_SPREAD)
                .map(|gap| 1 + (gap * GAP_UNIT) as u32),
        }
    }

    /// A gap between two transactions, in no unit.
    #[inline]
    pub const fn gap(&self, bits: u64) -> u32 {
        self.gaps[(bits % CELLS as u64) as usize]
    }
}

/// One customer as the transactions see them.
#[derive(Debug, Clone, Copy)]
pub struct Resident {
    /// The customer's own randomness.
    pub key: u64,
    pub state: u8,
    pub city: u16,
    /// Rows of the block.
    pub rows: u16,
    pub segment: u8,
    /// 0 without a salary, else the index of the salary day and one.
    pub salary: u8,
    /// Shift of the rank of amounts, in units of rank.
    pub spend: i32,
    pub home_lat: i32,
    pub home_lon: i32,
}

/// The customers of block `block`, by number.
pub fn residents(spec: &Spec, block: u64) -> Vec<Resident> {
    let first = block * CUSTOMERS_PER_BLOCK;
    let mut lives: Vec<Life> = (first..first + CUSTOMERS_PER_BLOCK)
        .map(|customer| Life::begin(spec, customer))
        .collect();
    let mut draws = Draws::at(spec.seed(), Stream::Roster, block);
    // Seats come by state; customers of one state do not stand side by side.
    let mut order: Vec<usize> = (0..lives.len()).collect();
    for last in (1..order.len()).rev() {
        order.swap(last, draws.below(last as u32 + 1) as usize);
    }
    let activity = |seat: usize| spec.locale().segments[lives[order[seat]].segment].activity;
    let seats = deal(spec, block, activity, &mut draws);
    let mut seat_of = vec![0; seats.len()];
    for (seat, customer) in order.into_iter().enumerate() {
        seat_of[customer] = seat;
    }
    let seated = lives.iter_mut().zip(seat_of);
    seated
        .map(|(life, seat)| life.settle(spec, seats[seat]))
        .collect()
}

/// A place in the roster.
#[derive(Debug, Clone, Copy)]
struct Seat {
    state: u8,
    rows: u16,
    /// Where the city lies among those of the state, as a point of the unit interval scaled to 2^32.
    city: u32,
}

/// The seats of a block; `activity` says how active who takes a seat is.
fn deal(spec: &Spec, block: u64, activity: impl Fn(usize) -> f64, draws: &mut Draws) -> Vec<Seat> {
    let locale = spec.locale();
    let lane = |lane: u64| key(spec.seed(), Stream::Roster, u64::MAX - lane);
    let share = |states: &[u8]| -> f64 {
        states
            .iter()
            .map(|state| locale.states[usize::from(*state)].share)
            .sum()
    };
    let (minor_share, major_share) = (share(&locale.minor_states), share(&locale.major_states));
    let whole = BLOCK_ROWS as f64;
    let minor_rows = (minor_share * whole + unit(golden(block, lane(0)))) as u32;
    let minor_seats = (f64::from(minor_rows) / MINOR_ROWS + 0.5) as u32;
    let mut seats = Vec::with_capacity(CUSTOMERS_PER_BLOCK as usize);

    let point = unit(plastic(block, lane(1)));
    for (seat, rows) in split(minor_rows, minor_seats, |_| 1.0)
        .into_iter()
        .enumerate()
    {
        let target = minor_share * (seat as f64 + point) / f64::from(minor_seats);
        let mut sum = 0.0;
        let reached = locale.minor_states.iter().find(|state| {
            sum += locale.states[usize::from(**state)].share;
            sum > target
        });
        let state = *reached
            .or(locale.minor_states.last())
            .expect("rows of minor states need a minor state");
        // A minor state has a seat now and then: its cities take turns.
        let city = (golden(block, lane(4 + u64::from(state))) >> 32) as u32;
        seats.push(Seat { state, rows, city });
    }

    let rows = BLOCK_ROWS as u32 - minor_rows;
    let weights =
        |index: usize| locale.states[usize::from(locale.major_states[index])].share / major_share;
    let states = locale.major_states.len();
    let state_rows = round_running_sum(rows, states, unit(plastic(block, lane(2))), weights);
    let free = CUSTOMERS_PER_BLOCK as u32 - seats.len() as u32;
    let mut state_seats = round_running_sum(free, states, unit(golden(block, lane(3))), weights);
    for index in 0..states {
        if state_seats[index] == 0 {
            let most = (0..states)
                .max_by_key(|other| state_seats[*other])
                .unwrap_or(index);
            state_seats[most] -= 1;
            state_seats[index] = 1;
        }
    }
    for (index, state) in locale.major_states.iter().enumerate() {
        let first = seats.len();
        let cells = &spec.habits().activity;
        let rows = split(state_rows[index], state_seats[index], |seat| {
            activity(first + seat as usize) * cells[(draws.bits() % CELLS as u64) as usize]
        });
        // Cities lie along the rows of the state, from a place that moves on evenly from block to block.
        let mut place = golden(block, lane(4 + u64::from(*state)));
        let step = u64::MAX / u64::from(state_rows[index].max(1));
        seats.extend(rows.into_iter().map(|rows| {
            let half = step * u64::from(rows) / 2;
            let city = (place.wrapping_add(half) >> 32) as u32;
            place = place.wrapping_add(step * u64::from(rows));
            Seat {
                state: *state,
                rows,
                city,
            }
        }));
    }
    seats
}

/// `whole` in parts that follow weights of sum 1, by rounding the running sum with the same `offset` in 0..1.
fn round_running_sum(
    whole: u32,
    parts: usize,
    offset: f64,
    weight: impl Fn(usize) -> f64,
) -> Vec<u32> {
    let (mut sum, mut before) = (0.0, 0);
    (0..parts)
        .map(|part| {
            sum += weight(part) * f64::from(whole);
            let end = if part + 1 == parts {
                whole
            } else {
                ((sum + offset) as u32).min(whole)
            };
            let length = end.saturating_sub(before);
            before = end.max(before);
            length
        })
        .collect()
}

/// `whole` rows for `seats` customers in proportion to drawn weights, at least one each where there are enough.
fn split(whole: u32, seats: u32, mut weight: impl FnMut(u32) -> f64) -> Vec<u16> {
    let weights: Vec<f64> = (0..seats).map(&mut weight).collect();
    let sum: f64 = weights.iter().sum();
    let each = u32::from(whole >= seats);
    let shared = whole - each * seats;
    let dealt = round_running_sum(shared, weights.len(), 0.5, |seat| weights[seat] / sum);
    dealt.into_iter().map(|rows| (rows + each) as u16).collect()
}

/// A customer before there is a home.
struct Life {
    key: u64,
    draws: Draws,
    segment: usize,
}

impl Life {
    fn begin(spec: &Spec, customer: u64) -> Self {
        let mut draws = Draws::at(spec.seed(), Stream::Life, customer);
        Self {
            key: key(spec.seed(), Stream::Device, customer),
            segment: spec.locale().segment_pick.at((draws.bits() >> 32) as u32),
            draws,
        }
    }

    fn settle(&mut self, spec: &Spec, seat: Seat) -> Resident {
        let locale = spec.locale();
        let draws = &mut self.draws;
        let state = &locale.states[usize::from(seat.state)];
        let city = state.first_city + state.city_pick.at(seat.city) as u16;
        let segment = &locale.segments[self.segment];
        let salary = if draws.chance(segment.salaried) {
            1 + locale.salary_pick.at((draws.bits() >> 32) as u32) as u8
        } else {
            0
        };
        let own = f64::from(rank_noise(draws.bits())) * OWN_SPEND_SPREAD;
        let place = &locale.cities[usize::from(city)];
        let mut around = |centre: i32| {
            let offset = draws.unit() + draws.unit() - 1.0;
            centre + (offset * HOME_SPREAD) as i32
        };
        Resident {
            key: self.key,
            state: seat.state,
            city,
            rows: seat.rows,
            segment: self.segment as u8,
            salary,
            spend: (segment.spend * f64::from(RANK_UNIT) + own) as i32,
            home_lat: around(place.lat),
            home_lon: around(place.lon),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Request;

    #[test]
    fn blocks_are_dealt_out_whole_and_states_get_their_share() {
        for locale in ["in", "us"] {
            let spec = Request {
                locale: locale.to_owned(),
                ..Request::default()
            }
            .resolve()
            .unwrap();
            let mut rows = vec![0_u64; spec.locale().states.len()];
            let blocks = 64;
            for block in 0..blocks {
                let residents = residents(&spec, block);
                assert_eq!(residents.len() as u64, CUSTOMERS_PER_BLOCK);
                assert_eq!(
                    residents.iter().map(|one| u64::from(one.rows)).sum::<u64>(),
                    BLOCK_ROWS
                );
                for resident in residents {
                    rows[usize::from(resident.state)] += u64::from(resident.rows);
                }
            }
            for (state, rows) in spec.locale().states.iter().zip(rows) {
                let expected = state.share * (blocks * BLOCK_ROWS) as f64;
                let tolerance = 4.0 * MINOR_ROWS + expected * 0.01;
                assert!(
                    (rows as f64 - expected).abs() < tolerance,
                    "{}: {rows}, not {expected}",
                    state.name
                );
            }
        }
    }
}
