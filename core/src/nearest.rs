//! Which known name a wrong one was probably meant to be.

/// The known name with the fewest edits between, if they are few for its length.
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let (edits, best) = known.iter().map(|it| (edits(name, it), *it)).min()?;
    (edits <= best.len() / 3 + 1).then_some(best)
}

/// The edit distance: letters to insert, delete or replace.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (above, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for at in 0..to.len() {
            let replace = diagonal + usize::from(to[at] != letter);
            diagonal = row[at + 1];
            row[at + 1] = replace.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(nearest("purpos", &["producer", "purpose"]), Some("purpose"));
        assert_eq!(nearest("consume", &["consumes", "emits"]), Some("consumes"));
        assert_eq!(nearest("colour", &["producer", "purpose"]), None);
    }
}
