//! Proofs against the definitions of RFC 6962, against another implementation, and against changes.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use sha2::Sha256;

use super::*;
use crate::audit::testing::{MemoryTiles, Random, flip, leaves};
use crate::audit::tiles::{TileId, TilesError};
use crate::audit::tree::{Frontier, node_hash};

/// Every tree up to this size is proven in full.
const SMALL: usize = 130;
/// Up to this size against the definitions, which cost the whole tree for each hash.
const DEFINED: usize = 35;

/// `MTH(D[n])` as RFC 6962 writes it.
fn root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest::of(b""),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves));
            node_hash(&root(left), &root(right))
        }
    }
}

/// `PATH(m, D[n])` as RFC 6962 writes it.
fn path(index: usize, leaves: &[Digest]) -> Vec<Digest> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves));
    let (mut hashes, sibling) = match index.checked_sub(left.len()) {
        None => (path(index, left), root(right)),
        Some(index) => (path(index, right), root(left)),
    };
    hashes.push(sibling);
    hashes
}

/// `SUBPROOF(m, D[n], known)` as RFC 6962 writes it.
fn subproof(old: usize, leaves: &[Digest], known: bool) -> Vec<Digest> {
    if old == leaves.len() {
        return if known { Vec::new() } else { vec![root(leaves)] };
    }
    let (left, right) = leaves.split_at(split(leaves));
    let (mut hashes, sibling) = if old <= left.len() {
        (subproof(old, left, known), root(right))
    } else {
        (subproof(old - left.len(), right, false), root(left))
    };
    hashes.push(sibling);
    hashes
}

fn split(leaves: &[Digest]) -> usize {
    leaves.len().next_power_of_two() / 2
}

fn roots(leaves: &[Digest]) -> Vec<Digest> {
    (0..=leaves.len()).map(|size| root(&leaves[..size])).collect()
}

fn bytes(hashes: &[Digest]) -> Vec<u8> {
    hashes.iter().flat_map(Digest::as_bytes).copied().collect()
}

#[test]
fn small_proofs_are_those_of_the_definition() {
    let leaves = leaves(DEFINED);
    let (tiles, _) = MemoryTiles::of(&leaves);
    for size in 1..=DEFINED {
        for at in 0..size {
            let proof = prove_inclusion(&tiles, at as u64, size as u64).unwrap();
            assert_eq!(proof.hashes, path(at, &leaves[..size]), "{at} of {size}");
            let old = at + 1;
            let proof = prove_consistency(&tiles, old as u64, size as u64).unwrap();
            assert_eq!(proof.hashes, subproof(old, &leaves[..size], true), "{old} to {size}");
        }
    }
}

#[test]
fn every_proof_up_to_130_holds_and_is_what_another_implementation_makes() {
    let leaves = leaves(SMALL);
    let (tiles, roots) = (MemoryTiles::of(&leaves).0, roots(&leaves));
    let mut theirs = MemoryBackedTree::<Sha256, _>::new();
    for size in 1..=SMALL {
        theirs.push((size as u64 - 1).to_be_bytes());
        let root = &roots[size];
        assert_eq!(theirs.root().as_bytes().as_slice(), root.as_bytes(), "size {size}");
        for (at, leaf) in leaves.iter().enumerate().take(size) {
            let proof = prove_inclusion(&tiles, at as u64, size as u64).unwrap();
            assert_eq!(proof.verify(leaf, root), Ok(()), "{at} of {size}");
            let expected = theirs.prove_inclusion(at);
            assert_eq!(bytes(&proof.hashes), expected.as_bytes(), "{at} of {size}");

            let old = size - at;
            let proof = prove_consistency(&tiles, old as u64, size as u64).unwrap();
            assert_eq!(proof.verify(&roots[old], root), Ok(()), "{old} to {size}");
            let expected = theirs.prove_consistency(at);
            assert_eq!(bytes(&proof.hashes), expected.as_bytes(), "{old} to {size}");
        }
    }
}

#[test]
fn every_tree_follows_from_the_empty_one() {
    let leaves = leaves(5);
    let (tiles, empty) = (MemoryTiles::of(&leaves).0, root(&[]));
    for size in 0..=5 {
        let proof = prove_consistency(&tiles, 0, size).unwrap();
        assert_eq!(proof.hashes, []);
        assert_eq!(proof.verify(&empty, &root(&leaves[..size as usize])), Ok(()));
    }
}

#[test]
fn proofs_hold_across_the_borders_of_tiles() {
    let mut random = Random::new();
    let total = 65_536 + 1_024 + random.below(10_000);
    let all = leaves(total as usize);
    let (tiles, _) = MemoryTiles::of(&all);
    let root = |size| Frontier::from_tiles(&tiles, size).unwrap().root();
    let borders = [65_535, 65_536, 65_537, 65_791, 65_792, 65_793, total];
    let sizes = borders.into_iter().chain((0..8).map(|_| 65_536 + random.below(total - 65_535)));
    for size in sizes.collect::<Vec<_>>() {
        let new_root = root(size);
        for index in [0, 255, 256, 65_534, size - 1, random.below(size), random.below(size)] {
            let proof = prove_inclusion(&tiles, index, size).unwrap();
            let leaf = all[index as usize];
            assert_eq!(proof.verify(&leaf, &new_root), Ok(()), "{index} of {size}");
            let other = flip(&leaf, random.below(256) as usize);
            assert!(proof.verify(&other, &new_root).is_err(), "{index} of {size}");

            let old = index + 1;
            let proof = prove_consistency(&tiles, old, size).unwrap();
            assert_eq!(proof.verify(&root(old), &new_root), Ok(()), "{old} to {size}");
            assert!(proof.verify(&root(old - 1), &new_root).is_err(), "{old} to {size}");
        }
    }
}

#[test]
fn an_inclusion_proof_fails_for_another_index_size_or_length() {
    let leaves = leaves(40);
    let (tiles, roots) = (MemoryTiles::of(&leaves).0, roots(&leaves));
    for size in 1..=40_u64 {
        for index in 0..size {
            let (leaf, root) = (&leaves[index as usize], &roots[size as usize]);
            let proof = prove_inclusion(&tiles, index, size).unwrap();
            for other in (0..size + 3).filter(|other| *other != index) {
                let moved = InclusionProof { leaf_index: other, ..proof.clone() };
                assert!(moved.verify(leaf, root).is_err(), "{index} of {size} as {other}");
            }
            for other in (0..=40).filter(|other| *other != size) {
                let resized = InclusionProof { tree_size: other, ..proof.clone() };
                let other_root = &roots[other as usize];
                assert!(resized.verify(leaf, other_root).is_err(), "{index} of {size} in {other}");
            }
            let expected = proof.hashes.len();
            let mut longer = proof.clone();
            longer.hashes.push(*root);
            let found = expected + 1;
            assert_eq!(longer.verify(leaf, root), Err(ProofError::Length { expected, found }));
            let mut shorter = proof;
            if shorter.hashes.pop().is_some() {
                let found = expected - 1;
                assert_eq!(shorter.verify(leaf, root), Err(ProofError::Length { expected, found }));
            }
        }
    }
}

#[test]
fn a_consistency_proof_fails_for_other_sizes_or_length() {
    let leaves = leaves(24);
    let (tiles, roots) = (MemoryTiles::of(&leaves).0, roots(&leaves));
    for (old, new) in (0..=24).flat_map(|new| (0..=new).map(move |old| (old, new))) {
        let proof = prove_consistency(&tiles, old, new).unwrap();
        let check = |proof: &ConsistencyProof| {
            proof.verify(&roots[proof.old_size as usize], &roots[proof.new_size as usize])
        };
        for other in 0..=24 {
            let moved = ConsistencyProof { old_size: other, ..proof.clone() };
            let provable = prove_consistency(&tiles, other, new).is_ok_and(|right| right == moved);
            assert_eq!(check(&moved).is_ok(), provable, "{old} to {new}, as from {other}");
            let moved = ConsistencyProof { new_size: other, ..proof.clone() };
            let provable = prove_consistency(&tiles, old, other).is_ok_and(|right| right == moved);
            assert_eq!(check(&moved).is_ok(), provable, "{old} to {new}, as to {other}");
        }
        let expected = proof.hashes.len();
        let mut longer = proof.clone();
        longer.hashes.push(roots[new as usize]);
        let found = expected + 1;
        assert_eq!(check(&longer), Err(ProofError::Length { expected, found }), "{old} to {new}");
        let mut shorter = proof;
        if shorter.hashes.pop().is_some() {
            let found = expected - 1;
            assert_eq!(check(&shorter), Err(ProofError::Length { expected, found }));
        }
    }
}

#[test]
fn every_single_bit_of_leaf_proof_and_root_counts() {
    let leaves = leaves(11);
    let (tiles, roots) = (MemoryTiles::of(&leaves).0, roots(&leaves));
    for (size, index) in [(1, 0), (2, 1), (7, 2), (8, 5), (11, 3), (11, 9), (11, 10)] {
        let (leaf, root) = (&leaves[index], &roots[size]);
        let proof = prove_inclusion(&tiles, index as u64, size as u64).unwrap();
        for bit in 0..256 {
            assert!(proof.verify(&flip(leaf, bit), root).is_err(), "leaf bit {bit}");
            assert!(proof.verify(leaf, &flip(root, bit)).is_err(), "root bit {bit}");
            for at in 0..proof.hashes.len() {
                let mut changed = proof.clone();
                changed.hashes[at] = flip(&changed.hashes[at], bit);
                assert!(changed.verify(leaf, root).is_err(), "hash {at} bit {bit}");
            }
        }
    }
}

#[test]
fn every_single_bit_of_consistency_proof_and_roots_counts() {
    let leaves = leaves(11);
    let (tiles, roots) = (MemoryTiles::of(&leaves).0, roots(&leaves));
    for (old, new) in [(0, 0), (0, 5), (5, 5), (1, 2), (3, 7), (4, 7), (6, 8), (7, 11), (8, 11)] {
        let (old_root, new_root) = (&roots[old], &roots[new]);
        let proof = prove_consistency(&tiles, old as u64, new as u64).unwrap();
        for bit in 0..256 {
            let failure = proof.verify(&flip(old_root, bit), new_root);
            assert!(matches!(failure, Err(ProofError::Root { .. })), "old root bit {bit}");
            // From the empty tree every tree follows: only the old root can be checked.
            if old > 0 {
                let failure = proof.verify(old_root, &flip(new_root, bit));
                assert!(matches!(failure, Err(ProofError::Root { .. })), "new root bit {bit}");
            }
            for at in 0..proof.hashes.len() {
                let mut changed = proof.clone();
                changed.hashes[at] = flip(&changed.hashes[at], bit);
                assert!(changed.verify(old_root, new_root).is_err(), "hash {at} bit {bit}");
            }
        }
    }
}

/// A history that was rewritten, with the hashes of the new one as proof.
#[test]
fn a_rewritten_history_fails_at_the_old_root_and_a_wrong_future_at_the_new() {
    let honest = leaves(7);
    let mut rewritten = honest.clone();
    rewritten[1] = flip(&rewritten[1], 0);
    let (tiles, _) = MemoryTiles::of(&rewritten);
    let proof = prove_consistency(&tiles, 6, 7).unwrap();
    let failure = proof.verify(&root(&honest[..6]), &root(&rewritten));
    assert!(matches!(failure, Err(ProofError::Root { tree: Tree::Old, .. })), "{failure:?}");

    let mut future = honest.clone();
    future[6] = flip(&future[6], 0);
    let (tiles, _) = MemoryTiles::of(&honest);
    let proof = prove_consistency(&tiles, 6, 7).unwrap();
    let failure = proof.verify(&root(&honest[..6]), &root(&future));
    assert!(matches!(failure, Err(ProofError::Root { tree: Tree::New, .. })), "{failure:?}");
}

#[test]
fn what_is_outside_the_tree_is_named() {
    let leaves = leaves(3);
    let (tiles, _) = MemoryTiles::of(&leaves);
    let no_such_leaf = ProofUnavailable::NoSuchLeaf { leaf_index: 3, tree_size: 3 };
    assert_eq!(prove_inclusion(&tiles, 3, 3), Err(no_such_leaf));
    let shrinking = ProofUnavailable::Shrinking { old_size: 3, new_size: 2 };
    assert_eq!(prove_consistency(&tiles, 3, 2), Err(shrinking));
    let tile = TileId { level: 0, index: 0 };
    let short = TilesError::Short { tile, needed: 4, found: 3 };
    assert_eq!(prove_inclusion(&tiles, 0, 4), Err(ProofUnavailable::Tiles(short)));

    let (root, leaf) = (root(&leaves), leaves[2]);
    let outside = ProofError::IndexOutside { leaf_index: 3, tree_size: 3 };
    assert_eq!(verify_inclusion(3, 3, &leaf, &[root], &root), Err(outside));
    let outside = ProofError::IndexOutside { leaf_index: 0, tree_size: 0 };
    assert_eq!(verify_inclusion(0, 0, &leaf, &[], &leaf), Err(outside));
    let shrinking = ProofError::Shrinking { old_size: 3, new_size: 2 };
    assert_eq!(verify_consistency((3, &root), (2, &root), &[]), Err(shrinking));
}

#[test]
fn the_largest_sizes_are_judged_without_overflow() {
    let root = Digest::of(b"root");
    for size in [i64::MAX as u64, u64::MAX] {
        for other in [0, 1, size / 2, size - 1] {
            assert!(verify_inclusion(other, size, &root, &[], &root).is_err());
            assert!(verify_consistency((other, &root), (size, &root), &[]).is_err());
        }
    }
}

#[test]
fn json_and_display_carry_index_size_and_hashes() {
    let hash = leaves(1)[0];
    let text = hash.to_string();
    let proof = InclusionProof { leaf_index: 1, tree_size: 2, hashes: vec![hash] };
    let json = serde_json::to_value(&proof).unwrap();
    assert_eq!(json, serde_json::json!({ "leaf_index": 1, "tree_size": 2, "hashes": [text] }));
    assert_eq!(serde_json::from_value::<InclusionProof>(json).unwrap(), proof);
    assert_eq!(proof.to_string(), format!("leaf 1 in the tree of 2 leaves\n  {text}\n"));
    let unknown = r#"{"leaf_index":1,"tree_size":2,"hashes":[],"extra":0}"#;
    assert!(serde_json::from_str::<InclusionProof>(unknown).is_err());
}
