//! A response body in pieces that are written to the socket without being copied together.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use hyper::body::{Body, Frame, SizeHint};

/// Bytes one after another, most of them shared with every other response.
#[derive(Clone, Default, Debug)]
pub(super) struct ByteRope {
    parts: VecDeque<Bytes>,
    len: usize,
}

impl ByteRope {
    pub(super) fn with_capacity(parts: usize) -> ByteRope {
        ByteRope {
            parts: VecDeque::with_capacity(parts),
            len: 0,
        }
    }

    pub(super) fn push(&mut self, part: Bytes) {
        if !part.is_empty() {
            self.len += part.len();
            self.parts.push_back(part);
        }
    }

    pub(super) fn extend(&mut self, other: &ByteRope) {
        for part in &other.parts {
            self.push(part.clone());
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    fn truncate(&mut self, len: usize) {
        while self.len > len {
            let Some(last) = self.parts.pop_back() else {
                return;
            };
            self.len -= last.len();
            if self.len < len {
                self.push(last.slice(..len - self.len));
            }
        }
    }
}

impl<T: Into<Bytes>> From<T> for ByteRope {
    fn from(text: T) -> ByteRope {
        let mut pieces = ByteRope::with_capacity(1);
        pieces.push(text.into());
        pieces
    }
}

impl Buf for ByteRope {
    fn remaining(&self) -> usize {
        self.len
    }

    fn chunk(&self) -> &[u8] {
        self.parts.front().map_or(&[], |part| part)
    }

    fn advance(&mut self, mut count: usize) {
        self.len = self.len.saturating_sub(count);
        while count > 0 {
            let Some(first) = self.parts.front_mut() else {
                return;
            };
            if count < first.len() {
                first.advance(count);
                return;
            }
            count -= first.len();
            self.parts.pop_front();
        }
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut used = 0;
        for (slice, part) in slices.iter_mut().zip(&self.parts) {
            *slice = IoSlice::new(part);
            used += 1;
        }
        used
    }
}

/// What hyper sends: all of the pieces, or only the first of them when a fault asks for that.
pub(super) struct PageBody {
    pieces: Option<ByteRope>,
    declared: u64,
    cut: Cut,
}

enum Cut {
    None,
    Due,
    /// One turn in between, so that what there is gets written before the connection breaks.
    Flushing,
}

impl PageBody {
    pub(super) fn whole(pieces: ByteRope) -> PageBody {
        PageBody {
            declared: pieces.len as u64,
            pieces: Some(pieces),
            cut: Cut::None,
        }
    }

    /// Announces the whole length, sends `len` bytes and breaks the connection.
    pub(super) fn truncated(mut pieces: ByteRope, len: usize) -> PageBody {
        if len >= pieces.len {
            return PageBody::whole(pieces);
        }
        let declared = pieces.len as u64;
        pieces.truncate(len);
        PageBody {
            declared,
            pieces: Some(pieces),
            cut: Cut::Due,
        }
    }
}

impl Body for PageBody {
    type Data = ByteRope;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<ByteRope>>>> {
        if let Some(pieces) = self.pieces.take()
            && pieces.len > 0
        {
            return Poll::Ready(Some(Ok(Frame::data(pieces))));
        }
        match self.cut {
            Cut::None => Poll::Ready(None),
            Cut::Due => {
                self.cut = Cut::Flushing;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Cut::Flushing => Poll::Ready(Some(Err(io::Error::other("truncated as asked")))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.cut, Cut::None) && self.pieces.as_ref().is_none_or(|pieces| pieces.len == 0)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.declared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_read_in_order_and_cut_anywhere() {
        let mut pieces = ByteRope::from("abc");
        pieces.push(Bytes::from_static(b"defg"));
        pieces.push(Bytes::new());
        pieces.truncate(5);
        assert_eq!(pieces.len(), 5);
        pieces.advance(2);
        assert_eq!(pieces.chunk(), b"c");
        assert_eq!(pieces.copy_to_bytes(3), "cde");
        assert_eq!(pieces.remaining(), 0);
    }
}
