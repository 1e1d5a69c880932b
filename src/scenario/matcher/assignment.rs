//! Giving each of several patterns an element of its own: maximum bipartite matching.

use std::collections::VecDeque;

/// For each pattern the element that it gets, as many as possible. `fits[pattern]` lists the elements that a
/// pattern matches, `elements` is their number.
///
/// Picking the first free element would fail where patterns overlap: of `[any user, ada]` the first may take the
/// only element that the second fits. So a pattern that finds all its elements taken asks those that have them to
/// move on.
pub(super) fn assign(fits: &[Vec<usize>], elements: usize) -> Vec<Option<usize>> {
    let mut element_of = vec![None; fits.len()];
    let mut pattern_of: Vec<Option<usize>> = vec![None; elements];
    for start in 0..fits.len() {
        // Breadth first from `start` over patterns that would have to move, until an element is free.
        let mut came_from: Vec<Option<usize>> = vec![None; elements];
        let mut waiting = VecDeque::from([start]);
        let mut free = None;
        'search: while let Some(pattern) = waiting.pop_front() {
            for &element in &fits[pattern] {
                if came_from[element].is_some() {
                    continue;
                }
                came_from[element] = Some(pattern);
                match pattern_of[element] {
                    Some(holder) => waiting.push_back(holder),
                    None => {
                        free = Some(element);
                        break 'search;
                    }
                }
            }
        }
        // Back along the way: each pattern takes the element that was found through it.
        while let Some(element) = free {
            let Some(pattern) = came_from[element] else { break };
            free = element_of[pattern].replace(element);
            pattern_of[element] = Some(pattern);
        }
    }
    element_of
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_pattern_that_fits_all_gives_way() {
        assert_eq!(assign(&[vec![0, 1], vec![0]], 2), [Some(1), Some(0)]);
        assert_eq!(assign(&[vec![0, 1], vec![0, 2], vec![0]], 3), [Some(1), Some(2), Some(0)]);
        assert_eq!(assign(&[vec![0], vec![0]], 1), [Some(0), None]);
        assert_eq!(assign(&[], 0), []);
    }

    /// The most patterns that can get an element, by trying everything.
    fn most(fits: &[Vec<usize>], taken: &mut Vec<usize>) -> usize {
        let Some((first, rest)) = fits.split_first() else { return 0 };
        let mut best = most(rest, taken);
        for &element in first {
            if !taken.contains(&element) {
                taken.push(element);
                best = best.max(1 + most(rest, taken));
                taken.pop();
            }
        }
        best
    }

    proptest! {
        #[test]
        fn no_other_assignment_serves_more(
            fits in proptest::collection::vec(proptest::collection::btree_set(0usize..5, 0..5), 0..6),
        ) {
            let fits: Vec<Vec<usize>> = fits.into_iter().map(|set| set.into_iter().collect()).collect();
            let assigned = assign(&fits, 5);
            let mut elements: Vec<usize> = assigned.iter().flatten().copied().collect();
            prop_assert_eq!(elements.len(), most(&fits, &mut Vec::new()));
            for (pattern, element) in assigned.iter().enumerate() {
                prop_assert!(element.is_none_or(|element| fits[pattern].contains(&element)));
            }
            elements.sort_unstable();
            elements.dedup();
            prop_assert_eq!(elements.len(), assigned.iter().flatten().count());
        }
    }
}
