//! The log: numbered stamps, the tiles over them, and the head that the next transaction starts from.

use rusqlite::{Connection, params};

use super::failure::corrupt;
use super::load::{blob, integer};
use super::statement::{Writing, all, execute, one, sql};
use super::trees::Trees;
use crate::audit::leaf_hash;
use crate::audit::stamp::Stamp;
use crate::audit::tiles::{ENTRY_BYTES_MAX, TileGrowth, TileId, Tiles};
use crate::audit::tree::Frontier;
use crate::digest::Digest;
use crate::ledger::{LedgerError, LedgerErrorKind};
use crate::protocol::id::{ExecutionId, TreeId};

/// Where the ledger stands after a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Head {
    /// Rises with every transaction.
    pub(super) turn: i64,
    /// The ledger's clock.
    pub(super) at_millis: u64,
    /// The log's right edge.
    pub(super) frontier: Frontier,
}

impl Head {
    /// Reads the head; that of an empty ledger if there is none.
    pub(super) fn read(at: &Connection) -> Result<Self, LedgerError> {
        let found = one(at, sql!("log/read_head"), (), |row| {
            let frontier: Vec<u8> = row.get(2)?;
            Ok((row.get(0)?, row.get::<_, i64>(1)?, frontier))
        })?;
        let Some((turn, at_millis, frontier)) = found else {
            return Ok(Self::default());
        };
        let frontier = Frontier::from_bytes(&frontier).map_err(corrupt)?;
        let at_millis = u64::try_from(at_millis).map_err(corrupt)?;
        Ok(Self { turn, at_millis, frontier })
    }

    fn write(&self, to: &Connection) -> Result<(), LedgerError> {
        let parameters = params![self.turn, integer(self.at_millis), self.frontier.to_bytes()];
        execute(to, sql!("log/write_head"), parameters)
    }
}

/// A stamp that waits for the commit.
#[derive(Debug)]
struct Draft {
    at_millis: u64,
    kind: &'static str,
    execution: Option<ExecutionId>,
    tree: Option<TreeId>,
    bytes: Vec<u8>,
}

/// The stamps of the open transaction.
#[derive(Debug, Default)]
pub(super) struct Drafts(Vec<Draft>);

impl Drafts {
    /// Takes a stamp and says what its index will be in a log of this size.
    pub(super) fn add(&mut self, size: u64, stamp: &Stamp) -> Result<u64, LedgerError> {
        let bytes = stamp.to_bytes();
        if bytes.len() > ENTRY_BYTES_MAX {
            let message = format!(
                "a stamp of kind {} would have {} bytes, and the most is {ENTRY_BYTES_MAX}: let the \
                 handler emit fewer events",
                stamp.fact.kind(),
                bytes.len()
            );
            return Err(LedgerError::new(LedgerErrorKind::Refused, message));
        }
        self.0.push(Draft {
            at_millis: stamp.at_millis,
            kind: stamp.fact.kind(),
            execution: stamp.execution,
            tree: stamp.tree.clone(),
            bytes,
        });
        Ok(size + self.0.len() as u64 - 1)
    }

    /// Writes the stamps behind a head, with their tiles, and the head that follows.
    pub(super) fn write(
        &mut self,
        to: &Connection,
        trees: &mut Trees,
        head: &Head,
        at_millis: u64,
    ) -> Result<Head, LedgerError> {
        let mut frontier = head.frontier.clone();
        let leaves: Vec<Digest> = self.0.iter().map(|draft| leaf_hash(&draft.bytes)).collect();
        let mut writing = Writing::to(to);
        for (index, draft) in (frontier.size()..).zip(self.0.drain(..)) {
            append(&mut writing, trees, index, &draft)?;
        }
        for growth in frontier.append_all(leaves) {
            grow(&mut writing, &growth)?;
        }
        let next = Head { turn: head.turn + 1, at_millis, frontier };
        next.write(to)?;
        Ok(next)
    }

    /// Drops the stamps of a transaction that is given up.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

fn append(
    to: &mut Writing<'_>,
    trees: &mut Trees,
    index: u64,
    draft: &Draft,
) -> Result<(), LedgerError> {
    let tree = draft.tree.as_ref().map(|tree| trees.number(to.connection, tree)).transpose()?;
    let parameters = params![
        integer(index),
        integer(draft.at_millis),
        draft.kind,
        draft.execution.as_ref().map(|id| blob(&id.0)),
        tree,
        draft.bytes,
    ];
    to.execute(sql!("log/append_stamp"), parameters)
}

fn grow(to: &mut Writing<'_>, growth: &TileGrowth) -> Result<(), LedgerError> {
    let TileId { level, index } = growth.tile;
    let hashes: Vec<u8> = growth.added.iter().flat_map(Digest::as_bytes).copied().collect();
    let parameters = params![level, integer(index), growth.kept as i64, hashes];
    to.execute(sql!("log/append_hashes"), parameters)
}

/// The tiles of a ledger.
#[derive(Debug)]
pub(super) struct SqlTiles<'a>(pub(super) &'a Connection);

impl Tiles for SqlTiles<'_> {
    type Error = LedgerError;

    fn tile(&self, tile: TileId) -> Result<Option<Vec<Digest>>, LedgerError> {
        let by = params![tile.level, integer(tile.index)];
        let parts: Vec<(i64, Vec<u8>)> =
            all(self.0, sql!("log/read_tile"), by, |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut hashes = Vec::new();
        for (start, part) in &parts {
            let (part, rest) = part.as_chunks::<32>();
            if usize::try_from(*start) != Ok(hashes.len()) || !rest.is_empty() {
                let TileId { level, index } = tile;
                return Err(corrupt(format!("tile {index} of level {level} has a gap")));
            }
            hashes.extend(part.iter().copied().map(Digest::from));
        }
        Ok((!parts.is_empty()).then_some(hashes))
    }
}
