//! What tables promise each other, and what a request promises of its rows.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};

use callboard_synth::{
    BLOCK_ROWS, Batch, CUSTOMERS_PER_BLOCK, Entity, Kind, Request, Typology, Values, batch,
    columns, customers_of,
};

fn texts(batch: &Batch, entity: Entity, name: &str) -> Vec<Option<String>> {
    let Some(Values::Text(texts)) = batch.column(entity, name) else {
        panic!("{name} is no text");
    };
    let owned = texts
        .iter()
        .map(|text| Some(String::from_utf8(text?.to_vec()).unwrap()));
    owned.collect()
}

fn made(request: Request) -> Batch {
    let rows = request.rows;
    batch(&request.resolve().unwrap(), 0..rows)
}

fn keys(entity: Entity, rows: u64, column: &str) -> BTreeSet<String> {
    let batch = made(Request {
        entity,
        rows,
        seed: 3,
        ..Request::default()
    });
    texts(&batch, entity, column)
        .into_iter()
        .flatten()
        .collect()
}

fn transactions() -> Request {
    Request {
        rows: 3 * BLOCK_ROWS,
        seed: 3,
        ..Request::default()
    }
}

#[test]
fn every_transaction_names_customers_and_a_merchant_that_exist() {
    let request = transactions();
    let customers = keys(Entity::Customers, customers_of(request.rows), "customer_id");
    let merchants = keys(
        Entity::Merchants,
        u64::from(request.merchants),
        "merchant_id",
    );
    assert_eq!(customers.len() as u64, 3 * CUSTOMERS_PER_BLOCK);
    assert_eq!(merchants.len(), 5_000);
    let batch = made(request);
    let column = |name| texts(&batch, Entity::Transactions, name);
    let parties = column("customer_id")
        .into_iter()
        .zip(column("merchant_id"))
        .zip(column("counterparty_id"));
    for ((customer, merchant), counterparty) in parties {
        let customer = customer.unwrap();
        assert!(customers.contains(&customer), "{customer}");
        match (merchant, counterparty) {
            (Some(merchant), None) => assert!(merchants.contains(&merchant), "{merchant}"),
            (None, Some(other)) => {
                assert!(customers.contains(&other), "{other}");
                assert_ne!(customer, other);
            }
            parties => panic!("{customer} pays {parties:?}"),
        }
    }
    let transactions: BTreeSet<_> = column("transaction_id").into_iter().collect();
    assert_eq!(transactions.len(), batch.rows);
}

#[test]
fn keys_of_customers_and_merchants_are_unique_numbers() {
    for (entity, column) in [
        (Entity::Customers, "pan"),
        (Entity::Customers, "aadhaar"),
        (Entity::Merchants, "gstin"),
    ] {
        let distinct = keys(entity, 2_000, column).len();
        assert!(distinct >= 1_999, "{column}: {distinct} of 2000");
    }
}

#[test]
fn a_block_is_in_order_of_time_and_within_its_period() {
    let batch = made(transactions());
    let Some(Values::Timestamp(moments)) = batch.column(Entity::Transactions, "timestamp") else {
        panic!("timestamp is no moment");
    };
    let moments: Vec<i64> = moments.iter().map(|moment| moment.unwrap()).collect();
    // 2024-10-01 to 2024-12-31, midnight to midnight at +05:30.
    let period = 1_727_721_000_000..1_735_669_800_000;
    assert!(moments.iter().all(|moment| period.contains(moment)));
    assert!(moments.chunks(BLOCK_ROWS as usize).all(<[i64]>::is_sorted));
    assert!(!moments.is_sorted());
}

#[test]
fn the_rate_of_fraud_is_the_one_asked_for() {
    for rate in [0.0, 0.000_1, 0.01, 0.2, 0.5] {
        for seed in 0..3 {
            let rows = 8 * BLOCK_ROWS + 1_000;
            let tally = made(Request {
                rows,
                seed,
                fraud_rate: rate,
                ..Request::default()
            })
            .tally;
            let expected = rate * rows as f64;
            // 99 % of a binomial distribution; one more for what is rounded.
            let tolerance = 2.576 * (expected * (1.0 - rate)).sqrt() + 1.0;
            let found = tally.fraud_rows as f64;
            assert!(
                (found - expected).abs() <= tolerance,
                "{rate}, seed {seed}: {found}, not {expected}"
            );
            let labelled: u64 = tally.by_fraud_type.values().map(|part| part.rows).sum();
            assert_eq!(labelled, tally.fraud_rows);
        }
    }
}

#[test]
fn every_typology_occurs_and_fraud_stands_where_its_label_stands() {
    let batch = made(Request {
        fraud_rate: 0.05,
        ..transactions()
    });
    let labels = texts(&batch, Entity::Transactions, "fraud_type");
    let Some(Values::Flag(flags)) = batch.column(Entity::Transactions, "is_fraud") else {
        panic!("is_fraud is no flag");
    };
    assert!(
        flags
            .iter()
            .zip(&labels)
            .all(|(flag, label)| *flag == Some(label.is_some()))
    );
    let found: BTreeSet<String> = labels.into_iter().flatten().collect();
    let known: BTreeSet<String> = Typology::ALL
        .iter()
        .map(|typology| typology.as_str().to_owned())
        .collect();
    assert_eq!(found, known);
}

#[test]
fn payments_of_a_bill_repeat_payee_and_amount_month_by_month() {
    let batch = made(Request {
        fraud_rate: 0.0,
        ..transactions()
    });
    let column = |name| texts(&batch, Entity::Transactions, name);
    let Some(Values::Money(amounts)) = batch.column(Entity::Transactions, "amount") else {
        panic!("amount is no money");
    };
    let mut repeated: BTreeMap<_, usize> = BTreeMap::new();
    let rows = column("category")
        .into_iter()
        .zip(column("customer_id"))
        .zip(column("merchant_id"))
        .zip(amounts);
    for (((category, customer), merchant), amount) in rows {
        if category.as_deref() == Some("Recharge & bill payments") {
            *repeated.entry((customer, merchant, *amount)).or_default() += 1;
        }
    }
    let rows: usize = repeated.values().sum();
    let in_threes: usize = repeated.values().filter(|count| **count >= 3).sum();
    assert!(
        in_threes * 2 > rows,
        "{in_threes} of {rows} payments come three months in a row"
    );
}

#[test]
fn gaps_between_payments_vary_more_than_chance_would_have_them() {
    let batch = made(Request {
        fraud_rate: 0.0,
        ..transactions()
    });
    let Some(Values::Timestamp(moments)) = batch.column(Entity::Transactions, "timestamp") else {
        panic!("timestamp is no moment");
    };
    let mut by_customer: BTreeMap<_, Vec<i64>> = BTreeMap::new();
    for (customer, moment) in texts(&batch, Entity::Transactions, "customer_id")
        .into_iter()
        .zip(moments)
    {
        by_customer
            .entry(customer)
            .or_default()
            .push(moment.unwrap());
    }
    let variation = |moments: &Vec<i64>| {
        let gaps: Vec<f64> = moments
            .windows(2)
            .map(|pair| (pair[1] - pair[0]) as f64)
            .collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        variance.sqrt() / mean
    };
    let mut variations: Vec<f64> = by_customer
        .values()
        .filter(|moments| moments.len() > 20)
        .map(variation)
        .collect();
    variations.sort_by(f64::total_cmp);
    let median = variations[variations.len() / 2];
    assert!(median > 1.1, "{median}");
}

#[test]
fn cells_are_missing_and_rows_are_dirty_at_the_rates_asked_for() {
    for entity in Entity::ALL {
        let rows = 4_000;
        let clean = made(Request {
            entity,
            rows,
            ..Request::default()
        });
        let spoilt = made(Request {
            entity,
            rows,
            missing_rate: 0.1,
            dirty_rate: 0.2,
            ..Request::default()
        });
        let blankable = columns(entity)
            .iter()
            .filter(|column| column.blankable)
            .count() as f64;
        let missing = spoilt.tally.missing_cells as f64 / (blankable * rows as f64);
        assert!((missing - 0.1).abs() < 0.01, "{missing}");
        let dirty = spoilt.tally.dirty_rows as f64 / rows as f64;
        assert!((dirty - 0.2).abs() < 0.02, "{dirty}");
        assert_eq!((clean.tally.missing_cells, clean.tally.dirty_rows), (0, 0));
        for (column, (before, after)) in columns(entity)
            .iter()
            .zip(clean.columns.iter().zip(&spoilt.columns))
        {
            let is_label = matches!(column.kind, Kind::Flag)
                || column.name.ends_with("_id") && !column.blankable;
            if is_label {
                assert_eq!(before, after, "{}", column.name);
            }
        }
    }
}
