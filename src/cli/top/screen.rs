//! The terminal while `top` has it: the other screen, no echo, no cursor. However the program ends, it gives the terminal
//! back as it was: at its end, at a signal and at a panic.

use std::{
    io::{self, Stdout},
    panic,
};

use crossterm::{
    cursor::Show,
    execute,
    terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
};
use ratatui::{Frame, Terminal, backend::CrosstermBackend};

pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    pub fn open() -> io::Result<Self> {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            give_back();
            before(info);
        }));
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
        // From here on its drop gives the terminal back.
        let mut screen = Self { terminal };
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen)?;
        screen.terminal.hide_cursor()?;
        screen.forget()?;
        Ok(screen)
    }

    /// Draws what differs from the frame before.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(draw)?;
        Ok(())
    }

    /// Forgets what is on the screen, so that every cell is drawn.
    pub fn forget(&mut self) -> io::Result<()> {
        // `Terminal::clear` would first ask the terminal where its cursor is, and fail where the answer is slow.
        let size = self.terminal.size()?;
        self.terminal.resize(size.into())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // At a panic the hook has done it, and the report is on the screen since.
        if !std::thread::panicking() {
            give_back();
        }
    }
}

fn give_back() {
    // Err means that the terminal has gone: there is nothing to give back.
    let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
}
