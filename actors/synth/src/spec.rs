//! A validated request with everything that its rows are drawn from, built once and shared.

use std::{ops::Range, sync::Arc};

use crate::{
    calendar::Calendar,
    directory::Directory,
    locale::{Category, Locale},
    request::{Compression, Entity, Format, Request},
    roster::Habits,
};

/// Raised with every change to the bytes that a seed gives: what is kept of one version is not taken for another's.
pub const GENERATOR_VERSION: u32 = 2;
/// Transactions that come from the same customers, made together.
pub const BLOCK_ROWS: u64 = 4_096;
/// Customers of one block, who pay nobody but each other and merchants.
pub const CUSTOMERS_PER_BLOCK: u64 = 128;

/// A data set that can be made, whole or in part. Clones share what it holds.
#[derive(Debug, Clone)]
pub struct Spec(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    request: Request,
    locale: &'static Locale,
    calendar: Calendar,
    directory: Directory,
    habits: Habits,
}

impl Spec {
    pub(crate) fn new(request: Request, locale: &'static Locale) -> Self {
        let directory = match request.entity {
            Entity::Transactions => Directory::new(locale, request.seed, request.merchants),
            Entity::Customers | Entity::Merchants => Directory::default(),
        };
        Self(Arc::new(Inner {
            locale,
            calendar: Calendar::new(locale, request.from, request.to),
            directory,
            habits: Habits::new(),
            request,
        }))
    }

    /// The request as it was accepted.
    pub fn request(&self) -> &Request {
        &self.0.request
    }

    pub fn entity(&self) -> Entity {
        self.0.request.entity
    }

    pub fn rows(&self) -> u64 {
        self.0.request.rows
    }

    pub fn seed(&self) -> u64 {
        self.0.request.seed
    }

    pub fn format(&self) -> Format {
        self.0.request.format
    }

    pub fn compression(&self) -> Compression {
        self.0.request.compression
    }

    /// The part of `range` that the data set has.
    pub fn clamp(&self, range: Range<u64>) -> Range<u64> {
        let end = range.end.min(self.rows());
        range.start.min(end)..end
    }

    /// What the rows should come to: categories with their share of rows and their mean amount in minor units.
    pub fn category_targets(&self) -> impl Iterator<Item = (&str, f64, f64)> {
        let target = |category: &'static Category| {
            let mean = category.amounts.mean();
            (category.name.as_str(), category.share, mean)
        };
        self.0.locale.categories.iter().map(target)
    }

    /// What the rows should come to: states with their share of rows.
    pub fn state_targets(&self) -> impl Iterator<Item = (&str, f64)> {
        let states = self.0.locale.states.iter();
        states.map(|state| (state.name.as_str(), state.share))
    }

    pub(crate) fn locale(&self) -> &'static Locale {
        self.0.locale
    }

    pub(crate) fn calendar(&self) -> &Calendar {
        &self.0.calendar
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.0.directory
    }

    pub(crate) fn habits(&self) -> &Habits {
        &self.0.habits
    }
}

/// The customers that the first `rows` transactions belong to: those of every block begun.
pub const fn customers_of(rows: u64) -> u64 {
    rows.div_ceil(BLOCK_ROWS) * CUSTOMERS_PER_BLOCK
}
