//! Compression of a file that grows: members of gzip and frames of zstd may stand one behind the other, so files that are
//! put together stay files.

use std::io::{self, Write as _};

use flate2::{Compression as Level, write::GzEncoder};

use crate::request::Compression;

/// Fast levels: synthetic rows compress to a fifth at any of them.
const GZIP_LEVEL: u32 = 1;
const ZSTD_LEVEL: i32 = 1;

/// Takes bytes in, gives them out compressed or as they are.
pub enum Packer {
    Plain(Vec<u8>),
    Gzip(GzEncoder<Vec<u8>>),
    Zstd(zstd::Encoder<'static, Vec<u8>>),
}

impl Packer {
    pub fn new(compression: Compression) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Self::Plain(Vec::new()),
            Compression::Gzip => Self::Gzip(GzEncoder::new(Vec::new(), Level::new(GZIP_LEVEL))),
            Compression::Zstd => Self::Zstd(zstd::Encoder::new(Vec::new(), ZSTD_LEVEL)?),
        })
    }

    /// Moves `bytes` in and leaves them empty.
    pub fn take(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Plain(out) if out.is_empty() => std::mem::swap(out, bytes),
            Self::Plain(out) => out.append(bytes),
            Self::Gzip(encoder) => encoder.write_all(bytes)?,
            Self::Zstd(encoder) => encoder.write_all(bytes)?,
        }
        bytes.clear();
        Ok(())
    }

    pub fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Plain(out) => Ok(out),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

/// Compresses a whole piece; pieces put one behind the other are a file.
pub fn packed(compression: Compression, mut bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    let mut packer = Packer::new(compression)?;
    packer.take(&mut bytes)?;
    packer.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn pieces_put_together_are_read_as_one_file() {
        let piece =
            |compression, text: &str| packed(compression, text.as_bytes().to_vec()).unwrap();
        let mut plain = piece(Compression::None, "a,b\n");
        plain.extend(piece(Compression::None, "1,2\n"));
        assert_eq!(plain, b"a,b\n1,2\n");

        let mut gzip = piece(Compression::Gzip, "a,b\n");
        gzip.extend(piece(Compression::Gzip, "1,2\n"));
        let mut read = String::new();
        let mut reader = flate2::read::MultiGzDecoder::new(gzip.as_slice());
        reader.read_to_string(&mut read).unwrap();
        assert_eq!(read, "a,b\n1,2\n");

        let mut zstd = piece(Compression::Zstd, "a,b\n");
        zstd.extend(piece(Compression::Zstd, "1,2\n"));
        assert_eq!(zstd::decode_all(zstd.as_slice()).unwrap(), b"a,b\n1,2\n");
    }
}
