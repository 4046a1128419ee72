//! What a job has made, set by set: the request that makes it again, its files and what its rows come to.

use serde::{Deserialize, Serialize};

use super::{
    order::Order,
    shard::{ShardFile, ShardReport, ending},
};
use crate::{
    column::columns,
    request::{Entity, Request},
    tally::Tally,
};

/// The result of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub rows: u64,
    pub bytes: u64,
    pub sets: Vec<SetReport>,
}

/// One data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetReport {
    pub entity: Entity,
    /// The same request gives the same bytes.
    pub request: Request,
    /// The file that the shards are, put one behind the other; the files stand alone where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    pub bytes: u64,
    pub columns: Vec<String>,
    pub shards: Vec<ShardFile>,
    pub tally: Tally,
}

/// The name of each set's files before their number: the entity, and a number where an entity comes twice.
pub fn stems(order: &Order) -> Vec<String> {
    let count = |entity: Entity| order.sets.iter().filter(|set| set.entity == entity).count();
    let stem = |(index, set): (usize, &Request)| match count(set.entity) {
        1 => set.entity.as_str().to_owned(),
        _ => format!("set{:02}-{}", index + 1, set.entity.as_str()),
    };
    order.sets.iter().enumerate().map(stem).collect()
}

impl Manifest {
    /// Puts shards together, which come in the order of the sets and, within a set, of the rows.
    pub fn of(order: &Order, shards: &[Vec<ShardReport>]) -> Self {
        let stems = stems(order);
        let sets: Vec<SetReport> = order
            .sets
            .iter()
            .zip(&stems)
            .zip(shards)
            .map(|((request, stem), shards)| SetReport::of(request, stem, shards))
            .collect();
        Self {
            rows: sets.iter().map(|set| set.tally.rows).sum(),
            bytes: sets.iter().map(|set| set.bytes).sum(),
            sets,
        }
    }
}

impl SetReport {
    fn of(request: &Request, stem: &str, shards: &[ShardReport]) -> Self {
        let mut tally = Tally::default();
        for shard in shards {
            tally.merge(&shard.tally);
        }
        let joins = request.format != crate::request::Format::Parquet;
        let columns = columns(request.entity).iter();
        Self {
            entity: request.entity,
            request: request.clone(),
            file: joins.then(|| format!("{stem}.{}", ending(request))),
            bytes: shards.iter().map(|shard| shard.file.bytes).sum(),
            columns: columns.map(|column| column.name.to_owned()).collect(),
            shards: shards.iter().map(|shard| shard.file.clone()).collect(),
            tally,
        }
    }

    /// Share of fraudulent rows.
    pub fn fraud_rate(&self) -> f64 {
        match self.tally.rows {
            0 => 0.0,
            rows => self.tally.fraud_rows as f64 / rows as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entity_that_comes_twice_is_numbered() {
        let set = |entity| Request {
            entity,
            ..Request::default()
        };
        let order = Order {
            sets: vec![
                set(Entity::Transactions),
                set(Entity::Merchants),
                set(Entity::Transactions),
            ],
        };
        assert_eq!(
            stems(&order),
            ["set01-transactions", "merchants", "set03-transactions"]
        );
    }
}
