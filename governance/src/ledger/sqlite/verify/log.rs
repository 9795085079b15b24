//! The walk over the log: every stamp is hashed, and every stored hash compared.

use rusqlite::{Connection, Row};

use super::checkpoints::Claims;
use crate::audit::leaf_hash;
use crate::audit::tiles::{TILE_WIDTH, TileId, Tiles as _};
use crate::audit::tree::{Frontier, FullTile};
use crate::digest::Digest;
use crate::ledger::sqlite::failure::corrupt;
use crate::ledger::sqlite::load::integer;
use crate::ledger::sqlite::log::SqlTiles;
use crate::ledger::sqlite::statement::{all, sql};
use crate::ledger::{Check, LedgerError, LedgerErrorKind, Verification};

/// A stamp as the database has it.
struct Stored {
    number: i64,
    at_millis: i64,
    kind: String,
    execution: Option<[u8; 32]>,
    bytes: Vec<u8>,
}

/// Where the walk is.
struct Walk<'a> {
    frontier: Frontier,
    last_number: i64,
    last_millis: i64,
    claims: &'a mut Claims,
    found: &'a mut Verification,
}

/// Walks the whole log and returns the edge that its stamps give.
pub(super) fn walk(
    at: &Connection,
    claims: &mut Claims,
    found: &mut Verification,
    tell: &mut dyn FnMut(u64),
) -> Result<Frontier, LedgerError> {
    let (last_number, last_millis) = (-1, 0);
    let mut walk = Walk { frontier: Frontier::new(), last_number, last_millis, claims, found };
    loop {
        let by = [walk.last_number + 1, TILE_WIDTH as i64];
        let page = all(at, sql!("verify/stamps"), by, stored)?;
        if page.is_empty() {
            break;
        }
        walk.page(at, &page)?;
        tell(walk.frontier.size());
    }
    widths(at, &walk.frontier, walk.found)?;
    Ok(walk.frontier)
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        number: row.get(0)?,
        at_millis: row.get(1)?,
        kind: row.get(2)?,
        execution: row.get(3)?,
        bytes: row.get(4)?,
    })
}

impl Walk<'_> {
    fn page(&mut self, at: &Connection, page: &[Stored]) -> Result<(), LedgerError> {
        let tile = TileId { level: 0, index: self.frontier.size() / TILE_WIDTH as u64 };
        let mut leaves = Vec::with_capacity(page.len());
        let mut full = Vec::new();
        for stamp in page {
            self.order(stamp);
            self.columns(stamp);
            let leaf = leaf_hash(&stamp.bytes);
            leaves.push(leaf);
            full.extend(self.frontier.append(leaf));
            self.claims.compare(&self.frontier, self.found);
        }
        if tile_at(at, tile)? != leaves {
            let (first, last) = (page[0].number, self.last_number);
            let detail = format!("the stored hashes of stamps {first} to {last} are not theirs");
            self.found.report(Check::Tiles, detail);
        }
        full.into_iter().try_for_each(|full| self.parent(at, &full))
    }

    fn order(&mut self, stamp: &Stored) {
        let (number, expected) = (stamp.number, self.last_number + 1);
        if number != expected {
            self.found.report(Check::Order, format!("stamp {expected} is missing"));
        }
        if stamp.at_millis < self.last_millis {
            let detail = format!("stamp {number} is earlier than the one before it");
            self.found.report(Check::Order, detail);
        }
        self.last_number = number;
        self.last_millis = stamp.at_millis;
    }

    /// The lines of a stamp that columns repeat; and what the log as a whole says about events.
    fn columns(&mut self, stamp: &Stored) {
        let text = String::from_utf8_lossy(&stamp.bytes);
        let line =
            |name: &str| text.lines().find_map(|it| it.strip_prefix(name)?.strip_prefix(' '));
        let execution = stamp.execution.map(|id| Digest::from(id).to_string());
        let agree = line("at") == Some(&stamp.at_millis.to_string())
            && line("kind") == Some(&stamp.kind)
            && line("execution") == execution.as_deref();
        if !agree {
            let detail = format!("stamp {} is not about what its row says", stamp.number);
            self.found.report(Check::Columns, detail);
        }
        if stamp.number == 0 && line("ledger") != Some(&self.found.ledger.to_string()) {
            self.found.report(Check::Columns, "the first stamp does not open this ledger");
        }
        self.found.events_stamped += match line("kind") {
            Some("recorded") => 1,
            _ => line("outputs").map_or(0, |outputs| {
                outputs.split(',').filter(|output| !output.is_empty()).count()
            }),
        };
    }

    fn parent(&mut self, at: &Connection, full: &FullTile) -> Result<(), LedgerError> {
        let width = TILE_WIDTH as u64;
        let tile = TileId { level: full.level + 1, index: full.index / width };
        let place = (full.index % width) as usize;
        if tile_at(at, tile)?.get(place) != Some(&full.hash) {
            let TileId { level, index } = tile;
            let detail =
                format!("hash {place} of tile {index} of level {level} is not the one below it");
            self.found.report(Check::Tiles, detail);
        }
        Ok(())
    }
}

/// The hashes of a tile; none if it is missing or has a gap.
fn tile_at(at: &Connection, tile: TileId) -> Result<Vec<Digest>, LedgerError> {
    match SqlTiles(at).tile(tile) {
        Ok(hashes) => Ok(hashes.unwrap_or_default()),
        Err(error) if error.kind() == LedgerErrorKind::Corrupt => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Every tile must be as wide as a tree of this size makes it.
fn widths(at: &Connection, tree: &Frontier, found: &mut Verification) -> Result<(), LedgerError> {
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let rows: Vec<(i64, i64, i64)> = all(at, sql!("verify/tile_widths"), (), read)?;
    for (level, index, width) in rows {
        let tile = TileId {
            level: u8::try_from(level).map_err(corrupt)?,
            index: u64::try_from(index).map_err(corrupt)?,
        };
        if integer(tile.width(tree.size()) as u64) != width {
            let detail = format!("tile {index} of level {level} has {width} hashes");
            found.report(Check::Tiles, detail);
        }
    }
    Ok(())
}
