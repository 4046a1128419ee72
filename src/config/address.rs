//! An address to listen on, as people write it: `127.0.0.1:7070`, `[::1]:7070`.

use std::net::SocketAddr;

use serde::{Deserializer, de};

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    struct Text;

    impl de::Visitor<'_> for Text {
        type Value = SocketAddr;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an IP address and a port such as \"127.0.0.1:7070\" or \"[::1]:7070\"")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<SocketAddr, E> {
            text.parse()
                .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
        }
    }

    deserializer.deserialize_str(Text)
}
