//! Synthetic data: as jobs, as streams, and from the command line.

mod cache;
mod dataset;
mod fit;
mod pages;
mod readers;
mod stream;

use crate::client::Client;

/// The sum of a metric over its labels that contain `label`; 0 before it is first recorded.
async fn metric(client: &Client, name: &str, label: &str) -> f64 {
    let text = String::from_utf8(client.get("/metrics").await.body).unwrap();
    let of_name = text.lines().filter(|line| {
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(['{', ' ']) && rest.contains(label))
    });
    let values = of_name.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap());
    values.sum()
}
