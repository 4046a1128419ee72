//! Makes text of a server harmless to the terminal that shows it: kinds, tenants, labels and the words of a panic are
//! written by others, and an escape sequence among them could repaint the screen or worse.

use std::collections::BTreeMap;

use callboard::http::{Health, JobView, JobsPage, Usage, WaitingFor};
use callboard_runtime::{NodeSnapshot, TreeSnapshot};

/// Stands for what must not reach the terminal.
const REPLACEMENT: char = '\u{fffd}';

/// `text` without characters that command a terminal or turn the direction of writing.
pub fn plain(text: &str) -> String {
    let harmless = |c: char| match c {
        '\n' | '\t' => ' ',
        c if c.is_control() || is_invisible(c) => REPLACEMENT,
        c => c,
    };
    text.chars().map(harmless).collect()
}

/// Marks of direction, joiners and other characters without a width of their own, with which text can pass for another.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// An answer of a server whose text can be shown.
pub trait Plain: Sized {
    fn plain(self) -> Self;
}

fn clean(text: &mut String) {
    *text = plain(text);
}

fn clean_map(map: &mut BTreeMap<String, String>) {
    *map = map
        .iter()
        .map(|(key, value)| (plain(key), plain(value)))
        .collect();
}

fn clean_node(node: &mut NodeSnapshot) {
    clean(&mut node.name);
    clean(&mut node.path);
    let failure = node
        .crew
        .as_mut()
        .and_then(|crew| crew.last_failure.as_mut());
    if let Some(failure) = failure {
        clean(failure);
    }
    node.children.iter_mut().for_each(clean_node);
}

fn clean_job(job: &mut JobView) {
    clean(&mut job.kind);
    clean(&mut job.tenant);
    clean_map(&mut job.labels);
    clean(&mut job.created_at);
    for text in [&mut job.deadline, &mut job.started_at, &mut job.finished_at] {
        text.iter_mut().for_each(clean);
    }
    if let Some(error) = &mut job.error {
        clean(&mut error.code);
        clean(&mut error.message);
    }
    match &mut job.waiting_for {
        Some(WaitingFor::Timer { until } | WaitingFor::Approval { until, .. }) => clean(until),
        Some(WaitingFor::Signal { name, until }) => {
            clean(name);
            until.iter_mut().for_each(clean);
        }
        Some(
            WaitingFor::UnknownOutcome { .. } | WaitingFor::Operator { .. } | WaitingFor::Paused {},
        )
        | None => {}
    }
}

impl Plain for TreeSnapshot {
    fn plain(mut self) -> Self {
        clean_node(&mut self.root);
        self
    }
}

impl Plain for JobsPage {
    fn plain(mut self) -> Self {
        self.items.iter_mut().for_each(clean_job);
        self
    }
}

impl Plain for Health {
    fn plain(mut self) -> Self {
        for component in &mut self.components {
            clean(&mut component.name);
            component.message.iter_mut().for_each(clean);
        }
        self
    }
}

impl Plain for Usage {
    fn plain(mut self) -> Self {
        clean(&mut self.tenant);
        clean(&mut self.jobs.since);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_commands_a_terminal_becomes_a_mark() {
        assert_eq!(
            plain("a\u{1b}[2Jb\u{7}c\u{9b}d\re"),
            "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d\u{fffd}e"
        );
        assert_eq!(plain("one\ntwo\tthree"), "one two three");
    }

    #[test]
    fn what_turns_or_hides_text_becomes_a_mark() {
        assert_eq!(plain("a\u{202e}b\u{200b}c"), "a\u{fffd}b\u{fffd}c");
    }

    #[test]
    fn other_text_stays_as_it_is() {
        for text in ["market.compare", "größer 東京 🦀", "a b"] {
            assert_eq!(plain(text), text);
        }
    }
}
