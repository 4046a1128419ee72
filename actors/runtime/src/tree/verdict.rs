//! What follows from one death: the rebuild of the child, of its siblings by strategy, of its group, or the end of patience.

use std::time::Duration;

use tokio::time::Instant;

use super::Tree;
use super::node::{Forest, NodeId, Order, Part, Verdict};
use crate::child::{Restart, Strategy};
use crate::event::{Detail, EventKind};
use crate::exit::Exit;
use crate::metrics;

/// The consequences of one death beyond the child itself.
#[derive(Default)]
struct Consequences {
    /// Groups over their intensity, innermost first.
    escalated: Vec<NodeId>,
    /// Healthy children to replace, in the order of their start.
    recycled: Vec<NodeId>,
    /// The root itself was over its intensity twice.
    gave_up: bool,
}

impl Forest {
    pub(super) fn died(&mut self, tree: &Tree, id: NodeId, exit: &Exit, now: Instant) -> Verdict {
        let Some((parent, subject, name)) = self
            .node(id)
            .and_then(|node| Some((node.parent?, node.subject.clone(), node.name.clone())))
        else {
            return Verdict::End;
        };
        let closing = self.closing;
        let window = self
            .group_mut(parent)
            .map_or(Duration::ZERO, |group| group.deaths.intensity().window);
        let Some(child) = self.child_mut(id) else {
            return Verdict::End;
        };
        let generation = child.vitals.generation();
        if let Exit::Panicked(cause) = exit {
            tree.publish(
                EventKind::Panicked,
                &subject,
                Detail::generation(generation).cause(cause.clone()),
            );
        }
        let rebuild = match (child.restart, exit) {
            (Restart::Permanent, _) | (Restart::Transient, Exit::Panicked(_)) => !closing,
            (Restart::Transient, Exit::Stopped) | (Restart::Temporary, _) => false,
        };
        if !rebuild {
            return Verdict::End;
        }
        let in_a_row = child
            .last_death
            .is_some_and(|last| now.duration_since(last) < window);
        child.deaths_in_a_row = if in_a_row {
            child.deaths_in_a_row + 1
        } else {
            1
        };
        child.last_death = Some(now);
        let backoff = child.backoff;
        let nth = child.deaths_in_a_row;

        let mut consequences = Consequences::default();
        self.count_death(parent, id, id, now, &mut consequences);
        let delay = if consequences.gave_up {
            backoff.max
        } else if consequences.escalated.is_empty() {
            backoff.delay(nth)
        } else {
            // A recycled group starts anew, or long waits would keep a hopeless child below every intensity.
            if let Some(child) = self.child_mut(id) {
                child.deaths_in_a_row = 0;
            }
            backoff.delay(2)
        };
        let (how, label) = match exit {
            Exit::Panicked(_) => ("panicked", "died"),
            Exit::Stopped => ("stopped", "stopped"),
        };
        let cause = format!("{name} {how}");
        for group in &consequences.escalated {
            self.announce_escalation(tree, *group, &cause);
        }
        if consequences.gave_up {
            tree.escalated
                .send_replace(Some(format!("{}: {cause}", subject.node)));
        }
        metrics::restarted(subject.role.as_deref().unwrap_or(&subject.node), label);
        tree.publish(
            EventKind::Restarting,
            &subject,
            Detail::generation(generation)
                .cause(cause.clone())
                .delay(delay),
        );
        for sibling in &consequences.recycled {
            self.recycle(tree, *sibling, &cause);
        }
        Verdict::Restart(delay)
    }

    /// Counts in `group` the death of its member `member`, which comes from the death of the child `culprit`.
    fn count_death(
        &mut self,
        group_id: NodeId,
        member: NodeId,
        culprit: NodeId,
        now: Instant,
        consequences: &mut Consequences,
    ) {
        let parent = self.node(group_id).and_then(|node| node.parent);
        let Some(group) = self.group_mut(group_id) else {
            return;
        };
        if !group.deaths.record(now) {
            let members: Vec<NodeId> = match group.strategy {
                Strategy::OneForOne => vec![member],
                Strategy::OneForAll => group.children.clone(),
                Strategy::RestForOne => {
                    let first = group.children.iter().position(|child| *child == member);
                    group.children[first.unwrap_or(0)..].to_vec()
                }
            };
            for member in members {
                self.collect(member, culprit, &mut consequences.recycled);
            }
            return;
        }
        consequences.escalated.push(group_id);
        group.deaths.clear();
        let window = group.deaths.intensity().window;
        let again = group
            .recycled_at
            .replace(now)
            .is_some_and(|at| now.duration_since(at) <= window);
        match (again, parent) {
            (true, Some(parent)) => self.count_death(parent, group_id, culprit, now, consequences),
            (true, None) => consequences.gave_up = true,
            (false, _) => self.collect(group_id, culprit, &mut consequences.recycled),
        }
    }

    /// The living children at or below `id` but for `culprit`; the groups on the way start to count anew.
    fn collect(&mut self, id: NodeId, culprit: NodeId, found: &mut Vec<NodeId>) {
        if id == culprit {
            return;
        }
        match self.group_mut(id) {
            Some(group) => {
                group.deaths.clear();
                for child in group.children.clone() {
                    self.collect(child, culprit, found);
                }
            }
            None => found.push(id),
        }
    }

    fn recycle(&mut self, tree: &Tree, id: NodeId, cause: &str) {
        let Some(node) = self.node(id) else { return };
        if let Part::Child(child) = &node.part {
            let next = child.vitals.generation() + 1;
            tree.publish(
                EventKind::Recycled,
                &node.subject,
                Detail::generation(next).cause(cause),
            );
            // An error means that the child is ending.
            let _ = child.orders.send(Order::Recycle);
        }
    }

    fn announce_escalation(&self, tree: &Tree, group: NodeId, cause: &str) {
        if let Some(node) = self.node(group) {
            tree.publish(
                EventKind::Escalated,
                &node.subject,
                Detail::default().cause(cause),
            );
        }
    }
}
