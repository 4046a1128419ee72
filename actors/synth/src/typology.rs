//! The typologies of fraud that transactions are labelled with.

/// A pattern of fraud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Typology {
    /// Small payments online in quick succession, to find out whether stolen details work.
    CardTesting,
    /// Large transfers to strangers from a device and a place the customer never used.
    AccountTakeover,
    /// Ordinary payments at a pace no customer keeps.
    Velocity,
    /// Payments in two cities further apart than anyone travels in the time between.
    GeoImpossible,
    /// Large sales of a merchant who is in on it.
    MerchantCollusion,
    /// Money passed on from customer to customer within hours.
    MuleChain,
    /// Purchases that are refunded again and again.
    RefundAbuse,
}

impl Typology {
    pub const ALL: [Self; 7] = [
        Self::CardTesting,
        Self::AccountTakeover,
        Self::Velocity,
        Self::GeoImpossible,
        Self::MerchantCollusion,
        Self::MuleChain,
        Self::RefundAbuse,
    ];

    /// Its label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CardTesting => "card_testing",
            Self::AccountTakeover => "account_takeover",
            Self::Velocity => "velocity",
            Self::GeoImpossible => "geo_impossible",
            Self::MerchantCollusion => "merchant_collusion",
            Self::MuleChain => "mule_chain",
            Self::RefundAbuse => "refund_abuse",
        }
    }
}
