//! Server-sent events, taken apart as they arrive.

/// Largest event, in bytes: a job's event carries the product of a task.
const EVENT_BYTES_MAX: usize = 64 * 1024 * 1024;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    /// Where to resume after it.
    pub id: Option<String>,
    pub data: String,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event on the stream has more than {EVENT_BYTES_MAX} bytes")]
pub struct TooLarge;

/// What has arrived and does not make a whole event yet.
#[derive(Default)]
pub struct Parser {
    line: Vec<u8>,
    event: Event,
}

impl Parser {
    /// Takes in bytes; answers with the events that they complete.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>, TooLarge> {
        let mut events = Vec::new();
        let mut pieces = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            if self.line.len() + self.event.data.len() + piece.len() > EVENT_BYTES_MAX {
                return Err(TooLarge);
            }
            self.line.extend_from_slice(piece);
            if pieces.peek().is_some() {
                let line = std::mem::take(&mut self.line);
                events.extend(self.take(String::from_utf8_lossy(&line).trim_end_matches('\r')));
            }
        }
        Ok(events)
    }

    fn take(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            return Some(std::mem::take(&mut self.event)).filter(|event| !event.data.is_empty());
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => self.event.id = Some(value.to_owned()),
            "data" => {
                if !self.event.data.is_empty() {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_whole_however_their_bytes_are_cut() {
        let stream =
            "retry: 1000\n\n: keep-alive\n\nid: 7\ndata: {\"a\":\"ü\"}\n\ndata: tick\r\n\r\n";
        let expected = [
            Event {
                id: Some("7".to_owned()),
                data: "{\"a\":\"ü\"}".to_owned(),
            },
            Event {
                id: None,
                data: "tick".to_owned(),
            },
        ];
        for size in 1..stream.len() {
            let mut parser = Parser::default();
            let pushed = stream
                .as_bytes()
                .chunks(size)
                .flat_map(|chunk| parser.push(chunk).unwrap());
            assert_eq!(pushed.collect::<Vec<_>>(), expected, "cut in {size}");
        }
    }

    #[test]
    fn an_event_without_end_is_refused() {
        let mut parser = Parser::default();
        let chunk = vec![b'x'; 1024 * 1024];
        assert!((0..=64).any(|_| parser.push(&chunk) == Err(TooLarge)));
    }
}
