//! A sample whose columns are told apart: which one names entities, which one the moment, and what the others hold.

use std::collections::HashSet;

use super::{
    kind::Reading,
    names::{names_key, names_person, names_row_time, owner_rank},
    pool::OWNERS_MIN,
    table::Table,
};
use crate::refusal::{Refusal, RefusalCode};

/// Entities that a column named as theirs must tell apart.
const ENTITIES_MIN: usize = OWNERS_MIN;

/// A table whose columns are told apart.
#[derive(Debug)]
pub struct Sample {
    pub table: Table,
    pub readings: Vec<Reading>,
    pub entity: Option<usize>,
    pub entity_is_number: bool,
    pub time: Option<usize>,
}

impl Sample {
    /// Reads a sample; columns that are not named are found where they can be.
    pub fn read(
        csv: &str,
        entity_column: Option<&str>,
        time_column: Option<&str>,
    ) -> Result<Self, Refusal> {
        let table = Table::read(csv)?;
        let find = |field: &'static str, name: &str| {
            let found = table.names.iter().position(|known| known == name);
            found.ok_or_else(|| {
                let message = format!(
                    "csv has no column {name:?}; its columns are {}",
                    table.names.join(", ")
                );
                Refusal::new(RefusalCode::InvalidColumn, field, message)
            })
        };
        let mut readings: Vec<Reading> = table
            .names
            .iter()
            .enumerate()
            .map(|(column, name)| {
                Reading::of(name, table.cells(column).collect::<Vec<_>>().into_iter())
            })
            .collect();
        let time = match time_column {
            Some(name) => Some(find("time_column", name)?),
            None => likely_time(&table, &readings),
        };
        if let Some(time) = time
            && !matches!(readings[time], Reading::Moment { .. })
        {
            let cells = table.cells(time).collect::<Vec<_>>().into_iter();
            let reading = Reading::of("time", cells);
            if !matches!(reading, Reading::Moment { .. }) {
                let message = format!(
                    "column {:?} holds no moments such as 2024-10-01 or 2024-10-01T09:30:00Z",
                    table.names[time]
                );
                return Err(Refusal::new(
                    RefusalCode::InvalidColumn,
                    "time_column",
                    message,
                ));
            }
            readings[time] = reading;
        }
        let entity = match entity_column {
            Some(name) => Some(find("entity_column", name)?),
            None => likely_entity(&table),
        };
        if entity.is_some() && entity == time {
            let message = "entity_column and time_column name the same column".to_owned();
            return Err(Refusal::new(
                RefusalCode::InvalidColumn,
                "entity_column",
                message,
            ));
        }
        let mut entity_is_number = false;
        if let Some(entity) = entity {
            entity_is_number = matches!(readings[entity], Reading::Number { decimals: 0, .. });
            let reading = Reading::words(table.cells(entity));
            if word_count(&reading) < ENTITIES_MIN {
                let message = format!(
                    "column {:?} has fewer than {ENTITIES_MIN} different values",
                    table.names[entity]
                );
                return Err(Refusal::new(
                    RefusalCode::InvalidColumn,
                    "entity_column",
                    message,
                ));
            }
            readings[entity] = reading;
        }
        for (column, name) in table.names.iter().enumerate() {
            let is_number = matches!(readings[column], Reading::Number { decimals: 0, .. });
            // Whose they are is not known, so that many records may be of one person.
            let is_personal = entity.is_none() && time != Some(column) && names_person(name);
            if is_personal || is_number && names_key(name) {
                readings[column] = Reading::words(table.cells(column));
            }
        }
        Ok(Self {
            table,
            readings,
            entity,
            entity_is_number,
            time,
        })
    }

    /// Whose each row is: entities by number, or rows themselves.
    pub fn owners(&self) -> (Vec<Option<u32>>, usize) {
        match self.entity.map(|entity| &self.readings[entity]) {
            Some(Reading::Words { values, words }) => (values.clone(), words.len()),
            _ => {
                let rows = self.table.rows;
                ((0..rows as u32).map(Some).collect(), rows)
            }
        }
    }
}

fn word_count(reading: &Reading) -> usize {
    match reading {
        Reading::Words { words, .. } => words.len(),
        Reading::Number { .. } | Reading::Moment { .. } => 0,
    }
}

fn likely_time(table: &Table, readings: &[Reading]) -> Option<usize> {
    let moments = || {
        let indices = 0..readings.len();
        indices.filter(|column| matches!(readings[*column], Reading::Moment { .. }))
    };
    let is_named = |column: &usize| names_row_time(&table.names[*column]);
    moments().find(is_named).or_else(|| moments().next())
}

fn likely_entity(table: &Table) -> Option<usize> {
    let repeats = |column: usize| {
        let different: HashSet<&str> = table.cells(column).flatten().collect();
        (ENTITIES_MIN..table.rows).contains(&different.len())
    };
    let named = table.names.iter().enumerate();
    let mut ranked: Vec<(usize, usize)> = named
        .filter_map(|(column, name)| Some((owner_rank(name)?, column)))
        .collect();
    ranked.sort_unstable();
    let mut columns = ranked.into_iter().map(|(_, column)| column);
    columns.find(|column| repeats(*column))
}
