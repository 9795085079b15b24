//! Copies small pieces into large chunks and slices them: one allocation for many messages.

use bytes::{Bytes, BytesMut};

/// How large a chunk is.
const CHUNK_BYTES: usize = 64 << 10;
/// A larger piece gets memory of its own, so that a chunk is not left half empty.
const PIECE_BYTES_MAX: usize = CHUNK_BYTES / 4;

/// The chunk that is being filled.
#[derive(Debug, Default)]
pub(crate) struct Chunk(BytesMut);

impl Chunk {
    /// A copy of these bytes. It keeps its chunk alive: what is held for long is to be detached.
    pub(crate) fn copy(&mut self, piece: &[u8]) -> Bytes {
        if piece.is_empty() {
            return Bytes::new();
        }
        if piece.len() > PIECE_BYTES_MAX {
            return Bytes::copy_from_slice(piece);
        }
        if self.0.capacity() - self.0.len() < piece.len() {
            self.0 = BytesMut::with_capacity(CHUNK_BYTES);
        }
        self.0.extend_from_slice(piece);
        self.0.split().freeze()
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
