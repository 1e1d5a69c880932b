//! In which order to run the operations of a bulk request (RFC 7644 §3.7, §3.7.1).

use std::collections::HashMap;

use super::{Operation, Refused};

/// Operations that must be seen together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Indexes into the operations of the request, ascending.
    pub operations: Vec<usize>,
    /// Whether the operations refer to each other in a circle, or the only one to itself. The ids of what they
    /// create must be known before the first one runs.
    pub circular: bool,
}

/// Splits the operations into groups, to be run one after the other, such that every reference leads into an
/// earlier group or stays within its group.
///
/// The order of the request is kept, except that what an operation refers to is moved before it.
pub fn plan(operations: &[Result<Operation, Refused>]) -> Vec<Group> {
    let mut creators: HashMap<&str, usize> = HashMap::new();
    for (index, operation) in operations.iter().enumerate() {
        if let Some(bulk_id) = operation.as_ref().ok().and_then(Operation::defines) {
            creators.entry(bulk_id).or_insert(index);
        }
    }
    let needs = operations.iter().map(|operation| {
        let references = operation.as_ref().map(Operation::references).unwrap_or_default();
        references.into_iter().filter_map(|bulk_id| creators.get(bulk_id).copied()).collect()
    });
    let needs: Vec<Vec<usize>> = needs.collect();
    let group = |mut operations: Vec<usize>| {
        operations.sort_unstable();
        let circular = operations.len() > 1 || operations.iter().any(|index| needs[*index].contains(index));
        Group { operations, circular }
    };
    strong_components(&needs).into_iter().map(group).collect()
}

/// Strongly connected components of a graph, each after the ones that it needs, otherwise in the order of its
/// first node: Tarjan's algorithm with a stack of its own, so that a long chain cannot exhaust the thread's.
fn strong_components(needs: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let mut seen = 0;
    let mut order = vec![UNSEEN; needs.len()];
    let mut lowest = vec![UNSEEN; needs.len()];
    let mut is_open = vec![false; needs.len()];
    let mut open: Vec<usize> = Vec::new();
    let mut components = Vec::new();
    for root in 0..needs.len() {
        // Nodes under way, each with how many of its needs were looked at.
        let mut path: Vec<(usize, usize)> = Vec::new();
        if order[root] == UNSEEN {
            path.push((root, 0));
        }
        while let Some((node, looked_at)) = path.last_mut() {
            let node = *node;
            if order[node] == UNSEEN {
                order[node] = seen;
                lowest[node] = seen;
                seen += 1;
                is_open[node] = true;
                open.push(node);
            }
            if let Some(&need) = needs[node].get(*looked_at) {
                *looked_at += 1;
                if order[need] == UNSEEN {
                    path.push((need, 0));
                } else if is_open[need] {
                    lowest[node] = lowest[node].min(order[need]);
                }
                continue;
            }
            path.pop();
            if let Some((parent, _)) = path.last() {
                lowest[*parent] = lowest[*parent].min(lowest[node]);
            }
            if lowest[node] == order[node] {
                let start = open.iter().rposition(|member| *member == node).unwrap_or(0);
                let component = open.split_off(start);
                component.iter().for_each(|member| is_open[*member] = false);
                components.push(component);
            }
        }
    }
    components
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::Method;
    use super::*;
    use crate::protocol::error::ScimError;

    /// A POST with that bulkId whose members are the given bulkIds.
    fn group_with(bulk_id: &str, members: &[&str]) -> Result<Operation, Refused> {
        let members: Vec<_> = members.iter().map(|id| json!({ "value": format!("bulkId:{id}") })).collect();
        Ok(Operation {
            method: Method::Post,
            bulk_id: Some(bulk_id.into()),
            version: None,
            endpoint: "Groups".into(),
            id: None,
            data: Some(json!({ "members": members })),
        })
    }

    fn planned(operations: &[Result<Operation, Refused>]) -> String {
        let groups = plan(operations).into_iter().map(|group| {
            let members: Vec<_> = group.operations.iter().map(usize::to_string).collect();
            format!("{}{}", if group.circular { "o" } else { "" }, members.join("+"))
        });
        groups.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn only_forward_references_change_the_order() {
        for (operations, expected) in [
            (vec![group_with("a", &[]), group_with("b", &["a"]), group_with("c", &[])], "0 1 2"),
            (
                vec![
                    group_with("a", &[]),
                    group_with("b", &["d"]),
                    group_with("c", &[]),
                    group_with("d", &[]),
                ],
                "0 3 1 2",
            ),
            (vec![group_with("a", &["b"]), group_with("b", &["c"]), group_with("c", &[])], "2 1 0"),
            (
                vec![
                    group_with("x", &[]),
                    group_with("a", &["b"]),
                    group_with("y", &[]),
                    group_with("b", &["a"]),
                ],
                "0 o1+3 2",
            ),
            (vec![group_with("a", &["a"]), group_with("b", &["a"])], "o0 1"),
            (vec![group_with("a", &["nobody"])], "0"),
            (vec![], ""),
        ] {
            assert_eq!(planned(&operations), expected);
        }
    }

    #[test]
    fn a_refused_operation_keeps_its_place() {
        let refused = Refused { method: None, bulk_id: None, path: None, error: ScimError::status(400, "") };
        assert_eq!(planned(&[group_with("a", &["b"]), Err(refused), group_with("b", &[])]), "2 0 1");
    }

    #[test]
    fn a_long_chain_does_not_exhaust_the_stack() {
        let names: Vec<String> = (0..50_000).map(|n| n.to_string()).collect();
        let chain: Vec<_> = names.windows(2).map(|pair| group_with(&pair[0], &[&pair[1]])).collect();
        let groups = plan(&chain);
        assert_eq!(groups.first().map(|group| group.operations[0]), Some(chain.len() - 1));
        assert_eq!(groups.len(), chain.len());
    }

    proptest! {
        #[test]
        fn every_operation_runs_once_and_after_what_it_needs(
            needs in proptest::collection::vec(proptest::collection::vec(0..12usize, 0..4), 1..12),
        ) {
            let names: Vec<String> = (0..12).map(|n| format!("n{n}")).collect();
            let operations: Vec<_> = needs.iter().enumerate().map(|(at, needs)| {
                let members: Vec<&str> = needs.iter().map(|n| names[*n].as_str()).collect();
                group_with(&names[at], &members)
            }).collect();
            let groups = plan(&operations);
            let mut all: Vec<usize> = groups.iter().flat_map(|group| group.operations.clone()).collect();
            let place_of = |at: usize| groups.iter().position(|group| group.operations.contains(&at));
            for (at, needs) in needs.iter().enumerate() {
                for need in needs.iter().filter(|need| **need < operations.len()) {
                    prop_assert!(place_of(*need) <= place_of(at));
                    if place_of(*need) == place_of(at) {
                        prop_assert!(groups[place_of(at).unwrap()].circular);
                    }
                }
            }
            // A group is circular only if each member can reach each other one.
            let reaches = |from: usize, to: usize| {
                let mut open = needs[from].clone();
                let mut done = [false; 12];
                while let Some(next) = open.pop() {
                    if !std::mem::replace(&mut done[next], true) && next < needs.len() {
                        open.extend(&needs[next]);
                    }
                }
                done[to]
            };
            for group in groups.iter().filter(|group| group.circular) {
                for from in &group.operations {
                    prop_assert!(group.operations.iter().all(|to| reaches(*from, *to)));
                }
            }
            all.sort_unstable();
            prop_assert_eq!(all, (0..operations.len()).collect::<Vec<_>>());
        }
    }
}
