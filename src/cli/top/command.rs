//! `callboard top`

use std::{
    io::{IsTerminal, stdin, stdout},
    time::Instant,
};

use callboard::config;
use futures_util::StreamExt;

use super::{
    live::{live, refusal},
    model::Model,
    poll::looks,
    view::{Palette, page},
};
use crate::cli::{
    client::{Client, ServerArgs},
    failure::Failure,
    terminal,
};

/// Looks before one frame is printed: a rate needs two.
const LOOKS_ONCE: usize = 2;

#[derive(clap::Args)]
pub struct Args {
    /// Print one frame as plain text and end, after a second that the rate is measured over
    #[arg(long)]
    once: bool,
    /// Width of the printed frame, in columns
    #[arg(long, value_name = "N", requires = "once", default_value = "120", value_parser = clap::value_parser!(u16).range(40..=500))]
    columns: u16,
    #[command(flatten)]
    server: ServerArgs,
}

pub async fn top(args: Args) -> Result<(), Failure> {
    let client = args.server.client()?;
    if args.once {
        return terminal::print(&once(&client, args.columns).await?);
    }
    if !(stdin().is_terminal() && stdout().is_terminal()) {
        let why = "top needs a terminal to draw on; --once prints one frame as text";
        return Err(Failure::BadInput(why.to_owned()));
    }
    live(&client, Palette::of(config::wants_colour())).await
}

async fn once(client: &Client, columns: u16) -> Result<String, Failure> {
    let mut model = Model::new(client.name(), Instant::now());
    let mut looks = Box::pin(looks(client)).take(LOOKS_ONCE);
    while let Some(answers) = looks.next().await {
        if let Some(why) = refusal(&answers) {
            return Err(Failure::BadInput(why));
        }
        if let Some(trouble) = answers.outage() {
            let why = format!("no answer from {}: {trouble}", model.server);
            return Err(Failure::Failed(why));
        }
        model.hear(answers);
    }
    Ok(page(&model, Instant::now(), columns))
}
