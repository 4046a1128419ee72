//! The person in charge: looks into the ledger what became of a `once` effect whose outcome the server does not know, and
//! says so; gives tasks that wait for an operator new attempts.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    time::Duration,
};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    api::{Api, Trouble},
    ledger::{Class, Ledger},
};

const LOOK_EVERY: Duration = Duration::from_millis(50);

/// An entry of the server's effect ledger.
#[derive(Debug, Deserialize)]
struct Effect {
    id: String,
    job: String,
    task: Task,
}

#[derive(Debug, Deserialize)]
struct Task {
    id: u32,
    name: String,
}

pub struct Human<'a> {
    api: &'a Api,
    ledger: &'a RefCell<Ledger>,
    pub took_place: Cell<u64>,
    pub run_again: Cell<u64>,
    pub renewed: Cell<u64>,
    /// Effects that could not be resolved so far, and why.
    stubborn: RefCell<BTreeMap<String, String>>,
}

impl<'a> Human<'a> {
    pub fn new(api: &'a Api, ledger: &'a RefCell<Ledger>) -> Self {
        Self {
            api,
            ledger,
            took_place: Cell::new(0),
            run_again: Cell::new(0),
            renewed: Cell::new(0),
            stubborn: RefCell::default(),
        }
    }

    /// Looks after the server for as long as it is polled.
    pub async fn play(&self) {
        loop {
            self.resolve_effects().await;
            self.renew_tasks().await;
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Effects that are still open, each with what stood in the way.
    pub fn stubborn(&self) -> Vec<String> {
        let stubborn = self.stubborn.borrow();
        stubborn
            .iter()
            .map(|(id, why)| format!("{id}: {why}"))
            .collect()
    }

    async fn resolve_effects(&self) {
        let Ok(effects) = self.api.unknown_effects().await else {
            return;
        };
        for effect in effects {
            match serde_json::from_value::<Effect>(effect.clone()) {
                Ok(effect) => self.resolve(effect).await,
                Err(error) => self.note(effect.to_string(), error.to_string()),
            }
        }
    }

    async fn resolve(&self, effect: Effect) {
        let took_place = match self.look(&effect) {
            Ok(took_place) => took_place,
            Err(why) => return self.note(effect.id, why),
        };
        let resolution = if took_place {
            json!({"outcome": "succeeded", "product": product(&effect.task.name)})
        } else {
            json!({"outcome": "again"})
        };
        let path = format!("/v1/effects/{}/resolve", effect.id);
        match self.api.post(&path, &resolution).await {
            Ok(_) => {
                let counter = if took_place {
                    &self.took_place
                } else {
                    &self.run_again
                };
                counter.set(counter.get() + 1);
                self.stubborn.borrow_mut().remove(&effect.id);
            }
            // Whether it was taken shows in the next list.
            Err(Trouble::Cut | Trouble::Busy) => {}
            Err(Trouble::Refused(why)) => self.note(effect.id, why),
        }
    }

    /// Whether the ledger says that the effect took place. Whoever could still write it is dead.
    fn look(&self, effect: &Effect) -> Result<bool, String> {
        let mut ledger = self.ledger.borrow_mut();
        ledger.refresh().map_err(|error| error.to_string())?;
        let lines = ledger.of(&effect.job, effect.task.id);
        Ok(lines.iter().any(|line| line.class == Class::Once))
    }

    async fn renew_tasks(&self) {
        let Ok((jobs, _)) = self.api.jobs("&state=waiting", None).await else {
            return;
        };
        for job in jobs {
            if job.waits_for() != Some("operator") {
                continue;
            }
            let path = format!("/v1/jobs/{}/retry", job.id);
            let reason = json!({"reason": "the process was killed on purpose"});
            if self.api.post(&path, &reason).await.is_ok() {
                self.renewed.set(self.renewed.get() + 1);
            }
        }
    }

    fn note(&self, effect: String, why: String) {
        self.stubborn.borrow_mut().insert(effect, why);
    }
}

/// What a task called `<class>:<number>` brings back.
fn product(task_name: &str) -> Value {
    let number = task_name
        .rsplit(':')
        .next()
        .and_then(|n| n.parse::<u32>().ok());
    json!({"number": number})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_product_of_a_task_is_its_number() {
        assert_eq!(product("once:3"), json!({"number": 3}));
        assert_eq!(product("strange"), json!({"number": null}));
    }
}
