//! One transaction before it is written.

/// No merchant, or no counterparty.
pub const NOBODY: u32 = u32::MAX;
/// Devices from this number on are not the customer's own.
pub const STRANGE_DEVICE: u16 = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Success,
    Failed,
    Pending,
    Refunded,
}

impl Status {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Pending => "pending",
            Self::Refunded => "refunded",
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Since the first midnight of the period.
    pub second: u32,
    /// In minor units.
    pub amount: u32,
    /// Where the amount ranks among those of its category.
    pub rank: i32,
    pub merchant: u32,
    /// Number within the block of the customer who is paid.
    pub counterparty: u32,
    /// Number within the block of the customer who pays.
    pub customer: u16,
    pub city: u16,
    pub lat: i32,
    pub lon: i32,
    /// Which of the customer's devices.
    pub device: u16,
    /// 0, or the number within the block of the bill that repeats every month.
    pub bill: u16,
    pub category: u8,
    pub channel: u8,
    pub status: Status,
    /// 0, or the index of the typology and one.
    pub fraud: u8,
}
