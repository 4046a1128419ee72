//! Where the prices of comparisons come from: a book, and a provider for what the book lacks.

use std::{fmt, sync::Arc};

use super::{book::PriceBook, provider::PriceProvider};

/// The prices that a pack compares.
#[derive(Clone)]
pub struct Supply {
    book: Arc<PriceBook>,
    /// Whether another start of the process may find another book.
    changes: bool,
    provider: Option<Arc<dyn PriceProvider>>,
}

impl Supply {
    /// A book that may be another at the next start, so that each job keeps the prices it began with.
    pub fn changing(book: PriceBook) -> Self {
        Self {
            changes: true,
            ..Self::from(book)
        }
    }

    /// Asks `provider` for tickers that the book does not hold.
    pub fn with_provider(self, provider: Arc<dyn PriceProvider>) -> Self {
        Self {
            book: Arc::new(Arc::unwrap_or_clone(self.book).open()),
            provider: Some(provider),
            ..self
        }
    }

    pub fn book(&self) -> &Arc<PriceBook> {
        &self.book
    }

    pub fn changes(&self) -> bool {
        self.changes
    }

    pub fn provider(&self) -> Option<&Arc<dyn PriceProvider>> {
        self.provider.as_ref()
    }
}

impl From<PriceBook> for Supply {
    /// A book that is the same at every start.
    fn from(book: PriceBook) -> Self {
        Self::from(Arc::new(book))
    }
}

impl From<Arc<PriceBook>> for Supply {
    fn from(book: Arc<PriceBook>) -> Self {
        Self {
            book,
            changes: false,
            provider: None,
        }
    }
}

impl fmt::Debug for Supply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supply")
            .field("source", &self.book.source())
            .field("changes", &self.changes)
            .field("provider", &self.provider.is_some())
            .finish()
    }
}
