//! The reading of one file: the job that runs on a reader's thread.

use std::io::{self, Read};
use std::path::Path;

use futures::channel::mpsc;
use futures::executor::block_on;
use futures::sink::SinkExt;
use poolbridge::{Cancelled, context};

use super::chunk::{CHUNK, Chunk};
use super::failure::{Failure, Kind};
use super::source::Open;

/// What a file ended with.
#[derive(Debug)]
pub(super) struct Ending {
    /// The last chunk. Most files are no longer than this, and never touch the channel.
    pub(super) tail: Chunk,
    /// The length of all that was read.
    pub(super) size: u64,
}

/// Reads `path`: full chunks into the channel, the rest as the outcome.
///
/// It never has more than one chunk in hand: the channel takes the next one only when somebody
/// has taken the last. If nobody will (a timeout, an interrupt), the receiver is gone and the
/// send fails; so this ends too.
pub(super) fn read(
    open: &dyn Open,
    path: &Path,
    mut chunks: mpsc::Sender<Chunk>,
) -> Result<Ending, Failure> {
    check()?;
    let mut source = open.open(path)?;
    let before = source.stamp()?;
    let mut size = 0;
    let mut expected = before.length;
    loop {
        check()?;
        let chunk = fill(&mut *source, expected)?;
        size += chunk.len() as u64;
        expected = expected.saturating_sub(chunk.len() as u64);
        if chunk.len() < CHUNK {
            if source.stamp()? != before {
                return Err(Failure::new(Kind::Changed, "its length or time moved"));
            }
            return Ok(Ending { tail: chunk, size });
        }
        // This thread is a reader's and may block; so is nobody else's but ours.
        block_on(chunks.send(chunk)).map_err(|_| io::Error::from(Cancelled))?;
    }
}

/// A whole chunk, or what there is until the end.
fn fill(source: &mut dyn Read, expected: u64) -> io::Result<Chunk> {
    let room = usize::try_from(expected).map_or(CHUNK, |expected| expected.min(CHUNK));
    let mut chunk = Vec::with_capacity(room);
    source.take(CHUNK as u64).read_to_end(&mut chunk)?;
    Ok(chunk)
}

/// Has the job been asked to stop? Outside of a job: no.
fn check() -> io::Result<()> {
    context::current().map_or(Ok(()), |cx| Ok(cx.check()?))
}
