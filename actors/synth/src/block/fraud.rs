//! Which rows of a block are fraud: episodes of typologies, taken out of what customers do anyway.
//!
//! An episode turns rows of its victims into fraud and leaves their categories, so that fraud changes neither the mix nor
//! the mean of amounts. Episodes are spread evenly over the period.

use super::{
    episode::{Episode, Scene},
    row::Row,
};
use crate::{
    calendar::DAY_SECONDS,
    locale::Payee,
    random::{Draws, Stream, golden, key, unit},
    roster::Resident,
    spec::{BLOCK_ROWS, Spec},
    typology::Typology,
};

/// Victims looked for in a row without finding one, before any row will do.
const ATTEMPTS: u32 = 64;

pub fn commit(spec: &Spec, block: u64, residents: &[Resident], starts: &[u16], rows: &mut [Row]) {
    let offset = key(spec.seed(), Stream::Fraud, u64::MAX);
    let exact = spec.request().fraud_rate * BLOCK_ROWS as f64;
    // Rounded up or down, by turns that make the sum over blocks exact.
    let wanted = ((exact + unit(golden(block, offset))) as usize).min(rows.len());
    let mut draws = Draws::at(spec.seed(), Stream::Fraud, block);
    let phase = draws.unit();
    let (mut done, mut attempts, mut episode) = (0, 0, 0);
    while done < wanted && attempts < ATTEMPTS {
        let typology = Typology::ALL[spec.locale().fraud_pick.at((draws.bits() >> 32) as u32)];
        let size = typology_size(typology, &mut draws).min(wanted - done);
        // In proportion to the rows so far, from a random point around the period: any part of a block has its share.
        let part = (done as f64 + size as f64 / 2.0) / wanted as f64 + phase;
        let when = midday(spec, part - libm::floor(part));
        episode += 1;
        let mut found = Victims {
            spec,
            residents,
            starts,
            rows,
            when,
            draws: &mut draws,
        }
        .find(typology, size);
        found.truncate(size);
        attempts = if found.is_empty() { attempts + 1 } else { 0 };
        done += found.len();
        let scene = Scene {
            spec,
            typology,
            number: episode,
        };
        Episode::new(scene, &mut draws).play(rows, &found, &mut draws);
    }
    sweep(rows, wanted - done, &mut draws);
}

/// The middle of the day by which a share of the period's business is done.
fn midday(spec: &Spec, share: f64) -> u32 {
    let day = spec
        .calendar()
        .day_at(0, (share * f64::from(u32::MAX)) as u32);
    day * DAY_SECONDS + DAY_SECONDS / 2
}

/// Rows of an episode.
fn typology_size(typology: Typology, draws: &mut Draws) -> usize {
    let (least, most) = match typology {
        Typology::CardTesting | Typology::Velocity => (4, 7),
        Typology::AccountTakeover | Typology::MerchantCollusion | Typology::RefundAbuse => (2, 4),
        Typology::GeoImpossible => (1, 2),
        Typology::MuleChain => (3, 5),
    };
    (least + draws.below(most - least + 1)) as usize
}

/// Who is paid in the rows of a typology.
pub const fn payee(typology: Typology) -> Payee {
    match typology {
        Typology::AccountTakeover | Typology::MuleChain => Payee::Customer,
        Typology::CardTesting
        | Typology::Velocity
        | Typology::GeoImpossible
        | Typology::MerchantCollusion
        | Typology::RefundAbuse => Payee::Merchant,
    }
}

struct Victims<'a> {
    spec: &'a Spec,
    residents: &'a [Resident],
    starts: &'a [u16],
    rows: &'a [Row],
    /// When the episode begins, about.
    when: u32,
    draws: &'a mut Draws,
}

impl Victims<'_> {
    /// Up to `size` honest rows that suit a typology: of one customer in order of time, or of several.
    fn find(mut self, typology: Typology, size: usize) -> Vec<usize> {
        let payee = payee(typology);
        match typology {
            Typology::MerchantCollusion | Typology::MuleChain => {
                let mut found: Vec<usize> = Vec::new();
                for _ in 0..2 * size {
                    let next = self.of_one(payee, 1).into_iter().next();
                    found.extend(next.filter(|row| !found.contains(row)));
                }
                found
            }
            Typology::CardTesting
            | Typology::AccountTakeover
            | Typology::Velocity
            | Typology::GeoImpossible
            | Typology::RefundAbuse => self.of_one(payee, size),
        }
    }

    fn of_one(&mut self, payee: Payee, size: usize) -> Vec<usize> {
        let row = &self.rows[self.draws.below(self.rows.len() as u32) as usize];
        let customer = usize::from(row.customer);
        let start = usize::from(self.starts[customer]);
        let rows = usize::from(self.residents[customer].rows);
        let is_victim = |position: &usize| {
            let row = &self.rows[*position];
            let category = &self.spec.locale().categories[usize::from(row.category)];
            row.fraud == 0 && row.bill == 0 && category.payee == payee
        };
        let positions = start..start + rows;
        let nearest = positions
            .clone()
            .filter(is_victim)
            .min_by_key(|position| self.rows[*position].second.abs_diff(self.when));
        let first = nearest.unwrap_or(start);
        let honest = (first..positions.end).chain(start..first).filter(is_victim);
        honest.take(size).collect()
    }
}

/// Labels what is still wanted where victims have run out; rates near one half need it.
fn sweep(rows: &mut [Row], wanted: usize, draws: &mut Draws) {
    let middle = draws.below(rows.len() as u32) as usize;
    let (front, back) = rows.split_at_mut(middle);
    let honest = back.iter_mut().chain(front).filter(|row| row.fraud == 0);
    for row in honest.take(wanted) {
        let typology = if row.merchant == super::row::NOBODY {
            Typology::AccountTakeover
        } else {
            Typology::Velocity
        };
        row.fraud = typology as u8 + 1;
    }
}
