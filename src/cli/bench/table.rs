//! The report of a bench, as people read it.

use super::report::{Figure, Report, Section};
use crate::cli::render;

/// Digits of a ratio.
const RATIO_DIGITS: usize = 3;

pub fn table(report: &Report) -> String {
    let machine = &report.machine;
    let head = format!(
        "callboard {} on {}, {} CPUs ({}), Linux {}, {}\n{} runs of {} s, {} connections; median, least and most of the runs; \
         server and driver share the machine",
        report.version,
        report.store,
        machine.cpus,
        machine.cpu,
        machine.kernel,
        machine.filesystem,
        report.runs,
        report.seconds,
        report.connections,
    );
    let sections = report.workloads.iter().map(|section| {
        let figures = section.figures.iter().map(|figure| row(figure, section));
        let limits = section.limits.iter().map(|limit| row(limit, section));
        let header = [
            section.workload,
            "median",
            "least",
            "most",
            "over the machine's limit",
        ];
        let of_limits = ["limits of the machine", "median", "least", "most", ""];
        [
            render::plain(header.map(str::to_owned).into(), figures.collect(), true),
            render::plain(of_limits.map(str::to_owned).into(), limits.collect(), true),
        ]
        .join("\n")
    });
    let failed = format!("{} answers were wrong or missing", report.failed);
    [head]
        .into_iter()
        .chain(sections)
        .chain([failed])
        .collect::<Vec<_>>()
        .join("\n\n")
}

fn row(figure: &Figure, section: &Section) -> Vec<String> {
    let digits = figure.digits;
    let beside = figure.beside.iter().map(|(key, ratio)| {
        let label = section.limit(key).map_or(*key, |limit| limit.label);
        format!("{ratio:.RATIO_DIGITS$} x {label}")
    });
    let spread = &figure.spread;
    let mut row = vec![figure.label.to_owned()];
    row.extend([spread.median, spread.min, spread.max].map(|value| format!("{value:.digits$}")));
    row.push(beside.collect::<Vec<_>>().join("\n"));
    row
}
