//! What takes the cells of rows, one column after the other.

/// A moment as text and as a number.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The local day: `2024-10-01`.
    pub day: [u8; 10],
    /// Local time since midnight.
    pub second: u32,
    /// Since 1970-01-01 UTC.
    pub unix_ms: i64,
}

/// Takes rows cell by cell, in the order of the entity's columns.
pub trait Cells {
    fn text(&mut self, text: &[u8]);
    fn empty(&mut self);
    /// A key: a letter and a number with leading zeros to `digits`.
    fn key(&mut self, letter: u8, digits: usize, number: u64);
    /// Twelve hexadecimal digits after a prefix.
    fn device(&mut self, bits: u64);
    /// In minor units.
    fn money(&mut self, minor: i64);
    fn integer(&mut self, value: i64);
    /// In millionths of a degree.
    fn degrees(&mut self, millionths: i32);
    fn flag(&mut self, value: bool);
    /// A calendar day as text and as days since 1970-01-01.
    fn date(&mut self, text: [u8; 10], days: i32);
    fn timestamp(&mut self, moment: &Moment);
    fn end_row(&mut self);
}
