//! Fuzzing: an answer read from memory in pieces, as a connection would bring it.

use bytes::{Bytes, BytesMut};
use http::Method;

use super::chunked::Chunked;
use super::framing::{self, Framing};
use super::head::HeadReader;
use crate::http::request::Dialect;

/// Status, fields, body, and whether body and framing are whole.
pub type Read = (u16, Vec<(Vec<u8>, Vec<u8>)>, Vec<u8>, bool);

/// Reads the answer to `method` that comes `piece` bytes at a time; `None` where its head is refused.
#[must_use]
pub fn read(dialect: Dialect, method: &Method, data: &[u8], piece: usize) -> Option<Read> {
    let mut pieces = data.chunks(piece.max(1));
    let mut inbox = BytesMut::new();
    let mut reader = HeadReader::new(dialect, Vec::new());
    let length = loop {
        let next = pieces.next();
        inbox.extend_from_slice(next.unwrap_or_default());
        if next.is_none() && inbox.is_empty() {
            return None;
        }
        match reader.read(&inbox, next.is_none()) {
            Ok(Some(length)) => break length,
            Ok(None) if next.is_some() => {}
            _ => return None,
        }
    };
    let raw: Bytes = inbox.split_to(length).freeze();
    let head = reader.finish(raw)?;
    let (framing, _) = framing::of(dialect, method, &head).ok()?;
    let mut body = BytesMut::new();
    let whole = match framing {
        Framing::Nothing => true,
        Framing::Length(_) | Framing::UpTo(_) | Framing::UntilClose => {
            for more in pieces {
                inbox.extend_from_slice(more);
            }
            let here = match framing {
                Framing::Length(length) | Framing::UpTo(length) => {
                    usize::try_from(length).unwrap_or(usize::MAX)
                }
                _ => usize::MAX,
            };
            body = inbox.split_to(here.min(inbox.len()));
            !matches!(framing, Framing::Length(length) if (body.len() as u64) < length)
        }
        Framing::Chunked => {
            let mut chunks = Chunked::new(dialect);
            loop {
                match chunks.read(&mut inbox, &mut body) {
                    Ok(true) => break true,
                    Ok(false) => {}
                    Err(_) => break false,
                }
                let Some(more) = pieces.next() else {
                    break chunks.cut(&inbox).is_ok();
                };
                if chunks.wanted() > 0 && inbox.is_empty() && chunks.wanted() >= more.len() as u64 {
                    body.extend_from_slice(more); // as a long chunk is read, straight into the body
                    chunks.took(more.len() as u64);
                } else {
                    inbox.extend_from_slice(more);
                }
            }
        }
    };
    let fields = head
        .headers
        .iter()
        .map(|(name, value)| (name.to_vec(), value.to_vec()));
    Some((
        head.line.status.as_u16(),
        fields.collect(),
        body.to_vec(),
        whole,
    ))
}
