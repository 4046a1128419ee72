//! Checks chains as they come, record by record, and says where each differs from what was written.
//!
//! Takes keys and checkpoints before records. Holds no record: what it knows of a chain is its end, what is missing, and
//! the checkpoints.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    checkpoint::{Checkpoint, CheckpointKind},
    export::{Line, RecordLine},
    finding::{ChainSummary, Fault, Finding, Verdict},
    hash::canonical,
    key::{KeyBody, PublishedKey},
    record::{Body, GENESIS},
};

/// Findings that are listed.
const FINDINGS_MAX: usize = 100;
/// Missing records that are told apart from displaced ones.
const MISSING_MAX: u64 = 100_000;

#[derive(Default)]
pub struct Verifier {
    keys: BTreeMap<String, KeyBody>,
    /// Keys whose checkpoints count; every known one when no key is named as trusted.
    trusted: Option<BTreeSet<String>>,
    chains: BTreeMap<String, Chain>,
    /// Tenant of the line before.
    last_tenant: Option<String>,
    /// Number of the line in hand.
    number: Option<u64>,
    findings: Vec<Finding>,
    more_findings: u64,
    notes: Vec<String>,
}

#[derive(Default)]
struct Chain {
    records: u64,
    first: u64,
    end: Option<End>,
    missing: BTreeSet<u64>,
    checkpoints: BTreeMap<(u64, CheckpointKind), String>,
    signed: u64,
}

/// The last record in order.
struct End {
    seq: u64,
    /// What the next record may follow; empty when that is not known.
    hashes: Vec<String>,
}

impl Verifier {
    /// With a trusted key, checkpoints count that are signed by it or by keys that descend from it.
    pub fn new(trusted: Option<String>) -> Self {
        Self {
            trusted: trusted.map(|key| BTreeSet::from([key])),
            ..Self::default()
        }
    }

    /// A line of an export, by its number.
    pub fn line(&mut self, number: u64, text: &str) {
        self.number = Some(number);
        let line: Line = match serde_json::from_str(text) {
            Ok(line) => line,
            Err(error) => return self.unreadable_line(error.to_string()),
        };
        if line.text() != text {
            let place = self.place_of(&line);
            self.find(place.0, place.1, Fault::Form);
        }
        match line {
            Line::Key(key) => self.key(&key),
            Line::Checkpoint(checkpoint) => self.checkpoint(&checkpoint),
            Line::Record(RecordLine { hash, record }) => self.record(&record, &hash),
        }
    }

    fn place_of(&self, line: &Line) -> (Option<String>, Option<u64>) {
        match line {
            Line::Key(_) => (None, None),
            Line::Checkpoint(made) => (
                Some(made.checkpoint.tenant.clone()),
                Some(made.checkpoint.seq),
            ),
            Line::Record(line) => (Some(line.record.tenant.clone()), Some(line.record.seq)),
        }
    }

    fn unreadable_line(&mut self, what: String) {
        let tenant = self.last_tenant.clone();
        let seq = tenant.as_ref().map(|tenant| self.next_of(tenant));
        match (tenant, seq) {
            (Some(tenant), Some(seq)) => self.unreadable(&tenant, seq, what),
            _ => self.find(None, None, Fault::Unreadable(what)),
        }
    }

    fn next_of(&self, tenant: &str) -> u64 {
        let end = self.chains.get(tenant).and_then(|chain| chain.end.as_ref());
        end.map_or(1, |end| end.seq.saturating_add(1))
    }

    /// A record that is there and cannot be read.
    pub fn unreadable(&mut self, tenant: &str, seq: u64, cause: String) {
        self.find(Some(tenant.to_owned()), Some(seq), Fault::Unreadable(cause));
        let chain = self.chains.entry(tenant.to_owned()).or_default();
        let hashes = Vec::new();
        if chain.end.as_ref().is_none_or(|end| end.seq < seq) {
            chain.end = Some(End { seq, hashes });
        }
    }

    pub fn key(&mut self, published: &PublishedKey) {
        let PublishedKey { key, .. } = published;
        let is_first = key.introduced_by == key.id;
        let by = match is_first {
            true => Some(key),
            false => self.keys.get(&key.introduced_by),
        };
        if !key.is_itself() || !by.is_some_and(|by| published.is_announced_by(by)) {
            let what = Fault::Key {
                key: key.id.clone(),
            };
            return self.find(None, None, what);
        }
        if is_first && !self.keys.is_empty() {
            self.notes.push(format!(
                "key {} begins a history of its own: no key before it has introduced it",
                key.id
            ));
        }
        if let Some(trusted) = &mut self.trusted
            && trusted.contains(&key.introduced_by)
        {
            trusted.insert(key.id.clone());
        }
        self.keys.insert(key.id.clone(), key.clone());
    }

    pub fn checkpoint(&mut self, made: &Checkpoint) {
        let body = &made.checkpoint;
        let place = (Some(body.tenant.clone()), Some(body.seq));
        let key = body.key.clone();
        let known = self.keys.get(&key);
        if !known.is_some_and(|known| made.is_signed_by(known)) {
            return self.find(place.0, place.1, Fault::CheckpointSignature { key });
        }
        if self
            .trusted
            .as_ref()
            .is_some_and(|trusted| !trusted.contains(&key))
        {
            return self.find(place.0, place.1, Fault::Untrusted { key });
        }
        let chain = self.chains.entry(body.tenant.clone()).or_default();
        if chain.end.as_ref().is_some_and(|end| end.seq >= body.seq) {
            return self.find(place.0, place.1, Fault::LateCheckpoint);
        }
        chain.signed = chain.signed.max(body.seq);
        let at = (body.seq, body.kind);
        chain.checkpoints.insert(at, body.hash.clone());
    }

    /// A record with the hash that is kept beside it.
    pub fn record(&mut self, record: &Body, hash: &str) {
        let seq = record.seq;
        self.last_tenant = Some(record.tenant.clone());
        if seq == 0 {
            return self.find(Some(record.tenant.clone()), Some(0), Fault::Number);
        }
        let chain = self.chains.entry(record.tenant.clone()).or_default();
        let mut faults = Vec::new();
        chain.records += 1;
        match &chain.end {
            Some(end) if seq <= end.seq => {
                let behind = end.seq;
                faults.push(match chain.missing.remove(&seq) {
                    true => Fault::Displaced { behind },
                    false => Fault::Twice,
                });
            }
            _ => {
                let hashes = chain.before(seq, &mut faults);
                let computed: Vec<String> = hashes.iter().map(|hash| record.hash(hash)).collect();
                let is_sound = hashes.is_empty() || computed.iter().any(|known| known == hash);
                if chain.end.is_none() {
                    if hashes.is_empty() {
                        faults.push(Fault::Unanchored);
                    }
                    chain.first = seq;
                }
                let mut hashes = vec![hash.to_owned()];
                if !is_sound {
                    faults.push(Fault::Hash);
                    hashes.extend(computed);
                }
                chain.end = Some(End { seq, hashes });
            }
        }
        for kind in [CheckpointKind::Regular, CheckpointKind::Pruned] {
            let signed = chain.checkpoints.get(&(seq, kind));
            if signed.is_some_and(|signed| signed != hash) {
                faults.push(Fault::CheckpointHash);
            }
        }
        for fault in faults {
            self.find(Some(record.tenant.clone()), Some(seq), fault);
        }
    }

    /// A text that should be the canonical form of the record in it.
    pub fn check_form(&mut self, record: &Body, text: &str) {
        if canonical(record) != text {
            let tenant = Some(record.tenant.clone());
            self.find(tenant, Some(record.seq), Fault::Form);
        }
    }

    pub fn find(&mut self, tenant: Option<String>, seq: Option<u64>, what: Fault) {
        if self.findings.len() < FINDINGS_MAX {
            let line = self.number;
            self.findings.push(Finding {
                tenant,
                seq,
                line,
                what,
            });
        } else {
            self.more_findings += 1;
        }
    }

    /// What it comes to, when all has come.
    pub fn verdict(mut self) -> Verdict {
        self.number = None;
        let chains = std::mem::take(&mut self.chains);
        let mut summaries = Vec::new();
        for (tenant, chain) in chains {
            for seqs in runs(&chain.missing) {
                let seq = Some(*seqs.start());
                self.find(Some(tenant.clone()), seq, Fault::Missing(seqs));
            }
            // Where all is removed, the checkpoint of that is the end.
            let last = chain.end.as_ref().map_or(0, |end| end.seq);
            let pruned = chain.pruned_to();
            let through = chain.signed;
            let end = last.max(pruned);
            if through > end {
                let what = Fault::Truncated { through };
                self.find(Some(tenant.clone()), Some(end + 1), what);
            }
            if self.trusted.is_some() && chain.signed == 0 {
                self.find(Some(tenant.clone()), None, Fault::Unsigned);
            }
            if chain.signed < last {
                self.notes.push(format!(
                    "tenant {tenant}: records after {} are in no checkpoint yet",
                    chain.signed
                ));
            }
            summaries.push(ChainSummary {
                tenant,
                records: chain.records,
                first: chain.first,
                last,
                signed: chain.signed,
            });
        }
        Verdict {
            chains: summaries,
            findings: self.findings,
            more_findings: self.more_findings,
            notes: self.notes,
        }
    }
}

impl Chain {
    /// Up to which record all were removed in an orderly way.
    fn pruned_to(&self) -> u64 {
        let pruned = self.checkpoints.keys().rev();
        let mut pruned = pruned.filter(|(_, kind)| *kind == CheckpointKind::Pruned);
        pruned.next().map_or(0, |(seq, _)| *seq)
    }

    /// What the record at `seq`, which is 1 at least and lies ahead of the end, must follow. Notes what is missing between.
    fn before(&mut self, seq: u64, faults: &mut Vec<Fault>) -> Vec<String> {
        let (end, hashes) = match &self.end {
            Some(end) => (end.seq, end.hashes.clone()),
            None => match self.checkpoints.get(&(seq - 1, CheckpointKind::Pruned)) {
                Some(hash) => (seq - 1, vec![hash.clone()]),
                None if seq == 1 => (0, vec![GENESIS.to_owned()]),
                None => (self.pruned_to().min(seq - 1), Vec::new()),
            },
        };
        if end + 1 == seq {
            return hashes;
        }
        if seq - 1 - end > MISSING_MAX {
            faults.push(Fault::Missing(end + 1..=seq - 1));
        } else {
            self.missing.extend(end + 1..seq);
        }
        Vec::new()
    }
}

/// Numbers that follow each other, together.
fn runs(seqs: &BTreeSet<u64>) -> Vec<std::ops::RangeInclusive<u64>> {
    let mut runs: Vec<std::ops::RangeInclusive<u64>> = Vec::new();
    for &seq in seqs {
        match runs.last_mut() {
            Some(run) if *run.end() + 1 == seq => *run = *run.start()..=seq,
            _ => runs.push(seq..=seq),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use callboard_orchestra::{AuditEntry, Author, Tenant, Timestamp};

    use super::*;
    use crate::audit::{Draft, SigningKey, record_line};

    const AT: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    /// An export of nine records, of which the first five are signed.
    fn export() -> Vec<String> {
        let key = SigningKey::generate().unwrap();
        let (mut records, mut signed) = (Vec::new(), Vec::new());
        let mut hash = GENESIS.to_owned();
        for seq in 1..=9 {
            let entry = AuditEntry {
                tenant: Tenant::default(),
                at: AT,
                author: Author::of("user:ada"),
                action: "job.paused",
                subject: Some(format!("job_{seq}")),
                details: serde_json::Map::new(),
            };
            let sealed = Draft::of(&entry).seal(seq, &hash);
            records.push(record_line(&sealed.body, &sealed.hash));
            hash = sealed.hash;
            if seq == 5 {
                let kind = CheckpointKind::Regular;
                let made = Checkpoint::sign(&key, kind, "default", seq, &hash, AT);
                signed = vec![
                    Line::Key(key.announced(&key, AT)).text(),
                    Line::Checkpoint(made).text(),
                ];
            }
        }
        signed.into_iter().chain(records).collect()
    }

    fn verdict(lines: &[String]) -> Verdict {
        with_key(None, lines)
    }

    fn with_key(key: Option<&str>, lines: &[String]) -> Verdict {
        let mut verifier = Verifier::new(key.map(str::to_owned));
        for (number, line) in (1..).zip(lines) {
            verifier.line(number, line);
        }
        verifier.verdict()
    }

    fn found(lines: &[String]) -> Vec<(Option<u64>, Fault)> {
        let findings = verdict(lines).findings.into_iter();
        findings.map(|found| (found.seq, found.what)).collect()
    }

    #[test]
    fn a_chain_as_it_was_written_is_whole() {
        let verdict = verdict(&export());
        assert!(verdict.is_whole(), "{verdict:?}");
        let chain = &verdict.chains[0];
        assert_eq!((chain.records, chain.last, chain.signed), (9, 9, 5));
    }

    #[test]
    fn every_flipped_bit_is_found_where_it_is() {
        let lines = export();
        for (index, line) in lines.iter().enumerate() {
            for at in (0..line.len()).step_by(7) {
                let mut bytes = line.clone().into_bytes();
                bytes[at] ^= 1;
                let mut flipped = lines.clone();
                flipped[index] = String::from_utf8(bytes).unwrap();
                let findings = verdict(&flipped).findings;
                let said = format!("line {index}, byte {at}: {findings:?}");
                assert!(!findings.is_empty(), "{said}");
                let number = Some(index as u64 + 1);
                assert!(findings.iter().any(|found| found.line == number), "{said}");
            }
        }
    }

    #[test]
    fn a_removed_record_is_found_where_it_was() {
        for removed in 1..9_u64 {
            let mut lines = export();
            lines.remove(removed as usize + 1);
            let mut findings = found(&lines);
            if removed == 1 {
                assert_eq!(findings.remove(0), (Some(2), Fault::Unanchored));
            }
            let expected = Fault::Missing(removed..=removed);
            assert_eq!(findings, [(Some(removed), expected)]);
        }
        let mut lines = export();
        lines.truncate(5);
        let expected = Fault::Truncated { through: 5 };
        assert_eq!(found(&lines), [(Some(4), expected)]);
    }

    #[test]
    fn records_out_of_order_are_found_where_they_stand() {
        let mut lines = export();
        lines.swap(5, 6);
        assert_eq!(found(&lines), [(Some(4), Fault::Displaced { behind: 5 })]);
        let mut lines = export();
        lines.insert(7, lines[6].clone());
        assert_eq!(found(&lines), [(Some(5), Fault::Twice)]);
    }

    #[test]
    fn a_chain_made_anew_does_not_pass_the_old_checkpoint() {
        let (old, new) = (export(), export());
        let mixed = [&old[..2], &new[2..]].concat();
        assert_eq!(found(&mixed), [(Some(5), Fault::CheckpointHash)]);
    }

    #[test]
    fn a_key_that_the_trusted_one_has_not_introduced_does_not_count() {
        let findings = with_key(Some("another"), &export()).findings;
        let first = &findings[0].what;
        assert!(matches!(first, Fault::Untrusted { .. }), "{findings:?}");
    }

    #[test]
    fn a_chain_that_the_trusted_key_has_not_signed_is_found() {
        let lines = export();
        let Line::Key(key) = serde_json::from_str(&lines[0]).unwrap() else {
            panic!("it is a key");
        };
        let key = Some(key.key.id.as_str());
        assert_eq!(with_key(key, &lines).findings, []);
        let forged = [&lines[..1], &lines[2..]].concat();
        assert_eq!(found(&forged), []);
        let findings = with_key(key, &forged).findings.into_iter();
        let faults: Vec<Fault> = findings.map(|found| found.what).collect();
        assert_eq!(faults, [Fault::Unsigned]);
    }

    #[test]
    fn numbers_at_either_end_of_their_range_are_found_and_break_nothing() {
        let mut lines = export();
        lines[2] = lines[2].replacen("\"seq\":1", "\"seq\":0", 1);
        let findings = found(&lines);
        assert_eq!(findings[0], (Some(0), Fault::Number));
        let mut lines = export();
        lines[10] = lines[10].replacen("\"seq\":9", &format!("\"seq\":{}", u64::MAX), 1);
        lines.push("nothing".to_owned());
        let expected = (Some(u64::MAX), Fault::Missing(9..=u64::MAX - 1));
        let findings = found(&lines);
        assert!(findings.contains(&expected), "{findings:?}");
    }

    #[test]
    fn what_is_behind_pruned_records_verifies_from_their_checkpoint() {
        let lines = export();
        let key = SigningKey::generate().unwrap();
        let Line::Record(third) = serde_json::from_str(&lines[4]).unwrap() else {
            panic!("it is a record");
        };
        let signed = |kind| {
            let made = Checkpoint::sign(&key, kind, "default", 3, &third.hash, AT);
            let mut signed = vec![
                Line::Key(key.announced(&key, AT)).text(),
                Line::Checkpoint(made).text(),
            ];
            signed.extend_from_slice(&lines[5..]);
            signed
        };
        assert_eq!(found(&signed(CheckpointKind::Pruned)), []);
        let expected = Fault::Missing(1..=3);
        let unanchored = (Some(4), Fault::Unanchored);
        assert_eq!(
            found(&signed(CheckpointKind::Regular)),
            [unanchored, (Some(1), expected)]
        );
    }
}
