//! Which files a run writes, and which artifacts each is made of.

use std::collections::BTreeMap;

use callboard_orchestra::Payload;
use callboard_synth::{DATASET, FIT, Manifest, Portrait, ShardFile};

/// The artifacts of every file, in their order, by the file's name. Each artifact is a file, but the shards of a data set
/// are one together.
pub fn files<'a>(
    kind: &str,
    result: Option<&Payload>,
    artifacts: impl Iterator<Item = &'a str>,
) -> BTreeMap<String, Vec<String>> {
    let mut files: BTreeMap<String, Vec<String>> = artifacts
        .map(|name| (name.to_owned(), vec![name.to_owned()]))
        .collect();
    for (joined, shards) in result
        .map(|result| joined(kind, result))
        .unwrap_or_default()
    {
        shards.iter().for_each(|shard| {
            files.remove(shard);
        });
        files.insert(joined, shards);
    }
    files
}

/// Files that are shards put one behind the other, with these.
fn joined(kind: &str, result: &Payload) -> Vec<(String, Vec<String>)> {
    let sets = match kind {
        DATASET => result.read().map(|manifest: Manifest| {
            let sets = manifest.sets.into_iter();
            sets.map(|set| (set.file, set.shards)).collect()
        }),
        FIT => result.read().map(|portrait: Portrait| {
            let imitated = portrait.imitation.into_iter();
            imitated.map(|made| (made.file, made.shards)).collect()
        }),
        _ => return Vec::new(),
    };
    let sets: Vec<(Option<String>, Vec<ShardFile>)> = sets.unwrap_or_default();
    let named = sets.into_iter().filter_map(|(file, shards)| {
        let shards = shards.into_iter().map(|shard| shard.name);
        Some((file?, shards.collect()))
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shards_of_lines_are_one_file_and_every_other_artifact_is_its_own() {
        let shard = |name: &str, start: u64| json!({"name": name, "rows": {"start": start, "end": start + 1}, "bytes": 1, "sha256": ""});
        let set = |file: Option<&str>, shards: [serde_json::Value; 2]| {
            json!({
                "entity": "merchants", "request": {}, "file": file, "bytes": 2, "columns": [],
                "shards": shards, "tally": {},
            })
        };
        let result = json!({"rows": 4, "bytes": 4, "sets": [
            set(Some("m.csv"), [shard("m-0.csv", 0), shard("m-1.csv", 1)]),
            set(None, [shard("p-0.parquet", 0), shard("p-1.parquet", 1)]),
        ]});
        let names = [
            "m-0.csv",
            "m-1.csv",
            "manifest.json",
            "p-0.parquet",
            "p-1.parquet",
        ];
        let result = Payload::of(&result).unwrap();
        let joined = files(DATASET, Some(&result), names.into_iter());
        let listed: Vec<(&str, usize)> = joined
            .iter()
            .map(|(name, parts)| (name.as_str(), parts.len()))
            .collect();
        assert_eq!(
            listed,
            [
                ("m.csv", 2),
                ("manifest.json", 1),
                ("p-0.parquet", 1),
                ("p-1.parquet", 1)
            ]
        );
        assert_eq!(joined["m.csv"], ["m-0.csv", "m-1.csv"]);
        assert_eq!(
            files("market.compare", Some(&result), names.into_iter()).len(),
            5
        );
        assert_eq!(files(DATASET, None, names.into_iter()).len(), 5);
    }
}
