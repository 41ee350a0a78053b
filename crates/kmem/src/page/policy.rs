//! Where memory should come from on a machine with several nodes.
//!
//! Kernel counterpart: `mm/mempolicy.c` (`policy_node`, `policy_nodemask`, `interleave_nodes`).

use super::attempt::Caller;
use super::zonelist::NodeMask;
use crate::gfp::Gfp;
use crate::sync::{AtomicU32, Ordering};
use crate::units::Order;

/// A memory policy: `set_mempolicy`, `mbind`.
#[derive(Debug, Default)]
pub enum Policy {
    /// From the CPU's own node, then the nearest: `MPOL_LOCAL`.
    #[default]
    Local,
    /// From this node, then the nearest: `MPOL_PREFERRED`.
    Preferred(u32),
    /// From these nodes only: `MPOL_BIND`.
    Bind(NodeMask),
    /// From these nodes in turn: `MPOL_INTERLEAVE`.
    Interleave(Interleave),
}

/// Nodes that take turns.
#[derive(Debug)]
pub struct Interleave {
    nodes: NodeMask,
    turn: AtomicU32,
}

impl Interleave {
    /// Makes nodes take turns, beginning with the lowest.
    pub const fn new(nodes: NodeMask) -> Self {
        Self { nodes, turn: AtomicU32::new(0) }
    }
    fn next(&self) -> Option<u32> {
        let count = self.nodes.count();
        (count > 0).then(|| self.turn.fetch_add(1, Ordering::Relaxed) % count).and_then(|turn| self.nodes.nth(turn))
    }
}

/// A request for pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request {
    /// What the allocation may do.
    pub gfp: Gfp,
    /// The size of the block.
    pub order: Order,
    /// Where to look first; `None`: the CPU's own node.
    pub node: Option<u32>,
    /// Where else.
    pub nodes: NodeMask,
    /// Who asks.
    pub caller: Caller,
    /// Whether a policy chose the node in turn.
    pub interleaved: bool,
}

impl Request {
    /// Makes an ordinary request.
    #[inline]
    pub const fn new(gfp: Gfp, order: Order) -> Self {
        Self { gfp, order, node: None, nodes: NodeMask::ALL, caller: Caller::Ordinary, interleaved: false }
    }
    /// Asks this node first: `alloc_pages_node`. With `__GFP_THISNODE` no other is asked.
    #[must_use]
    pub const fn on(self, node: u32) -> Self {
        Self { node: Some(node), ..self }
    }
    /// Says who asks.
    #[must_use]
    pub const fn by(self, caller: Caller) -> Self {
        Self { caller, ..self }
    }
    /// True for a request of no one in particular that any node may answer: what a CPU's own lists are for.
    pub(crate) fn is_plain(&self) -> bool {
        *self == Self::new(self.gfp, self.order)
    }
    /// Follows a policy.
    #[must_use]
    pub fn following(self, policy: &Policy) -> Self {
        match policy {
            Policy::Local => self,
            Policy::Preferred(node) => self.on(*node),
            Policy::Bind(nodes) => Self { nodes: *nodes, ..self },
            Policy::Interleave(interleave) => match interleave.next() {
                Some(node) => Self { node: Some(node), interleaved: true, ..self },
                None => self,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_choose_nodes() {
        let request = Request::new(Gfp::KERNEL, Order::ZERO);
        let policy = Policy::Interleave(Interleave::new(NodeMask::of(1).with(NodeMask::of(3))));
        let nodes: Vec<_> = (0..4).map(|_| request.following(&policy).node).collect();
        assert_eq!(nodes, [Some(1), Some(3), Some(1), Some(3)]);
        assert_eq!(request.following(&Policy::Bind(NodeMask::of(2))).nodes, NodeMask::of(2));
        assert_eq!(request.following(&Policy::Preferred(2)).node, Some(2));
    }
}
