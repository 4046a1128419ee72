//! What the facts of an analysis rest on.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::Value;

use crate::{
    app::TestApp,
    artifacts::compared,
    client::{Client, answer},
};

struct Graph {
    nodes: BTreeMap<String, Value>,
    /// From, type, to.
    edges: BTreeSet<(String, String, String)>,
}

impl Graph {
    fn of(lineage: &Value) -> Self {
        let list = |name: &str| lineage[name].as_array().unwrap().clone();
        let text = |value: &Value, key: &str| value[key].as_str().unwrap().to_owned();
        let (nodes, edges) = (list("nodes"), list("edges"));
        let graph = Self {
            nodes: nodes
                .iter()
                .map(|node| (text(node, "id"), node.clone()))
                .collect(),
            edges: edges
                .iter()
                .map(|edge| (text(edge, "from"), text(edge, "type"), text(edge, "to")))
                .collect(),
        };
        assert_eq!(graph.nodes.len(), nodes.len(), "an id names two nodes");
        assert_eq!(graph.edges.len(), edges.len(), "an edge is there twice");
        for (from, _, to) in &graph.edges {
            assert!(graph.nodes.contains_key(from), "{from}");
            assert!(graph.nodes.contains_key(to), "{to}");
        }
        graph
    }

    fn ids(&self, kind: &str) -> BTreeSet<&String> {
        let of_kind = self.nodes.iter().filter(|(_, node)| node["type"] == kind);
        of_kind.map(|(id, _)| id).collect()
    }

    fn targets<'a>(&'a self, from: &'a str, kind: &'a str) -> impl Iterator<Item = &'a String> {
        let edges = self.edges.iter();
        edges
            .filter(move |(of, is, _)| of == from && is == kind)
            .map(|(_, _, to)| to)
    }

    /// A fact and all it rests on, by walking the edges.
    fn ancestors(&self, fact: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::from([fact.to_owned()]);
        let mut next = vec![fact.to_owned()];
        while let Some(fact) = next.pop() {
            for parent in self.targets(&fact, "derived_from") {
                if found.insert(parent.clone()) {
                    next.push(parent.clone());
                }
            }
        }
        found
    }
}

async fn lineage(client: &Client, job: &str, query: &str) -> Value {
    client
        .get_json(&format!("/v1/jobs/{job}/lineage{query}"))
        .await
}

#[tokio::test]
async fn the_lineage_of_an_analysis_leads_from_its_report_to_its_sources() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = compared(&client).await;
    let facts = client.get_json(&format!("/v1/jobs/{}/facts", job.id)).await;
    let facts = facts["items"].as_array().unwrap();
    let shown = lineage(&client, &job.id, "").await;
    assert_eq!(shown["truncated"], false);
    let graph = Graph::of(&shown);

    assert_eq!(graph.ids("fact").len(), facts.len());
    let mut derived = 0;
    for fact in facts {
        let id = fact["id"].as_str().unwrap();
        let node = &graph.nodes[id];
        for key in ["statement", "value", "unit", "source", "standing"] {
            assert_eq!(node[key], fact[key], "{id} {key}");
        }
        let task = |of: &Value| format!("task_{}", of["task"]["id"]);
        let stated: Vec<_> = graph.targets(id, "stated_by").collect();
        assert_eq!(stated, [&format!("task_{}", fact["task"]["id"])]);
        let verified: Vec<_> = graph.targets(id, "verified_by").collect();
        assert_eq!(verified, [&task(&fact["verified_by"])]);
        let parents: BTreeSet<&str> = fact["derived_from"]
            .as_array()
            .unwrap()
            .iter()
            .map(|parent| parent.as_str().unwrap())
            .collect();
        let in_graph: BTreeSet<&str> = graph
            .targets(id, "derived_from")
            .map(String::as_str)
            .collect();
        assert_eq!(in_graph, parents);
        derived += parents.len();
    }
    assert!(derived > 0, "no fact of an analysis rests on another");

    let reporters: BTreeSet<&String> = graph
        .edges
        .iter()
        .filter(|(_, kind, _)| kind == "quotes")
        .map(|(from, _, _)| from)
        .collect();
    let [reporter] = reporters.into_iter().collect::<Vec<_>>()[..] else {
        panic!("one task writes the report")
    };
    assert_eq!(graph.nodes[reporter]["stage"], "aggregate");
    let quoted = graph.targets(reporter, "quotes").count();
    let in_report = job.result.unwrap()["facts"].as_array().unwrap().len();
    assert_eq!(quoted, in_report);
    for artifact in graph.ids("artifact") {
        let made_by: Vec<_> = graph.targets(artifact, "made_by").collect();
        assert_eq!(made_by, [reporter]);
        let href = graph.nodes[artifact]["href"].as_str().unwrap();
        assert_eq!(client.get(href).await.status, 200);
    }
    assert_eq!(graph.ids("artifact").len(), 1);
}

#[tokio::test]
async fn the_lineage_of_one_fact_is_it_and_what_it_rests_on_alone() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = compared(&client).await;
    let whole = Graph::of(&lineage(&client, &job.id, "").await);
    let longest = whole
        .ids("fact")
        .into_iter()
        .max_by_key(|fact| whole.ancestors(fact).len())
        .unwrap();
    let expected = whole.ancestors(longest);
    assert!(expected.len() > 1 && expected.len() < whole.ids("fact").len());

    let of_one = lineage(&client, &job.id, &format!("?fact={longest}")).await;
    let graph = Graph::of(&of_one);
    assert_eq!(graph.ids("fact"), expected.iter().collect());
    assert!(graph.ids("artifact").is_empty());
    assert!(graph.edges.is_subset(&whole.edges));
    let (fact, origin) = (&whole.nodes[longest], &graph.nodes[longest]);
    assert_eq!(fact, origin);

    for (query, status, code) in [
        ("?fact=fact_99999.0", 404, "fact_not_found"),
        ("?fact=nonsense", 400, "invalid_query"),
        ("?depth=3", 400, "invalid_query"),
    ] {
        let path = format!("/v1/jobs/{}/lineage{query}", job.id);
        let refused = client.get(&path).await;
        assert_eq!(
            (refused.status.as_u16(), refused.problem().as_str()),
            (status, code)
        );
    }
}

#[tokio::test]
async fn the_lineage_of_an_ended_job_is_read_once() {
    let app = TestApp::start().await;
    let client = app.client();
    let live = client.endless().await;
    let path = format!("/v1/jobs/{}/lineage", live.id);
    let answered = client.get(&path).await;
    assert_eq!(answered.status, 200);
    assert_eq!(answered.header("etag"), None);
    client.cancel(&live.id).await;

    let ended = client.get(&path).await;
    let etag = ended.header("etag").unwrap();
    let known = client.request(Method::GET, &path);
    let again = answer(known.header("if-none-match", etag)).await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    assert_eq!(again.header("etag"), Some(etag));
}
