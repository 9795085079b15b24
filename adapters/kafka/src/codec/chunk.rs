//! Copies small pieces into large chunks and slices them: one allocation for many messages.

use bytes::{Bytes, BytesMut};
use wingman_core::message::HeadersBuilder;

/// How large a chunk is.
const CHUNK_BYTES: usize = 64 << 10;
/// A larger piece gets memory of its own, so that a chunk is not left half empty.
const PIECE_BYTES_MAX: usize = CHUNK_BYTES / 4;

/// The chunks that are being filled: with keys and payloads, and with headers.
#[derive(Debug)]
pub(crate) struct Chunk {
    pieces: BytesMut,
    headers: HeadersBuilder,
}

impl Default for Chunk {
    fn default() -> Self {
        let headers = HeadersBuilder::with_room_for_many(CHUNK_BYTES);
        Self { pieces: BytesMut::new(), headers }
    }
}

impl Chunk {
    /// A copy of these bytes. It keeps its chunk alive: what is held for long is to be detached.
    pub(crate) fn copy(&mut self, piece: &[u8]) -> Bytes {
        if piece.is_empty() {
            return Bytes::new();
        }
        if piece.len() > PIECE_BYTES_MAX {
            return Bytes::copy_from_slice(piece);
        }
        if self.pieces.capacity() < piece.len() {
            self.pieces = BytesMut::with_capacity(CHUNK_BYTES);
        }
        self.pieces.extend_from_slice(piece);
        self.pieces.split().freeze()
    }

    /// For the headers of one message, which keep their chunk alive as well.
    pub(crate) fn headers(&mut self) -> &mut HeadersBuilder {
        &mut self.headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_share_a_chunk_and_large_ones_do_not() {
        let mut chunk = Chunk::default();
        let (one, two) = (chunk.copy(b"one"), chunk.copy(b"two"));
        assert_eq!((&one[..], &two[..]), (&b"one"[..], &b"two"[..]));
        assert_eq!(one.as_ptr().wrapping_add(3), two.as_ptr());
        let large = vec![7; PIECE_BYTES_MAX + 1];
        assert_eq!(chunk.copy(&large), large);
        assert_eq!(two.as_ptr().wrapping_add(3), chunk.copy(b"x").as_ptr());
    }

    #[test]
    fn a_full_chunk_is_followed_by_the_next() {
        let mut chunk = Chunk::default();
        let piece = vec![1; PIECE_BYTES_MAX];
        let copies: Vec<_> = (0..9).map(|_| chunk.copy(&piece)).collect();
        assert!(copies.iter().all(|copy| *copy == piece));
    }
}
