//! Sequential consistency: psc, the order that SC accesses and SC fences impose, has no cycle.
//!
//! Source: `[LVKHD17]`, section 3.2:
//!
//! ```text
//! scb      = po ∪ po≠loc;hb;po≠loc ∪ hb|loc ∪ co ∪ fr
//! psc_base = ([SC] ∪ [F_SC];hb?) ; scb ; ([SC] ∪ hb?;[F_SC])
//! psc_F    = [F_SC] ; (hb ∪ hb;eco;hb) ; [F_SC]
//! ```
//!
//! eco compares positions: an access has the key 2 · position of its write, a read one more, and `a` is
//! in eco before `b` exactly if they access one location and the key of `a` is the smaller one.
//! Where all SC events are fences, psc_base adds nothing to psc_F.

use super::{Graph, Id, Kind};

/// An access with its key.
struct Keyed {
    id: Id,
    key: usize,
}

/// For each location, the least key after a fence and the greatest key before it.
struct Around {
    after: Vec<usize>,
    before: Vec<usize>,
}

impl Graph {
    /// Whether psc has no cycle.
    pub(crate) fn is_sc_consistent(&self) -> bool {
        let sc: Vec<Id> = self.ids().filter(|&id| self.event(id).is_sc()).collect();
        if sc.len() < 2 {
            return true;
        }
        let accesses: Vec<Vec<Keyed>> = self.locations.iter().map(|l| self.keyed(l)).collect();
        let around: Vec<Option<Around>> = sc
            .iter()
            .map(|&id| (self.event(id).kind == Kind::Fence).then(|| self.around(id, &accesses)))
            .collect();
        let mut edges = vec![Vec::new(); sc.len()];
        for (from, source) in around.iter().enumerate() {
            for (to, target) in around.iter().enumerate() {
                let (Some(source), Some(target)) = (source, target) else { continue };
                let ordered = from != to && self.happens_before(sc[from], sc[to]);
                let mut locations = source.after.iter().zip(&target.before);
                if ordered || locations.any(|(after, before)| after < before) {
                    edges[from].push(to);
                }
            }
        }
        if around.iter().any(Option::is_none) {
            self.add_base(&sc, &mut edges);
        }
        is_acyclic(&edges)
    }

    pub(crate) fn happens_before(&self, first: Id, second: Id) -> bool {
        first != second && self.event(second).hb.has(first)
    }

    fn keyed(&self, location: &super::Location) -> Vec<Keyed> {
        let writes = location.co.iter().enumerate().map(|(at, &id)| Keyed { id, key: 2 * at });
        let reads = location.reads.iter().map(|&id| {
            let source = self.event(id).source;
            let at = location.co.iter().rposition(|&write| write == source);
            Keyed { id, key: 2 * at.expect("a read reads a write of its location") + 1 }
        });
        writes.chain(reads).collect()
    }

    fn around(&self, fence: Id, accesses: &[Vec<Keyed>]) -> Around {
        let hb = &self.event(fence).hb;
        let after = |list: &Vec<Keyed>| {
            let later = list.iter().filter(|access| self.event(access.id).hb.has(fence));
            later.map(|access| access.key).min().unwrap_or(usize::MAX)
        };
        let before = |list: &Vec<Keyed>| {
            let earlier = list.iter().filter(|access| hb.has(access.id));
            earlier.map(|access| access.key).max().unwrap_or(0)
        };
        Around {
            after: accesses.iter().map(after).collect(),
            before: accesses.iter().map(before).collect(),
        }
    }

    /// Adds psc_base.
    fn add_base(&self, sc: &[Id], edges: &mut [Vec<usize>]) {
        let all: Vec<Id> = self.ids().collect();
        let ends = |id: Id, inward: bool| -> Vec<Id> {
            if self.event(id).kind != Kind::Fence {
                return vec![id];
            }
            let near = |&other: &Id| {
                other == id
                    || if inward {
                        self.happens_before(other, id)
                    } else {
                        self.happens_before(id, other)
                    }
            };
            all.iter().copied().filter(near).collect()
        };
        let outward: Vec<Vec<Id>> = sc.iter().map(|&id| ends(id, false)).collect();
        let inward: Vec<Vec<Id>> = sc.iter().map(|&id| ends(id, true)).collect();
        for (from, firsts) in outward.iter().enumerate() {
            for (to, seconds) in inward.iter().enumerate() {
                let related = |&x: &Id| seconds.iter().any(|&y| self.scb(x, y));
                if !edges[from].contains(&to) && firsts.iter().any(related) {
                    edges[from].push(to);
                }
            }
        }
    }

    fn scb(&self, x: Id, y: Id) -> bool {
        if x == y {
            return false;
        }
        if x.thread == y.thread && x.index < y.index {
            return true;
        }
        if self.same_location(x, y) {
            if self.happens_before(x, y) {
                return true;
            }
            let (first, second) = (self.event(x), self.event(y));
            if second.is_write() {
                let from = if first.is_read() { first.source } else { x };
                return self.position(from) < self.position(y);
            }
        }
        // The earliest step away from x's location and the latest one towards y's reach the most.
        let length = self.threads[usize::from(x.thread)].len();
        let away = (usize::from(x.index) + 1..length)
            .map(|at| Id::new(usize::from(x.thread), at))
            .find(|&z| !self.same_location(x, z));
        let towards = (0..usize::from(y.index))
            .rev()
            .map(|at| Id::new(usize::from(y.thread), at))
            .find(|&z| !self.same_location(z, y));
        matches!((away, towards), (Some(z1), Some(z2)) if self.happens_before(z1, z2))
    }

    fn same_location(&self, x: Id, y: Id) -> bool {
        let (x, y) = (self.event(x), self.event(y));
        let accesses = |event: &super::Event| event.is_read() || event.is_write();
        accesses(x) && accesses(y) && x.location == y.location
    }
}

fn is_acyclic(edges: &[Vec<usize>]) -> bool {
    let mut into = vec![0_usize; edges.len()];
    for &to in edges.iter().flatten() {
        into[to] += 1;
    }
    let mut free: Vec<usize> = (0..edges.len()).filter(|&node| into[node] == 0).collect();
    let mut removed = 0;
    while let Some(node) = free.pop() {
        removed += 1;
        for &to in &edges[node] {
            into[to] -= 1;
            if into[to] == 0 {
                free.push(to);
            }
        }
    }
    removed == edges.len()
}

#[cfg(test)]
mod tests {
    use super::is_acyclic;

    #[test]
    fn cycles_and_loops_are_seen() {
        assert!(is_acyclic(&[vec![1, 2], vec![2], vec![]]));
        assert!(!is_acyclic(&[vec![1], vec![2], vec![0]]));
        assert!(!is_acyclic(&[vec![0]]));
    }
}
