//! The screen while it lives: draws at every answer and every key, and ends at `q`, at a signal, or when the terminal goes.

use std::time::{Duration, Instant};

use crossterm::event::EventStream;
use futures_util::StreamExt;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{MissedTickBehavior, interval},
};

use super::{
    keys::{Change, change},
    model::Model,
    poll::{Answers, looks},
    screen::Screen,
    trouble::Trouble,
    view::{Palette, draw},
};
use crate::cli::{client::Client, failure::Failure};

/// How often the age of the picture is drawn anew while nothing happens.
const REDRAW_EVERY: Duration = Duration::from_millis(500);

pub async fn live(client: &Client, palette: Palette) -> Result<(), Failure> {
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut hung_up = signal(SignalKind::hangup())?;
    let mut model = Model::new(client.name(), Instant::now());
    let mut screen = Screen::open()?;
    let (mut looks, mut events) = (Box::pin(looks(client)), EventStream::new());
    let mut ticks = interval(REDRAW_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        screen.draw(|frame| {
            let area = frame.area();
            draw(&model, Instant::now(), palette, area, frame.buffer_mut());
        })?;
        tokio::select! {
            answers = looks.next() => {
                let answers = answers.expect("looks have no end");
                if !model.has_answered() && let Some(why) = refusal(&answers) {
                    return Err(Failure::BadInput(why));
                }
                model.hear(answers);
            }
            event = events.next() => {
                let event = event.transpose()?;
                let Some(event) = event else {
                    return Err(Failure::Failed("the terminal has gone".to_owned()));
                };
                match change(&event, model.mode) {
                    Some(Change::Quit) => return Ok(()),
                    Some(Change::Redraw) => screen.forget()?,
                    Some(change) => model.change(change),
                    None => {}
                }
            }
            _ = ticks.tick() => {}
            _ = terminated.recv() => return Err(ended("SIGTERM")),
            _ = interrupted.recv() => return Err(ended("SIGINT")),
            _ = hung_up.recv() => return Err(ended("SIGHUP")),
        }
    }
}

fn ended(by: &str) -> Failure {
    Failure::Interrupted(format!("ended by {by}"))
}

/// Why a server that answers nothing will not do so for whoever asks: a wrong key, or no server of this kind.
pub fn refusal(answers: &Answers) -> Option<String> {
    match answers.outage()? {
        Trouble::Refused {
            why,
            for_good: true,
        } => Some(why.clone()),
        Trouble::Refused { .. } | Trouble::NoAnswer(_) => None,
    }
}
