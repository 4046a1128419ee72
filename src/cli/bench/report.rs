//! The report of a bench, as JSON.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::{
    machine::Machine,
    measure::{Measure, Reading, Round, Spread},
    plan::Plan,
};

#[derive(Debug, Serialize)]
pub struct Report {
    pub version: &'static str,
    pub machine: Machine,
    pub store: &'static str,
    /// Time of each phase of a round.
    pub seconds: u64,
    pub runs: u32,
    pub connections: u32,
    /// Over all workloads.
    pub failed: u64,
    #[serde(serialize_with = "by_workload")]
    pub workloads: Vec<Section>,
}

/// One workload with the limits that were measured in its rounds.
#[derive(Debug, Serialize)]
pub struct Section {
    #[serde(skip)]
    pub workload: &'static str,
    pub failed: u64,
    #[serde(serialize_with = "by_key")]
    pub figures: Vec<Figure>,
    #[serde(serialize_with = "by_key")]
    pub limits: Vec<Figure>,
}

#[derive(Debug, Serialize)]
pub struct Figure {
    #[serde(skip)]
    pub key: &'static str,
    pub label: &'static str,
    #[serde(skip)]
    pub digits: usize,
    #[serde(flatten)]
    pub spread: Spread,
    /// Median over the rounds of the figure divided by the limit of the same round.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub beside: BTreeMap<&'static str, f64>,
}

fn by_workload<S: Serializer>(sections: &[Section], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(sections.iter().map(|section| (section.workload, section)))
}

fn by_key<S: Serializer>(figures: &[Figure], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(figures.iter().map(|figure| (figure.key, figure)))
}

impl Report {
    pub fn new(plan: &Plan, runs: u32) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            machine: Machine::around(&plan.dir),
            store: plan.store.name(),
            seconds: plan.time.as_secs(),
            runs,
            connections: plan.connections,
            failed: 0,
            workloads: Vec::new(),
        }
    }

    pub fn add(&mut self, section: Section) {
        self.failed += section.failed;
        self.workloads.push(section);
    }

    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a report is plain data")
    }
}

impl Section {
    /// `limits` has those of each round.
    pub fn of(workload: &'static str, rounds: &[Round], limits: &[Vec<Reading>]) -> Self {
        let found: Vec<&[Reading]> = rounds
            .iter()
            .map(|round| round.readings.as_slice())
            .collect();
        let limits: Vec<&[Reading]> = limits.iter().map(Vec::as_slice).collect();
        Self {
            workload,
            failed: rounds.iter().map(|round| round.failed).sum(),
            figures: figures(&found, &limits),
            limits: figures(&limits, &[]),
        }
    }

    pub fn limit(&self, key: &str) -> Option<&Figure> {
        self.limits.iter().find(|limit| limit.key == key)
    }
}

/// One figure for each reading of the first round.
fn figures(rounds: &[&[Reading]], limits: &[&[Reading]]) -> Vec<Figure> {
    let measures = rounds.first().into_iter().copied().flatten();
    let measures = measures.map(|reading| reading.measure);
    measures
        .filter_map(|measure| figure(measure, rounds, limits))
        .collect()
}

fn figure(measure: &Measure, rounds: &[&[Reading]], limits: &[&[Reading]]) -> Option<Figure> {
    let values = |readings: &[&[Reading]], key| {
        let found = readings.iter().filter_map(|round| value(round, key));
        found.collect::<Vec<f64>>()
    };
    let runs = values(rounds, measure.key);
    let beside = measure.beside.iter().filter_map(|limit| {
        let limits = values(limits, limit);
        let ratios = runs.iter().zip(limits).map(|(run, limit)| run / limit);
        Some((*limit, Spread::of(ratios.collect())?.median))
    });
    Some(Figure {
        key: measure.key,
        label: measure.label,
        digits: measure.digits,
        beside: beside.collect(),
        spread: Spread::of(runs)?,
    })
}

fn value(round: &[Reading], key: &str) -> Option<f64> {
    let reading = round.iter().find(|reading| reading.measure.key == key)?;
    Some(reading.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    static LIMIT: Measure = Measure {
        key: "limit",
        label: "limit",
        digits: 0,
        beside: &[],
    };
    static FIGURE: Measure = Measure {
        key: "figure",
        label: "figure",
        digits: 0,
        beside: &["limit", "unknown"],
    };

    #[test]
    fn a_figure_stands_beside_the_limit_of_its_own_round() {
        let round = |value, failed| Round {
            readings: vec![FIGURE.reads(value)],
            failed,
        };
        let rounds = [round(10.0, 0), round(40.0, 1), round(20.0, 2)];
        let limits = [100.0, 100.0, 400.0].map(|limit| vec![LIMIT.reads(limit)]);
        let section = Section::of("w", &rounds, &limits);
        assert_eq!(section.failed, 3);
        let [figure] = section.figures.as_slice() else {
            panic!("{section:?}");
        };
        assert_eq!(figure.spread.median, 20.0);
        assert_eq!(figure.beside, BTreeMap::from([("limit", 0.1)]));
        assert_eq!(section.limit("limit").unwrap().spread.median, 100.0);
    }
}
