//! The columns of each entity, in the order of the file.

use crate::request::Entity;

/// What a column's cells hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// An amount of money; whole minor units (hundredths) in memory, two decimals in text.
    Money,
    Integer,
    /// Degrees of latitude or longitude; millionths in memory, six decimals in text.
    Degrees,
    Flag,
    /// A calendar day; days since 1970-01-01 in memory, ISO 8601 in text.
    Date,
    /// A moment; milliseconds since 1970-01-01 UTC in memory, RFC 3339 with the locale's offset in text.
    Timestamp,
}

/// One column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    pub name: &'static str,
    pub kind: Kind,
    /// Whether cells may be empty.
    pub nullable: bool,
    /// Whether `missing_rate` empties cells; keys and labels stay.
    pub blankable: bool,
    pub meaning: &'static str,
}

const fn column(name: &'static str, kind: Kind, meaning: &'static str) -> Column {
    Column {
        name,
        kind,
        nullable: false,
        blankable: false,
        meaning,
    }
}

const fn optional(name: &'static str, kind: Kind, meaning: &'static str) -> Column {
    Column {
        name,
        kind,
        nullable: true,
        blankable: true,
        meaning,
    }
}

const fn absent(name: &'static str, kind: Kind, meaning: &'static str) -> Column {
    Column {
        name,
        kind,
        nullable: true,
        blankable: false,
        meaning,
    }
}

const CUSTOMERS: [Column; 24] = [
    column(
        "customer_id",
        Kind::Text,
        "c and ten digits: the row's number",
    ),
    column("name", Kind::Text, "given and family name"),
    optional("gender", Kind::Text, "F or M"),
    optional("birth_date", Kind::Date, "date of birth"),
    optional("city", Kind::Text, "home city"),
    column("state", Kind::Text, "state of the home city"),
    optional("pincode", Kind::Text, "postal code of the home"),
    column(
        "segment",
        Kind::Text,
        "way of life: student, salaried, self-employed, affluent or retired",
    ),
    column(
        "risk_profile",
        Kind::Text,
        "low, medium or high, as a bank would rate",
    ),
    absent(
        "salary_day",
        Kind::Integer,
        "day of the month on which a salary arrives; empty without one",
    ),
    optional("home_lat", Kind::Degrees, "latitude of the home"),
    optional("home_lon", Kind::Degrees, "longitude of the home"),
    optional("phone", Kind::Text, "phone number"),
    optional(
        "email",
        Kind::Text,
        "address in a domain that belongs to nobody",
    ),
    absent(
        "pan",
        Kind::Text,
        "in: permanent account number of a person",
    ),
    absent(
        "aadhaar",
        Kind::Text,
        "in: twelve digits with a Verhoeff check digit",
    ),
    absent(
        "ifsc",
        Kind::Text,
        "in: branch code of a bank that does not exist",
    ),
    optional("account_number", Kind::Text, "bank account"),
    optional(
        "card_number",
        Kind::Text,
        "card on a test prefix with a Luhn check digit",
    ),
    absent(
        "ssn",
        Kind::Text,
        "us: nine digits in an area that is never issued",
    ),
    absent(
        "routing_number",
        Kind::Text,
        "us: routing number with its ABA check digit",
    ),
    absent(
        "iban",
        Kind::Text,
        "account abroad of those who hold one, ISO 7064 mod 97",
    ),
    column(
        "created_at",
        Kind::Timestamp,
        "opening of the account, before the period begins",
    ),
    column(
        "device_id",
        Kind::Text,
        "the device in use as the period begins",
    ),
];

const MERCHANTS: [Column; 12] = [
    column(
        "merchant_id",
        Kind::Text,
        "m and seven digits: the row's number",
    ),
    column("name", Kind::Text, "trading name"),
    column("category", Kind::Text, "trade"),
    column("mcc", Kind::Text, "merchant category code, ISO 18245"),
    optional("city", Kind::Text, "place of business"),
    column("state", Kind::Text, "state of the place of business"),
    optional("lat", Kind::Degrees, "latitude"),
    optional("lon", Kind::Degrees, "longitude"),
    optional("ticket_mean", Kind::Money, "typical amount of a sale"),
    absent("gstin", Kind::Text, "in: goods and services tax number"),
    column(
        "risk",
        Kind::Text,
        "low, medium or high, as an acquirer would rate",
    ),
    column("opened_at", Kind::Date, "first day of business"),
];

const TRANSACTIONS: [Column; 17] = [
    column(
        "transaction_id",
        Kind::Text,
        "t and eleven digits: the row's number",
    ),
    column("customer_id", Kind::Text, "who pays"),
    absent(
        "merchant_id",
        Kind::Text,
        "who is paid, a merchant; empty between customers",
    ),
    column("category", Kind::Text, "kind of payment"),
    column("amount", Kind::Money, "amount in the currency"),
    column("currency", Kind::Text, "ISO 4217 code"),
    column("timestamp", Kind::Timestamp, "moment of the payment"),
    optional("channel", Kind::Text, "how it was made"),
    optional("city", Kind::Text, "where it was made"),
    column("state", Kind::Text, "state of the city"),
    optional("lat", Kind::Degrees, "latitude"),
    optional("lon", Kind::Degrees, "longitude"),
    optional("device_id", Kind::Text, "device that made it"),
    absent(
        "counterparty_id",
        Kind::Text,
        "who is paid, a customer; empty for merchants",
    ),
    column("status", Kind::Text, "success, failed, pending or refunded"),
    column("is_fraud", Kind::Flag, "whether it is part of a fraud"),
    absent("fraud_type", Kind::Text, "typology of the fraud"),
];

/// The columns of an entity, in the order of the file.
pub const fn columns(entity: Entity) -> &'static [Column] {
    match entity {
        Entity::Customers => &CUSTOMERS,
        Entity::Merchants => &MERCHANTS,
        Entity::Transactions => &TRANSACTIONS,
    }
}
