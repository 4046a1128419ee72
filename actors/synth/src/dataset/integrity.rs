//! Rows made once more and looked at one by one: keys in order and within their population, moments within the period,
//! amounts above nothing, labels that agree. Cells that were corrupted on request are looked at as they were before.

use std::collections::HashSet;

use crate::{
    calendar::unix_midnight,
    encode::{Batch, Values, batch},
    request::{Entity, Request},
    spec::{BLOCK_ROWS, Spec, customers_of},
    typology::Typology,
};

/// Shards of which a block is looked at.
const SAMPLES_MAX: usize = 16;
const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// Looks at the first block of some of the shards that begin at `starts`; answers how many rows they were.
pub fn sample(spec: &Spec, starts: impl ExactSizeIterator<Item = u64>) -> Result<usize, String> {
    let clean = Request {
        dirty_rate: 0.0,
        ..spec.request().clone()
    };
    let spec = &clean.resolve().map_err(|refusal| refusal.message)?;
    let step = starts.len().div_ceil(SAMPLES_MAX).max(1);
    let mut rows = 0;
    for start in starts.step_by(step) {
        let made = batch(spec, start..start + BLOCK_ROWS);
        Block { spec, made: &made }.check(start)?;
        rows += made.rows;
    }
    Ok(rows)
}

struct Block<'a> {
    spec: &'a Spec,
    made: &'a Batch,
}

impl Block<'_> {
    fn check(&self, start: u64) -> Result<(), String> {
        let entity = self.spec.entity();
        let (key, letter, digits) = match entity {
            Entity::Customers => ("customer_id", 'c', 10),
            Entity::Merchants => ("merchant_id", 'm', 7),
            Entity::Transactions => ("transaction_id", 't', 11),
        };
        for row in 0..self.made.rows {
            let expected = format!("{letter}{:0digits$}", start + row as u64);
            if self.text(key, row)? != Some(expected.as_str()) {
                return Err(format!("row {} is not {expected}", start + row as u64));
            }
            if entity == Entity::Transactions {
                self.check_transaction(row)
                    .map_err(|fault| format!("{expected}: {fault}"))?;
            }
        }
        Ok(())
    }

    fn check_transaction(&self, row: usize) -> Result<(), String> {
        let request = self.spec.request();
        let customers = customers_of(self.spec.rows());
        let merchants = u64::from(request.merchants);
        require(
            self.refers("customer_id", row, customers)? == Some(true),
            "its customer is none",
        )?;
        let merchant = self.refers("merchant_id", row, merchants)?;
        let counterparty = self.refers("counterparty_id", row, customers)?;
        let pays_one = matches!(
            (merchant, counterparty),
            (Some(true), None) | (None, Some(true))
        );
        require(pays_one, "it pays neither one merchant nor one customer")?;
        match self.column("amount")? {
            Values::Money(amounts) => {
                require(
                    amounts[row].is_some_and(|minor| minor > 0),
                    "its amount is not above 0",
                )?;
            }
            _ => return Err("amounts are no money".to_owned()),
        }
        let first = unix_midnight(self.spec.locale(), request.from) * 1_000;
        let last = unix_midnight(self.spec.locale(), request.to) * 1_000 + DAY_MS;
        match self.column("timestamp")? {
            Values::Timestamp(moments) => {
                let within = moments[row].is_some_and(|moment| (first..last).contains(&moment));
                require(within, "its moment lies outside of the period")?;
            }
            _ => return Err("timestamps are no moments".to_owned()),
        }
        let is_fraud = match self.column("is_fraud")? {
            Values::Flag(flags) => flags[row],
            _ => return Err("labels are no flags".to_owned()),
        };
        let typology = self.text("fraud_type", row)?;
        let known: HashSet<&str> = Typology::ALL.iter().map(|one| one.as_str()).collect();
        let labelled = match (is_fraud, typology) {
            (Some(true), Some(typology)) => known.contains(typology),
            (Some(false), None) => true,
            _ => false,
        };
        require(labelled, "its labels disagree")
    }

    fn column(&self, name: &str) -> Result<&Values, String> {
        let column = self.made.column(self.spec.entity(), name);
        column.ok_or_else(|| format!("there is no column {name}"))
    }

    fn text(&self, name: &str, row: usize) -> Result<Option<&str>, String> {
        match self.column(name)? {
            Values::Text(texts) => texts
                .get(row)
                .map(|text| std::str::from_utf8(text).map_err(|error| error.to_string()))
                .transpose(),
            _ => Err(format!("{name} is no text")),
        }
    }

    /// Whether a key names one of a population; none where the cell is empty.
    fn refers(&self, name: &str, row: usize, population: u64) -> Result<Option<bool>, String> {
        let key = self.text(name, row)?;
        Ok(key.map(|key| {
            let number = key.get(1..).and_then(|digits| digits.parse::<u64>().ok());
            number.is_some_and(|number| number < population)
        }))
    }
}

fn require(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds {
        Ok(())
    } else {
        Err(otherwise.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(entity: Entity) -> Spec {
        let request = Request {
            entity,
            rows: 9_000,
            fraud_rate: 0.2,
            dirty_rate: 0.2,
            missing_rate: 0.2,
            ..Request::default()
        };
        request.resolve().unwrap()
    }

    #[test]
    fn rows_hold_together_also_where_cells_are_missing_or_dirty() {
        for entity in Entity::ALL {
            let looked_at = sample(&spec(entity), [0, 4_096, 8_192].into_iter());
            assert_eq!(looked_at, Ok(9_000), "{entity:?}");
        }
    }

    #[test]
    fn a_row_that_does_not_hold_together_is_named() {
        let spec = spec(Entity::Transactions);
        let good = batch(&spec, 0..100);
        let index = |name: &str| {
            let columns = crate::columns(Entity::Transactions);
            columns
                .iter()
                .position(|column| column.name == name)
                .unwrap()
        };
        let swap = |name: &str, by: &str| {
            let mut made = good.clone();
            made.columns[index(name)] = good.columns[index(by)].clone();
            made
        };
        let mut nothing = good.clone();
        nothing.columns[index("amount")] = Values::Money(vec![Some(0); 100]);
        let mut late = good.clone();
        late.columns[index("timestamp")] = Values::Timestamp(vec![Some(i64::MAX); 100]);
        for (made, fault) in [
            (nothing, "amount"),
            (late, "moment"),
            (swap("fraud_type", "category"), "labels"),
            (swap("customer_id", "category"), "customer"),
            (swap("transaction_id", "category"), "is not t"),
        ] {
            let refused = Block {
                spec: &spec,
                made: &made,
            }
            .check(0)
            .unwrap_err();
            assert!(refused.contains(fault), "{fault}: {refused}");
        }
    }
}
