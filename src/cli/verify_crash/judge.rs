//! Whether what was promised was kept. Pure: evidence in, violations out.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
};

use super::{
    book::Entry,
    gather::Found,
    ledger::{Class, Executions},
    watcher::Track,
};

/// Everything that is known from outside.
#[derive(Debug, Default)]
pub struct Evidence {
    /// By idempotency key.
    pub entries: BTreeMap<String, Entry>,
    /// What the server refused although it should not have.
    pub refused: Vec<String>,
    /// By job.
    pub tracks: HashMap<String, Track>,
    pub stream_findings: Vec<String>,
    pub executions: Executions,
    pub malformed_lines: Vec<String>,
    /// What the server has at the end, by job.
    pub found: BTreeMap<String, Found>,
    /// Effects nobody could resolve.
    pub unresolved: Vec<String>,
    /// What is wrong with the audit log.
    pub audit: Vec<String>,
    /// What went wrong with the server as a process.
    pub process: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Broken {
    /// Something acknowledged or told to a watcher is not there.
    Lost,
    /// An accepted job did not end.
    NotEnded,
    /// A job ended with something else than its right result.
    WrongResult,
    /// A result, an end or an event is there twice, or one key made two jobs.
    Duplicated,
    /// A `once` effect was executed twice.
    OnceDoubled,
    /// An effect of a succeeded job was never executed.
    EffectMissing,
    /// Attempts of a keyed effect carried different keys.
    KeyChanged,
    /// An unknown outcome that was never resolved.
    Unresolved,
    /// The audit log was not left whole.
    Audit,
    /// Anything else that must not be.
    Other,
}

impl Broken {
    pub const ALL: [Self; 10] = [
        Self::Lost,
        Self::NotEnded,
        Self::WrongResult,
        Self::Duplicated,
        Self::OnceDoubled,
        Self::EffectMissing,
        Self::KeyChanged,
        Self::Unresolved,
        Self::Audit,
        Self::Other,
    ];

    pub const fn label(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::NotEnded => "not ended",
            Self::WrongResult => "wrong results",
            Self::Duplicated => "duplicated results or events",
            Self::OnceDoubled => "doubled once effects",
            Self::EffectMissing => "effects never executed",
            Self::KeyChanged => "keyed effects under two keys",
            Self::Unresolved => "unknown outcomes unresolved",
            Self::Audit => "audit chains broken",
            Self::Other => "other violations",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub broken: Broken,
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.broken.label(), self.what)
    }
}

pub fn judge(evidence: &Evidence) -> Vec<Violation> {
    let mut bench = Bench::default();
    for (key, entry) in &evidence.entries {
        bench.submission(evidence, key, entry);
    }
    let accepted: BTreeSet<&str> = evidence
        .entries
        .values()
        .flat_map(|entry| entry.jobs.iter().map(String::as_str))
        .collect();
    for (job, found) in &evidence.found {
        if !accepted.contains(job.as_str()) {
            let what = format!("{job} is on the server and no client was told of it");
            bench.add(Broken::Duplicated, what);
        }
        bench.events(job, found);
    }
    for (job, track) in &evidence.tracks {
        bench.told(evidence, job, *track);
    }
    for ((job, task), lines) in &evidence.executions {
        if !evidence.found.contains_key(job) {
            bench.lost(job, format!("{job} executed task {task} and is not there"));
        }
        let once = lines.iter().filter(|line| line.class == Class::Once);
        let once = once.count();
        if once > 1 {
            bench.add(
                Broken::OnceDoubled,
                format!("task {task} of {job}: {once} times"),
            );
        }
        let keyed = lines.iter().filter(|line| line.class == Class::Keyed);
        let keys: BTreeSet<&str> = keyed.map(|line| line.key.as_str()).collect();
        if keys.len() > 1 {
            bench.add(
                Broken::KeyChanged,
                format!("task {task} of {job}: {keys:?}"),
            );
        }
    }
    for (broken, findings) in [
        (Broken::Unresolved, &evidence.unresolved),
        (Broken::Other, &evidence.refused),
        (Broken::Other, &evidence.malformed_lines),
        (Broken::Audit, &evidence.audit),
        (Broken::Other, &evidence.process),
        (Broken::Other, &evidence.stream_findings),
    ] {
        for what in findings {
            bench.add(broken, what.clone());
        }
    }
    bench.violations
}

#[derive(Default)]
struct Bench {
    violations: Vec<Violation>,
    lost: BTreeSet<String>,
}

impl Bench {
    fn add(&mut self, broken: Broken, what: String) {
        self.violations.push(Violation { broken, what });
    }

    /// A job counts as lost once, however much of it is missing.
    fn lost(&mut self, job: &str, what: String) {
        if self.lost.insert(job.to_owned()) {
            self.add(Broken::Lost, what);
        }
    }

    fn submission(&mut self, evidence: &Evidence, key: &str, entry: &Entry) {
        if entry.jobs.len() > 1 {
            self.add(Broken::Duplicated, format!("{key} made {:?}", entry.jobs));
        }
        if entry.jobs.is_empty() {
            self.add(Broken::NotEnded, format!("{key} was never answered"));
        }
        for job in &entry.jobs {
            match evidence.found.get(job) {
                None => self.lost(job, format!("{job} was accepted and is not there")),
                Some(found) => self.end(evidence, job, entry, found),
            }
        }
    }

    fn end(&mut self, evidence: &Evidence, job: &str, entry: &Entry, found: &Found) {
        if !found.job.has_ended() {
            let waits = found.job.waits_for().map(|why| format!(" for {why}"));
            let waits = waits.unwrap_or_default();
            return self.add(
                Broken::NotEnded,
                format!("{job} is {}{waits}", found.job.state),
            );
        }
        if found.job.state != "succeeded" || found.job.result != Some(entry.work.result()) {
            let (state, result) = (&found.job.state, &found.job.result);
            let what = format!("{job} {state} with {result:?}, error {:?}", found.job.error);
            return self.add(Broken::WrongResult, what);
        }
        let of_job = || {
            let from = (job.to_owned(), 0);
            evidence
                .executions
                .range(from..)
                .take_while(move |((of, _), _)| of == job)
        };
        for (class, expected) in entry.work.executions() {
            let executed = of_job()
                .filter(|(_, lines)| lines.iter().any(|line| line.class == class))
                .count();
            if executed != expected as usize {
                let what = format!("{job}: {executed} of {expected} {class:?} tasks");
                self.add(Broken::EffectMissing, what);
            }
        }
    }

    /// Seqs without holes from 1, and one end.
    fn events(&mut self, job: &str, found: &Found) {
        for (event, expected) in found.events.iter().zip(1..) {
            if event.seq != expected {
                let what = format!(
                    "event {} of {job} stands where {expected} should",
                    event.seq
                );
                self.add(Broken::Duplicated, what);
                break;
            }
        }
        let ends = found.events.iter().filter(|event| event.is_final()).count();
        if ends > 1 {
            self.add(Broken::Duplicated, format!("{job} ended {ends} times"));
        }
        if found.job.has_ended() && ends == 0 {
            self.lost(job, format!("{job} ended and its journal does not"));
        }
    }

    /// A watcher was told: it must be in the journal.
    fn told(&mut self, evidence: &Evidence, job: &str, track: Track) {
        if track.ends > 1 {
            let what = format!("a watcher saw {job} end {} times", track.ends);
            self.add(Broken::Duplicated, what);
        }
        let last = evidence.found.get(job).and_then(|f| f.events.last());
        let last = last.map_or(0, |event| event.seq);
        if last < track.last_seq {
            let seen = track.last_seq;
            let what = format!("a watcher saw event {seen} of {job}, whose journal ends at {last}");
            self.lost(job, what);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::verify_crash::{
        api::{Event, JobSeen},
        book::Work,
        ledger::Line,
    };

    const JOB: &str = "job_1";

    fn event(seq: u64, name: &str) -> Event {
        Event {
            seq,
            name: name.to_owned(),
            at: String::new(),
            job: JOB.to_owned(),
        }
    }

    fn line(class: Class) -> Line {
        Line {
            class,
            key: "k".to_owned(),
            attempt: 1,
        }
    }

    /// One job that was done as promised.
    fn sound() -> Evidence {
        let work = Work {
            tasks: 3,
            once: 1,
            keyed: 1,
            work_ms: 0,
        };
        let entry = Entry {
            work,
            jobs: BTreeSet::from([JOB.to_owned()]),
            asked_again: 0,
        };
        let job = JobSeen {
            id: JOB.to_owned(),
            state: "succeeded".to_owned(),
            result: Some(json!({"tasks": 3, "sum": 6})),
            error: None,
            waiting_for: None,
        };
        let events = vec![event(1, "job.submitted"), event(2, "job.succeeded")];
        let classes = [Class::Once, Class::Keyed, Class::Idempotent];
        let executions = classes
            .into_iter()
            .zip(1..)
            .map(|(class, task)| ((JOB.to_owned(), task), vec![line(class)]));
        let track = Track {
            last_seq: 2,
            ends: 1,
        };
        Evidence {
            entries: BTreeMap::from([("key".to_owned(), entry)]),
            tracks: HashMap::from([(JOB.to_owned(), track)]),
            executions: executions.collect(),
            found: BTreeMap::from([(JOB.to_owned(), Found { job, events })]),
            ..Evidence::default()
        }
    }

    fn lines(evidence: &mut Evidence, task: u32) -> &mut Vec<Line> {
        evidence
            .executions
            .get_mut(&(JOB.to_owned(), task))
            .unwrap()
    }

    fn found(evidence: &mut Evidence) -> &mut Found {
        evidence.found.get_mut(JOB).unwrap()
    }

    #[test]
    fn a_job_done_as_promised_breaks_nothing_even_when_attempts_were_repeated() {
        let mut evidence = sound();
        assert_eq!(judge(&evidence), []);
        lines(&mut evidence, 2).push(line(Class::Keyed));
        lines(&mut evidence, 3).push(line(Class::Idempotent));
        assert_eq!(judge(&evidence), []);
    }

    #[test]
    fn every_broken_promise_is_found() {
        type Spoil = fn(&mut Evidence);
        let spoilt: [(Broken, Spoil); 17] = [
            (Broken::Lost, |e| e.found.clear()),
            (Broken::Lost, |e| {
                e.tracks.get_mut(JOB).unwrap().last_seq = 3
            }),
            (Broken::Lost, |e| found(e).events.truncate(1)),
            (Broken::NotEnded, |e| {
                found(e).job.state = "waiting".to_owned();
            }),
            (Broken::NotEnded, |e| {
                e.entries.get_mut("key").unwrap().jobs.clear();
            }),
            (Broken::WrongResult, |e| {
                found(e).job.result = Some(json!({"tasks": 3, "sum": 5}));
            }),
            (Broken::WrongResult, |e| {
                found(e).job.state = "failed".to_owned();
            }),
            (Broken::Duplicated, |e| {
                let entry = e.entries.get_mut("key").unwrap();
                entry.jobs.insert("job_2".to_owned());
            }),
            (Broken::Duplicated, |e| {
                let copy = found(e).clone();
                e.found.insert("job_2".to_owned(), copy);
            }),
            (Broken::Duplicated, |e| {
                found(e).events.push(event(3, "job.succeeded"));
            }),
            (Broken::Duplicated, |e| {
                found(e).events.insert(1, event(1, "job.planning"));
            }),
            (Broken::Duplicated, |e| {
                e.tracks.get_mut(JOB).unwrap().ends = 2
            }),
            (Broken::OnceDoubled, |e| lines(e, 1).push(line(Class::Once))),
            (Broken::EffectMissing, |e| {
                e.executions.remove(&(JOB.to_owned(), 1));
            }),
            (Broken::KeyChanged, |e| {
                let mut other = line(Class::Keyed);
                other.key = "other".to_owned();
                lines(e, 2).push(other);
            }),
            (Broken::Unresolved, |e| {
                e.unresolved.push("eff_1".to_owned())
            }),
            (Broken::Other, |e| e.malformed_lines.push("x".to_owned())),
        ];
        for (index, (broken, spoil)) in spoilt.into_iter().enumerate() {
            let mut evidence = sound();
            spoil(&mut evidence);
            let violations = judge(&evidence);
            assert!(
                violations.iter().any(|found| found.broken == broken),
                "{index}: {violations:?}"
            );
        }
    }
}
