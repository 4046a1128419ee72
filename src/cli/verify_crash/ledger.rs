//! The outside ledger: a file that tasks append to and no server reads. One line an execution:
//! `job task class key attempt`.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

/// What a task declared of its effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    Idempotent,
    Keyed,
    Once,
}

impl Class {
    fn named(name: &str) -> Option<Self> {
        match name {
            "idempotent" => Some(Self::Idempotent),
            "keyed" => Some(Self::Keyed),
            "once" => Some(Self::Once),
            _ => None,
        }
    }
}

/// One execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub class: Class,
    pub key: String,
    pub attempt: u32,
}

/// Executions by job and task.
pub type Executions = BTreeMap<(String, u32), Vec<Line>>;

/// The file as far as it has been read.
pub struct Ledger {
    path: PathBuf,
    read: u64,
    /// Of a line whose end has not come.
    rest: String,
    executions: Executions,
    malformed: Vec<String>,
}

impl Ledger {
    pub fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            read: 0,
            rest: String::new(),
            executions: Executions::new(),
            malformed: Vec::new(),
        }
    }

    /// Reads what has been appended since.
    pub fn refresh(&mut self) -> io::Result<()> {
        let mut file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            file => file?,
        };
        file.seek(SeekFrom::Start(self.read))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        self.read += bytes.len() as u64;
        self.take(&String::from_utf8_lossy(&bytes));
        Ok(())
    }

    fn take(&mut self, text: &str) {
        self.rest.push_str(text);
        let rest = std::mem::take(&mut self.rest);
        for line in rest.split_inclusive('\n') {
            match line.strip_suffix('\n') {
                None => self.rest = line.to_owned(),
                Some(line) => match parse(line) {
                    Some((task, line)) => self.executions.entry(task).or_default().push(line),
                    None => self.malformed.push(line.to_owned()),
                },
            }
        }
    }

    pub fn executions(&self) -> &Executions {
        &self.executions
    }

    pub fn of(&self, job: &str, task: u32) -> &[Line] {
        let lines = self.executions.get(&(job.to_owned(), task));
        lines.map_or(&[], Vec::as_slice)
    }

    /// Lines that are none, the unfinished last one included.
    pub fn malformed(&self) -> Vec<String> {
        let unfinished = Some(self.rest.clone()).filter(|rest| !rest.is_empty());
        self.malformed.iter().cloned().chain(unfinished).collect()
    }
}

fn parse(line: &str) -> Option<((String, u32), Line)> {
    let mut parts = line.split(' ');
    let (job, task) = (parts.next()?, parts.next()?.parse().ok()?);
    let class = Class::named(parts.next()?)?;
    let (key, attempt) = (parts.next()?, parts.next()?.parse().ok()?);
    if parts.next().is_some() || !job.starts_with("job_") {
        return None;
    }
    let key = key.to_owned();
    Some((
        (job.to_owned(), task),
        Line {
            class,
            key,
            attempt,
        },
    ))
}

#[cfg(test)]
mod tests {
    use std::{fs::OpenOptions, io::Write};

    use super::*;

    #[test]
    fn lines_are_read_as_they_come_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ledger");
        let mut ledger = Ledger::at(&path);
        ledger.refresh().unwrap();
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .unwrap();
        file.write_all(b"job_1 2 once k 1\njob_1 3 key").unwrap();
        ledger.refresh().unwrap();
        assert_eq!(ledger.of("job_1", 2).len(), 1);
        assert_eq!(ledger.of("job_1", 3), []);
        assert_eq!(ledger.malformed(), ["job_1 3 key"]);
        file.write_all(b"ed k 2\n").unwrap();
        ledger.refresh().unwrap();
        let expected = Line {
            class: Class::Keyed,
            key: "k".to_owned(),
            attempt: 2,
        };
        assert_eq!(ledger.of("job_1", 3), [expected]);
        assert!(ledger.malformed().is_empty());
    }

    #[test]
    fn what_is_no_line_is_told() {
        let mut ledger = Ledger::at(Path::new("nowhere"));
        for line in [
            "job_1 x once k 1\n",
            "job_1 1 thrice k 1\n",
            "1 1 once k 1\n",
            "job_1 1 once k\n",
            "job_1 1 once k 1 more\n",
        ] {
            ledger.take(line);
        }
        assert_eq!(ledger.malformed().len(), 5);
        assert!(ledger.executions().is_empty());
    }
}
