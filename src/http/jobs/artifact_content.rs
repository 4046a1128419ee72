//! The bytes of an artifact on their way to a client, piece by piece: never more than one piece in memory.
//!
//! Of a whole artifact the last piece goes out only when the hash of all is right. What has decayed on disk is thus
//! never answered whole: it is an error when one piece holds it all, else the answer breaks off.

use std::{io, ops::Range, sync::Arc};

use actix_web::web::Bytes;
use callboard_orchestra::artifact::{Artifact, ArtifactError, Artifacts};
use futures_util::{Stream, StreamExt, stream};
use sha2::{Digest, Sha256};

/// Bytes read at one time.
const PIECE_BYTES: u64 = 256 * 1024;

/// The bytes of `span`. Errors when the first piece cannot be read; later errors end the stream.
pub async fn content(
    artifacts: Arc<dyn Artifacts>,
    artifact: &Artifact,
    span: Range<u64>,
) -> Result<impl Stream<Item = Result<Bytes, ArtifactError>> + use<>, ArtifactError> {
    let whole = span == (0..artifact.bytes);
    let mut reading = Reading {
        artifacts,
        sha256: artifact.sha256.clone(),
        left: span,
        hash: whole.then(Sha256::new),
    };
    let first = reading.next_piece().await?;
    let rest = stream::try_unfold(reading, |mut reading| async move {
        if reading.left.is_empty() {
            return Ok(None);
        }
        let piece = reading.next_piece().await.inspect_err(|error| {
            tracing::error!(error = %error, artifact.sha256 = reading.sha256, "an artifact breaks off");
        })?;
        Ok(Some((piece, reading)))
    });
    Ok(stream::once(async { Ok(first) }).chain(rest))
}

struct Reading {
    artifacts: Arc<dyn Artifacts>,
    sha256: String,
    left: Range<u64>,
    /// Of what has been read of a whole artifact.
    hash: Option<Sha256>,
}

impl Reading {
    async fn next_piece(&mut self) -> Result<Bytes, ArtifactError> {
        let length = PIECE_BYTES.min(self.left.end - self.left.start);
        let wanted = usize::try_from(length).expect("a piece fits in memory");
        let piece = self
            .artifacts
            .read_at(&self.sha256, self.left.start, wanted)
            .await?
            .ok_or_else(|| self.lost("there is no file of"))?;
        if piece.len() != wanted {
            return Err(self.lost("the file ends within"));
        }
        self.left.start += length;
        if let Some(hash) = &mut self.hash {
            hash.update(&piece);
        }
        if self.left.is_empty()
            && let Some(hash) = self.hash.take()
        {
            let actual = hex::encode(hash.finalize());
            if actual != self.sha256 {
                return Err(self.lost("the file has other bytes than"));
            }
        }
        Ok(piece.into())
    }

    fn lost(&self, what: &str) -> ArtifactError {
        let cause = format!("{what} artifact {}", self.sha256);
        ArtifactError::Store(io::Error::new(io::ErrorKind::InvalidData, cause))
    }
}

#[cfg(test)]
mod tests {
    use callboard_orchestra::artifact::{MemoryArtifacts, NewArtifact};

    use super::*;

    async fn kept(bytes: usize) -> (Arc<MemoryArtifacts>, NewArtifact) {
        let artifacts = Arc::new(MemoryArtifacts::default());
        let content = (0..bytes).map(|at| (at % 251) as u8).collect();
        let new = NewArtifact::new("a.bin", "application/octet-stream", content).unwrap();
        artifacts.put(new.clone()).await.unwrap();
        (artifacts, new)
    }

    async fn read(
        artifacts: Arc<MemoryArtifacts>,
        artifact: &Artifact,
        span: Range<u64>,
    ) -> Vec<Result<Bytes, ArtifactError>> {
        content(artifacts, artifact, span)
            .await
            .unwrap()
            .collect()
            .await
    }

    #[tokio::test]
    async fn any_span_comes_in_pieces_that_add_up_to_it() {
        let piece = PIECE_BYTES;
        let (artifacts, new) = kept(3 * PIECE_BYTES as usize + 7).await;
        let length = new.artifact.bytes;
        for (span, pieces) in [
            (0..length, 4),
            (0..piece, 1),
            (5..piece + 6, 2),
            (length - 1..length, 1),
        ] {
            let read = read(artifacts.clone(), &new.artifact, span.clone()).await;
            assert_eq!(read.len(), pieces);
            let bytes: Vec<u8> = read.into_iter().flat_map(|piece| piece.unwrap()).collect();
            assert_eq!(bytes, new.content[span.start as usize..span.end as usize]);
        }
    }

    #[tokio::test]
    async fn an_artifact_without_bytes_is_one_empty_piece() {
        let (artifacts, new) = kept(0).await;
        let read = read(artifacts, &new.artifact, 0..0).await;
        assert_eq!(read.len(), 1);
        assert!(read[0].as_ref().unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_has_decayed_is_refused_or_breaks_off_before_its_last_piece() {
        for (bytes, pieces) in [(100, 0), (2 * PIECE_BYTES as usize, 1)] {
            let (artifacts, new) = kept(bytes).await;
            let mut decayed = new.clone();
            let mut content_now = new.content.to_vec();
            content_now[7] ^= 1;
            decayed.content = content_now.into();
            artifacts.put(decayed).await.unwrap();
            let whole = 0..new.artifact.bytes;
            match content(artifacts, &new.artifact, whole).await {
                Err(_) => assert_eq!(pieces, 0),
                Ok(stream) => {
                    let read: Vec<_> = stream.collect().await;
                    assert_eq!(read.len(), pieces + 1);
                    assert!(read[..pieces].iter().all(Result::is_ok));
                    assert!(read[pieces].is_err());
                }
            }
        }
    }

    #[tokio::test]
    async fn what_is_gone_or_too_short_is_refused() {
        let (artifacts, new) = kept(100).await;
        let mut absent = new.artifact.clone();
        absent.sha256 = "0".repeat(64);
        assert!(content(artifacts.clone(), &absent, 0..10).await.is_err());
        let mut longer = new.artifact;
        longer.bytes = 200;
        assert!(content(artifacts, &longer, 90..110).await.is_err());
    }
}
