//! What a key means.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// Where the keys of the reader go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    Browsing,
    /// Letters are those of a filter.
    Filtering,
    /// The help is shown.
    Help,
}

/// What the reader wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Quit,
    /// Draw every cell, as after something else has written to the terminal.
    Redraw,
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    OtherPane,
    Sort,
    Pause,
    Help,
    Detail,
    Back,
    EditFilter,
    Typed(char),
    Erase,
    KeepFilter,
    DropFilter,
}

/// What is shown of the keys: each with what it does.
pub const KEYS: [(&str, &str); 11] = [
    ("up, k / down, j", "select the row above or below"),
    ("page up / page down", "ten rows up or down"),
    ("home, g / end, G", "the first or the last row"),
    ("tab", "go to the other list"),
    ("enter", "the detail in all the room, and back"),
    ("/", "filter the list: enter keeps it, esc drops it"),
    ("s", "sort the list by something else"),
    ("p", "pause the picture, and go on"),
    ("esc", "leave the detail or the help, or drop the filter"),
    ("ctrl-l", "draw the screen anew"),
    ("q, ctrl-c", "quit"),
];

/// What an event of the terminal means in `mode`; None when it means nothing.
pub fn change(event: &Event, mode: Mode) -> Option<Change> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => of_key(*key, mode),
        Event::Resize(..) => Some(Change::Redraw),
        Event::Key(_)
        | Event::FocusGained
        | Event::FocusLost
        | Event::Mouse(_)
        | Event::Paste(_) => None,
    }
}

fn of_key(key: KeyEvent, mode: Mode) -> Option<Change> {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return match (key.code, mode) {
            (KeyCode::Char('c'), _) => Some(Change::Quit),
            (KeyCode::Char('l'), _) => Some(Change::Redraw),
            // What some terminals send for backspace.
            (KeyCode::Char('h'), Mode::Filtering) => Some(Change::Erase),
            _ => None,
        };
    }
    if key.modifiers.contains(KeyModifiers::ALT) {
        return None;
    }
    match mode {
        Mode::Browsing => browsing(key.code),
        Mode::Filtering => filtering(key.code),
        Mode::Help => match key.code {
            KeyCode::Char('q') => Some(Change::Quit),
            KeyCode::Esc | KeyCode::Enter | KeyCode::Char('?') => Some(Change::Back),
            _ => None,
        },
    }
}

fn browsing(code: KeyCode) -> Option<Change> {
    Some(match code {
        KeyCode::Char('q') => Change::Quit,
        KeyCode::Up | KeyCode::Char('k') => Change::Up,
        KeyCode::Down | KeyCode::Char('j') => Change::Down,
        KeyCode::PageUp => Change::PageUp,
        KeyCode::PageDown => Change::PageDown,
        KeyCode::Home | KeyCode::Char('g') => Change::First,
        KeyCode::End | KeyCode::Char('G') => Change::Last,
        KeyCode::Tab | KeyCode::BackTab | KeyCode::Left | KeyCode::Right => Change::OtherPane,
        KeyCode::Char('s') => Change::Sort,
        KeyCode::Char('p') => Change::Pause,
        KeyCode::Char('?') => Change::Help,
        KeyCode::Char('/') => Change::EditFilter,
        KeyCode::Enter => Change::Detail,
        KeyCode::Esc => Change::Back,
        _ => return None,
    })
}

fn filtering(code: KeyCode) -> Option<Change> {
    Some(match code {
        KeyCode::Enter => Change::KeepFilter,
        KeyCode::Esc => Change::DropFilter,
        KeyCode::Backspace => Change::Erase,
        KeyCode::Up => Change::Up,
        KeyCode::Down => Change::Down,
        KeyCode::Char(c) if !c.is_control() => Change::Typed(c),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(code: KeyCode, mode: Mode) -> Option<Change> {
        change(&Event::Key(KeyEvent::from(code)), mode)
    }

    fn with_control(c: char, mode: Mode) -> Option<Change> {
        let key = KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL);
        change(&Event::Key(key), mode)
    }

    #[test]
    fn control_c_quits_whatever_is_shown() {
        for mode in [Mode::Browsing, Mode::Filtering, Mode::Help] {
            assert_eq!(with_control('c', mode), Some(Change::Quit), "{mode:?}");
        }
    }

    #[test]
    fn letters_are_keys_or_those_of_a_filter() {
        for (c, browsing) in [
            ('q', Change::Quit),
            ('j', Change::Down),
            ('k', Change::Up),
            ('g', Change::First),
            ('G', Change::Last),
            ('s', Change::Sort),
            ('p', Change::Pause),
            ('?', Change::Help),
            ('/', Change::EditFilter),
        ] {
            let key = KeyCode::Char(c);
            assert_eq!(pressed(key, Mode::Browsing), Some(browsing), "{c}");
            assert_eq!(pressed(key, Mode::Filtering), Some(Change::Typed(c)), "{c}");
        }
        assert_eq!(pressed(KeyCode::Char('x'), Mode::Browsing), None);
        assert_eq!(with_control('s', Mode::Browsing), None);
    }

    #[test]
    fn enter_keeps_a_filter_and_escape_drops_it() {
        let filtering = |code| pressed(code, Mode::Filtering);
        assert_eq!(filtering(KeyCode::Enter), Some(Change::KeepFilter));
        assert_eq!(filtering(KeyCode::Esc), Some(Change::DropFilter));
        assert_eq!(filtering(KeyCode::Backspace), Some(Change::Erase));
        assert_eq!(with_control('h', Mode::Filtering), Some(Change::Erase));
    }

    #[test]
    fn the_help_is_left_by_the_key_that_shows_it() {
        assert_eq!(pressed(KeyCode::Char('?'), Mode::Help), Some(Change::Back));
        assert_eq!(pressed(KeyCode::Esc, Mode::Help), Some(Change::Back));
        assert_eq!(pressed(KeyCode::Char('q'), Mode::Help), Some(Change::Quit));
        assert_eq!(pressed(KeyCode::Char('s'), Mode::Help), None);
    }

    #[test]
    fn a_key_counts_when_it_goes_down_and_not_when_it_comes_up() {
        let mut key = KeyEvent::from(KeyCode::Char('q'));
        key.kind = KeyEventKind::Release;
        assert_eq!(change(&Event::Key(key), Mode::Browsing), None);
        key.kind = KeyEventKind::Repeat;
        assert_eq!(change(&Event::Key(key), Mode::Browsing), Some(Change::Quit));
    }

    #[test]
    fn another_size_draws_anew() {
        let resized = Event::Resize(80, 24);
        assert_eq!(change(&resized, Mode::Filtering), Some(Change::Redraw));
    }
}
