//! Input of `synth.fit`: a sample or a profile, and how many rows to imitate it with.

use callboard_orchestra::{InvalidInput, Payload, admit::read_input};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{measure::fit, sample::Sample};
use crate::{
    imitate::{check_pieces, check_profile, check_rows, row_bytes, row_bytes_max},
    profile::Profile,
    refusal::{Refusal, RefusalCode},
    request::{Compression, Format},
};

/// What is measured, and what is made of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FitOrder {
    /// The sample as comma-separated values with a header, at most 3 MiB; or else `profile`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csv: Option<String>,
    /// The column that names whose a row is; found by its name where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_column: Option<String>,
    /// The column of the row's moment; found where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_column: Option<String>,
    /// A profile as an earlier job gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// Rows of the imitation; none is made where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// The same profile and seed give the same bytes.
    pub seed: u64,
    pub format: Format,
    pub compression: Compression,
}

impl Default for FitOrder {
    fn default() -> Self {
        Self {
            csv: None,
            entity_column: None,
            time_column: None,
            profile: None,
            rows: None,
            seed: 0,
            format: Format::Csv,
            compression: Compression::None,
        }
    }
}

impl FitOrder {
    /// Measures the sample, or takes the profile as it is. The refusal names the field at fault.
    pub fn profile(&self) -> Result<Profile, Refusal> {
        match (&self.csv, &self.profile) {
            (Some(csv), None) => {
                let entity = self.entity_column.as_deref();
                Sample::read(csv, entity, self.time_column.as_deref()).map(|sample| fit(&sample))
            }
            (None, Some(profile)) => check_profile(profile).map(|()| profile.clone()),
            (Some(_), Some(_)) => refuse("profile", "profile stands beside csv: state one of them"),
            (None, None) => refuse(
                "csv",
                "csv is missing: state a sample, or a profile in its place",
            ),
        }
    }

    /// Refuses what cannot be read or made. A sample is read and not measured: that takes a task's time.
    fn check(&self) -> Result<(), Refusal> {
        let row_bytes = match (&self.csv, &self.profile) {
            (Some(csv), None) => {
                let entity = self.entity_column.as_deref();
                widest_row(&Sample::read(csv, entity, self.time_column.as_deref())?)
            }
            _ => row_bytes(&self.profile()?),
        };
        if let Some(rows) = self.rows {
            check_rows(rows)?;
            check_pieces(rows, row_bytes)?;
        }
        self.format.check(self.compression)?;
        let stray = [
            ("entity_column", &self.entity_column),
            ("time_column", &self.time_column),
        ];
        if self.profile.is_some() {
            if let Some((field, _)) = stray.iter().find(|(_, column)| column.is_some()) {
                return refuse(
                    field,
                    &format!("{field} names a column of csv, and there is none"),
                );
            }
            if self.rows.is_none() {
                return refuse(
                    "rows",
                    "rows is missing: say how many to make from the profile",
                );
            }
        }
        Ok(())
    }
}

/// Bytes that a row may take whose cells are each as wide as the widest of its column.
fn widest_row(sample: &Sample) -> u64 {
    let widest = |column| sample.table.cells(column).flatten().map(str::len).max();
    let names = sample.table.names.iter().enumerate();
    row_bytes_max(names.map(|(column, name)| (name.as_str(), widest(column).unwrap_or(0))))
}

fn refuse<T>(field: &'static str, message: &str) -> Result<T, Refusal> {
    Err(Refusal::new(RefusalCode::InvalidInput, field, message))
}

/// Reads and validates an input; the refusal names the field at fault.
pub fn admit(input: &Payload) -> Result<Payload, InvalidInput> {
    let order: FitOrder = read_input(input)?;
    order.check()?;
    Payload::of(&order).map_err(|error| InvalidInput {
        code: RefusalCode::InvalidInput.as_str(),
        field: None,
        message: error.to_string(),
    })
}

/// A sample as small as one may be.
pub fn example() -> String {
    let rows = (0..24).map(|row| {
        let (customer, day, quantity) = (1 + row * 5 % 9, 1 + row * 3 % 28, 1 + row % 3);
        format!(
            "{customer},2024-03-{day:02},{quantity},{}.50\n",
            4 + 9 * quantity + row % 5
        )
    });
    format!(
        "customer_id,date,quantity,amount\n{}",
        rows.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn sample() -> String {
        let row =
            |row: usize| format!("{},2024-01-{:02},{}\n", row % 8, 1 + row % 28, row * 7 % 13);
        format!(
            "user_id,day,price\n{}",
            (0..40).map(row).collect::<String>()
        )
    }

    fn refused(input: Value) -> (Option<String>, String) {
        let refusal = admit(&Payload::of(&input).unwrap()).unwrap_err();
        (refusal.field, refusal.message)
    }

    #[test]
    fn a_refusal_names_the_field_at_fault() {
        let csv = sample();
        let mut profile = json!(
            FitOrder {
                csv: Some(csv.clone()),
                ..FitOrder::default()
            }
            .profile()
            .unwrap()
        );
        for (input, field) in [
            (json!({}), "csv"),
            (json!({"csv": "a,b\n1,2\n"}), "csv"),
            (json!({"csv": 3}), "csv"),
            (
                json!({"csv": csv, "entity_column": "user"}),
                "entity_column",
            ),
            (json!({"csv": csv, "time_column": "price"}), "time_column"),
            (json!({"csv": csv, "time_column": "user_id"}), "time_column"),
            (json!({"csv": csv, "rows": 0}), "rows"),
            (json!({"csv": csv, "rows": 1_000_000_000_000_u64}), "rows"),
            (
                json!({"csv": csv, "format": "parquet", "compression": "gzip"}),
                "compression",
            ),
            (json!({"csv": csv, "profile": profile}), "profile"),
            (json!({"profile": profile}), "rows"),
            (
                json!({"profile": profile, "rows": 5, "time_column": "day"}),
                "time_column",
            ),
            (json!({"cvs": csv}), "cvs"),
        ] {
            let (found, message) = refused(input);
            assert_eq!(found.as_deref(), Some(field), "{message}");
        }
        let wide = format!(
            "{csv}{}",
            format!("1,2024-01-01,{}\n", "x".repeat(40_000)).repeat(2)
        );
        let (field, message) = refused(json!({"csv": wide, "rows": 10_000_000}));
        assert_eq!(field.as_deref(), Some("rows"), "{message}");
        profile["columns"][2]["shape"]["knots"]["levels"][0] = json!(0.5);
        let (field, message) = refused(json!({"profile": profile, "rows": 5}));
        assert_eq!(field.as_deref(), Some("profile"));
        assert!(message.contains("columns[2]"), "{message}");
    }

    #[test]
    fn what_is_admitted_is_admitted_again() {
        let input = Payload::of(&json!({"csv": sample(), "rows": 9})).unwrap();
        let admitted = admit(&input).unwrap();
        assert_eq!(admit(&admitted).unwrap(), admitted);
    }
}
