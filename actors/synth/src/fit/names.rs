//! What the name of a column says of its cells.

/// Names of columns that tell whose a row is, the surest first.
const OWNERS: [&str; 19] = [
    "customer",
    "client",
    "cust",
    "user",
    "member",
    "account",
    "person",
    "household",
    "patient",
    "cardholder",
    "card",
    "subscriber",
    "guest",
    "visitor",
    "payer",
    "sender",
    "employee",
    "student",
    "owner",
];
/// What may stand behind them.
const OWNER_ENDS: [&str; 10] = [
    "", "id", "no", "number", "key", "ref", "code", "uid", "uuid", "hash",
];
/// Ways to reach or to identify a person, as the last word but for `id` and the like.
const HANDLES: [&str; 18] = [
    "email",
    "mail",
    "vpa",
    "upi",
    "phone",
    "mobile",
    "msisdn",
    "telephone",
    "tel",
    "iban",
    "ssn",
    "pan",
    "aadhaar",
    "passport",
    "login",
    "username",
    "ip",
    "imei",
];
/// Names of people, without what parts their words.
const PERSON_NAMES: [&str; 16] = [
    "name",
    "fullname",
    "firstname",
    "lastname",
    "surname",
    "forename",
    "givenname",
    "familyname",
    "customername",
    "clientname",
    "personname",
    "holdername",
    "cardholdername",
    "accountname",
    "payername",
    "sendername",
];
/// Words of a column that locates a person.
const PLACES: [&str; 3] = ["address", "street", "addr"];
/// Words of a column that is about a business.
const BUSINESSES: [&str; 10] = [
    "merchant", "shop", "store", "vendor", "seller", "product", "item", "company", "bank", "branch",
];

/// How sure a name tells whose a row is, 0 first; none where it does not.
pub fn owner_rank(name: &str) -> Option<usize> {
    let name = name.to_lowercase();
    let is_owner = |owner: &str| {
        let rest = name.strip_prefix(owner);
        rest.is_some_and(|rest| OWNER_ENDS.contains(&rest.trim_start_matches(['_', ' ', '-', '.'])))
    };
    if let Some(rank) = OWNERS.iter().position(|owner| is_owner(owner)) {
        return Some(rank);
    }
    let mut words = words(&name);
    if words.iter().any(|word| BUSINESSES.contains(word)) {
        return None;
    }
    let whole = words.concat();
    while words.len() > 1 && words.last().is_some_and(|word| is_end(word)) {
        words.pop();
    }
    let last = words.last()?;
    let joined = words.concat();
    if let Some(rank) = HANDLES
        .iter()
        .position(|handle| last == handle || joined == *handle)
    {
        return Some(OWNERS.len() + rank);
    }
    let rank = PERSON_NAMES.iter().position(|known| whole == *known)?;
    Some(OWNERS.len() + HANDLES.len() + rank)
}

/// Whether cells under this name may tell of one person, so that a word is not kept for being frequent.
pub fn names_person(name: &str) -> bool {
    let lower = name.to_lowercase();
    owner_rank(name).is_some() || words(&lower).iter().any(|word| PLACES.contains(word))
}

/// Whether whole numbers under this name are labels.
pub fn names_key(name: &str) -> bool {
    let name = name.to_lowercase();
    ["_id", " id", "-id", "_no", "_code", "pincode", "zip", "mcc"]
        .iter()
        .any(|end| name.ends_with(end))
        || name == "id"
}

/// Whether moments under this name are likely the row's own.
pub fn names_row_time(name: &str) -> bool {
    let name = name.to_lowercase();
    let ends = ["time", "date", "at", "when"];
    ends.iter().any(|end| name.ends_with(end)) && !name.contains("birth")
}

fn words(name: &str) -> Vec<&str> {
    let words = name.split(|letter: char| !letter.is_alphanumeric());
    words.filter(|word| !word.is_empty()).collect()
}

fn is_end(word: &str) -> bool {
    OWNER_ENDS.contains(&word) || word == "address" || word == "e"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_owners_and_of_their_handles_are_known() {
        for name in [
            "customer_id",
            "CustomerID",
            "User",
            "account no",
            "email",
            "E-Mail",
            "customer_email",
            "Email Address",
            "payer_vpa",
            "upi_id",
            "phone",
            "mobile number",
            "IBAN",
            "full_name",
            "Name",
        ] {
            assert!(owner_rank(name).is_some() && names_person(name), "{name}");
        }
        for name in [
            "merchant_id",
            "merchant_name",
            "store phone",
            "amount",
            "channel",
            "city",
            "useful",
            "product name",
            "guests",
        ] {
            assert!(owner_rank(name).is_none(), "{name}");
        }
        assert!(owner_rank("customer_id") < owner_rank("email"));
        assert!(owner_rank("email") < owner_rank("name"));
        assert!(names_person("home address") && !names_person("drink"));
    }
}
