//! Input of `synth.dataset`: one set, or several in `sets`. What is admitted names every entity and every value.

use callboard_orchestra::{InvalidInput, Payload, admit::read_input};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::shard::{SHARD_ROWS, SHARDS_MAX, shard_rows};
use crate::{
    refusal::Refusal,
    request::{Entity, Request},
    spec::customers_of,
};

/// Sets of one job; `all` counts as three.
pub const SETS_MAX: usize = 32;
/// The entity of an input that stands for all three: transactions with their customers and merchants.
pub const ALL: &str = "all";
const SETS: &str = "sets";
const ENTITY: &str = "entity";

/// The sets that a job makes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    pub sets: Vec<Request>,
}

/// Reads, validates and completes an input; the refusal names the field at fault.
pub fn admit(input: &Payload) -> Result<Payload, InvalidInput> {
    let order = read(input)?;
    Payload::of(&order).map_err(|error| invalid(INVALID, None, error.to_string()))
}

const INVALID: &str = "invalid_input";

fn read(input: &Payload) -> Result<Order, InvalidInput> {
    let mut whole: Map<String, Value> = read_input(input)?;
    let mut sets = Vec::new();
    match whole.remove(SETS) {
        None => sets.extend(read_set(whole, "")?),
        Some(Value::Array(listed)) => {
            if let Some(beside) = whole.keys().next() {
                let message = format!("{beside} stands beside sets: state it in each of them");
                return Err(invalid(INVALID, Some(beside.clone()), message));
            }
            require_count(listed.len())?;
            for (index, set) in listed.into_iter().enumerate() {
                let path = format!("{SETS}[{index}]");
                let Value::Object(set) = set else {
                    let message = format!("{path} is no object");
                    return Err(invalid(INVALID, Some(path), message));
                };
                sets.extend(read_set(set, &path)?);
            }
        }
        Some(_) => {
            let message = "sets must be a list of data sets".to_owned();
            return Err(invalid(INVALID, Some(SETS.to_owned()), message));
        }
    }
    require_count(sets.len())?;
    require_shards(&sets)?;
    Ok(Order { sets })
}

fn require_count(sets: usize) -> Result<(), InvalidInput> {
    let bound = match sets {
        0 => "at least one data set".to_owned(),
        1..=SETS_MAX => return Ok(()),
        more => format!("at most {SETS_MAX} data sets, and these are {more}"),
    };
    let message = format!("a job makes {bound}");
    Err(invalid("invalid_sets", Some(SETS.to_owned()), message))
}

fn require_shards(sets: &[Request]) -> Result<(), InvalidInput> {
    let shards: u64 = sets
        .iter()
        .map(|set| set.rows.div_ceil(shard_rows(set.entity, set.format)))
        .sum();
    if shards <= SHARDS_MAX {
        return Ok(());
    }
    let rows = SHARDS_MAX * SHARD_ROWS;
    let message = format!(
        "rows make {shards} shards, and one job has at most {SHARDS_MAX}: about {rows} transactions"
    );
    let field = if sets.len() == 1 { "rows" } else { SETS };
    Err(invalid("invalid_rows", Some(field.to_owned()), message))
}

/// The sets that one object stands for.
fn read_set(mut set: Map<String, Value>, path: &str) -> Result<Vec<Request>, InvalidInput> {
    let at = |mut refused: InvalidInput| {
        if !path.is_empty() {
            let field = refused.field.unwrap_or_default();
            let dot = if field.is_empty() { "" } else { "." };
            refused.field = Some(format!("{path}{dot}{field}"));
        }
        refused
    };
    let is_all = set.get(ENTITY).and_then(Value::as_str) == Some(ALL);
    if is_all {
        set.insert(ENTITY.to_owned(), json!(Entity::Transactions));
    }
    let known = |name: &str| name == ALL || Entity::ALL.iter().any(|one| one.as_str() == name);
    if let Some(Value::String(name)) = set.get(ENTITY)
        && !known(name)
    {
        let message =
            format!("there is no entity {name:?}; it is customers, merchants, transactions or all");
        let refused = invalid("unknown_entity", Some(ENTITY.to_owned()), message);
        return Err(at(refused));
    }
    let request: Request = Payload::of(&set)
        .map_err(|error| invalid(INVALID, None, error.to_string()))
        .and_then(|set| read_input(&set))
        .map_err(at)?;
    let mut sets = vec![request.clone()];
    if is_all {
        sets.push(Request {
            entity: Entity::Customers,
            rows: customers_of(request.rows),
            ..request.clone()
        });
        sets.push(Request {
            entity: Entity::Merchants,
            rows: u64::from(request.merchants),
            ..request
        });
    }
    for set in &sets {
        let accepted = set.clone().accept();
        accepted.map_err(|refusal| at(refusal.into()))?;
    }
    Ok(sets)
}

impl From<Refusal> for InvalidInput {
    fn from(refusal: Refusal) -> Self {
        invalid(
            refusal.code.as_str(),
            Some(refusal.field.to_owned()),
            refusal.message,
        )
    }
}

fn invalid(code: &'static str, field: Option<String>, message: String) -> InvalidInput {
    InvalidInput {
        code,
        field,
        message,
    }
}

/// JSON schema of the input.
pub fn schema() -> Value {
    let mut set: Value = schemars::schema_for!(Request).into();
    let names = Entity::ALL.map(Entity::as_str);
    set["properties"][ENTITY] = json!({
        "description": "What is made; `all` is transactions with their customers and merchants.",
        "enum": [names[0], names[1], names[2], ALL],
        "default": Entity::Transactions,
    });
    let mut one = set.clone();
    if let Value::Object(one) = &mut one {
        one.retain(|key, _| !key.starts_with('$'));
    }
    set["$defs"]["DataSet"] = one;
    set["title"] = json!("Order");
    set["properties"][SETS] = json!({
        "description": "Several data sets in place of one; nothing stands beside it.",
        "type": "array", "minItems": 1, "maxItems": SETS_MAX,
        "items": {"$ref": "#/$defs/DataSet"},
    });
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(input: Value) -> Result<Order, InvalidInput> {
        read(&Payload::of(&input).unwrap())
    }

    #[test]
    fn all_is_transactions_with_the_customers_and_merchants_they_name() {
        let order = order(json!({"entity": "all", "rows": 5_000, "merchants": 70})).unwrap();
        let made: Vec<(Entity, u64)> = order
            .sets
            .iter()
            .map(|set| (set.entity, set.rows))
            .collect();
        assert_eq!(
            made,
            [
                (Entity::Transactions, 5_000),
                (Entity::Customers, customers_of(5_000)),
                (Entity::Merchants, 70)
            ]
        );
        let again = read(&Payload::of(&order).unwrap());
        assert_eq!(again, Ok(order), "what is admitted is admitted again");
    }

    #[test]
    fn a_refusal_names_the_field_with_its_place() {
        for (input, field) in [
            (json!({"rows": 0}), "rows"),
            (json!({"rows": 1_000_000_000_000_u64}), "rows"),
            (json!({"rows": 9_000_000_000_u64}), "rows"),
            (json!({"rows": "many"}), "rows"),
            (json!({"locale": "xx"}), "locale"),
            (json!({"fraud_rate": 1.5}), "fraud_rate"),
            (json!({"from": "2024-02-01", "to": "2024-01-01"}), "to"),
            (json!({"entity": "cats"}), "entity"),
            (json!({"row": 3}), "row"),
            (json!({"sets": [{"rows": 1}, {"rows": 0}]}), "sets[1].rows"),
            (json!({"sets": [3]}), "sets[0]"),
            (json!({"sets": []}), "sets"),
            (json!({"sets": [{}], "rows": 4}), "rows"),
            (json!({"sets": vec![json!({"entity": "all"}); 11]}), "sets"),
        ] {
            let refused = order(input.clone()).unwrap_err();
            assert_eq!(refused.field.as_deref(), Some(field), "{input}: {refused}");
        }
    }

    #[test]
    fn the_schema_knows_every_field_of_a_set() {
        let schema = schema();
        for key in ["rows", "seed", "locale", "fraud_rate", "from", "merchants"] {
            assert!(schema["properties"][key].is_object(), "{key}");
            assert!(schema["$defs"]["DataSet"]["properties"][key].is_object());
        }
        assert_eq!(schema["properties"]["entity"]["enum"][3], ALL);
    }
}
