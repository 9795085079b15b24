//! What a server says first: the client reads it and keeps it to itself, so that a connection is begun
//! here and given up after the first frame (AMQP 0-9-1, 1.4.2 and 4.2.3: `Connection.Start`).

use std::io;

use futures_util::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use wingman_core::transport::Product;

/// The protocol's name and version.
const HEADER: &[u8] = b"AMQP\0\0\x09\x01";
/// A frame before the client is known: type, channel, size; class, method, protocol version.
const FRAME_HEAD_BYTES: usize = 7;
const METHOD_HEAD_BYTES: usize = 6;
/// The class and method `Connection.Start`.
const START: &[u8] = &[0, 10, 0, 10];
/// A server tells of itself in a few hundred bytes.
const FRAME_BYTES_MAX: usize = 64 << 10;

/// The payload of the first frame that a server sends.
pub(super) async fn ask(mut server: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<Vec<u8>> {
    server.write_all(HEADER).await?;
    server.flush().await?;
    let mut head = [0; FRAME_HEAD_BYTES];
    server.read_exact(&mut head).await?;
    let [_, _, _, size @ ..] = head;
    let size = u32::from_be_bytes(size) as usize;
    let mut frame = vec![0; size.min(FRAME_BYTES_MAX)];
    server.read_exact(&mut frame).await?;
    Ok(frame)
}

/// Reads `Connection.Start` as far as the server's properties; `None` if it is something else.
pub(super) fn product(frame: &[u8]) -> Option<Product> {
    let mut rest = frame.strip_prefix(START)?.get(METHOD_HEAD_BYTES - START.len()..)?;
    let mut table = long_string(&mut rest)?;
    let (mut name, mut version, mut facts) = (None, None, Vec::new());
    while !table.is_empty() {
        let key = short_string(&mut table)?;
        let (tag, after) = table.split_first()?;
        table = after;
        let value = match tag {
            b'S' => String::from_utf8_lossy(long_string(&mut table)?).into_owned(),
            b'F' => {
                long_string(&mut table)?;
                continue;
            }
            b't' => {
                table = table.get(1..)?;
                continue;
            }
            // No server tells of itself in other types; where one begins, the rest is not looked at.
            _ => break,
        };
        match key {
            b"product" => name = Some(value),
            b"version" => version = Some(value),
            b"cluster_name" => facts.push(("cluster", value)),
            b"platform" => facts.push(("platform", value)),
            _ => {}
        }
    }
    Some(Product { name: name?, version, is_stand_in: false, facts })
}

fn long_string<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (size, after) = rest.split_first_chunk()?;
    let (value, after) = after.split_at_checked(u32::from_be_bytes(*size) as usize)?;
    *rest = after;
    Some(value)
}

fn short_string<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (size, after) = rest.split_first()?;
    let (value, after) = after.split_at_checked(usize::from(*size))?;
    *rest = after;
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greeting_of(entries: &[(&str, u8, &[u8])]) -> Vec<u8> {
        let mut table = Vec::new();
        for (key, tag, value) in entries {
            table.push(key.len() as u8);
            table.extend(key.as_bytes());
            table.push(*tag);
            if *tag != b't' {
                table.extend((value.len() as u32).to_be_bytes());
            }
            table.extend(*value);
        }
        let mut frame = START.to_vec();
        frame.extend([0, 9]);
        frame.extend((table.len() as u32).to_be_bytes());
        frame.extend(table);
        frame
    }

    #[test]
    fn name_and_version_are_read_among_others() {
        let frame = greeting_of(&[
            ("capabilities", b'F', b"\x01at\x01"),
            ("durable", b't', &[1]),
            ("version", b'S', b"3.10.8"),
            ("product", b'S', b"RabbitMQ"),
            ("cluster_name", b'S', b"rabbit@here"),
        ]);
        let product = product(&frame).unwrap();
        assert_eq!(
            (product.name.as_str(), product.version.as_deref()),
            ("RabbitMQ", Some("3.10.8"))
        );
        assert_eq!(product.facts, [("cluster", "rabbit@here".to_owned())]);
    }

    #[test]
    fn what_is_cut_off_or_something_else_is_nothing() {
        let frame = greeting_of(&[("product", b'S', b"RabbitMQ")]);
        for end in 0..frame.len() {
            assert_eq!(product(&frame[..end]), None, "{end} bytes");
        }
        assert_eq!(product(b"HTTP/1.1 400 Bad Request"), None);
    }
}
