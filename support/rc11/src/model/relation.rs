//! Relations between the events of an execution, as boolean matrices.
//!
//! The operators are those of the literature: union, intersection, difference, composition (`;`),
//! inverse, reflexive and transitive closure. A set of events is written as the identity on it, so
//! that `[W]; rf` is `on(writes).then(&rf)`.

/// The greatest number of events.
pub(crate) const MOST: usize = 64;

/// A set of events: bit `i` is event `i`.
pub(crate) type Set = u64;

/// A relation. Bit `j` of row `i` says that event `i` is related to event `j`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Relation {
    rows: Vec<Set>,
}

impl Relation {
    /// The empty relation on `events` events.
    pub(crate) fn empty(events: usize) -> Self {
        assert!(events <= MOST, "{events} events are too many");
        Self { rows: vec![0; events] }
    }

    /// The identity on a set.
    pub(crate) fn on(events: usize, set: Set) -> Self {
        let mut identity = Self::empty(events);
        for (i, row) in identity.rows.iter_mut().enumerate() {
            *row = set & (1 << i);
        }
        identity
    }

    /// Relates `from` to `to`.
    pub(crate) fn add(&mut self, from: usize, to: usize) {
        self.rows[from] |= 1 << to;
    }

    /// Whether `from` is related to `to`.
    pub(crate) fn has(&self, from: usize, to: usize) -> bool {
        self.rows[from] >> to & 1 == 1
    }

    fn zip(&self, other: &Self, f: impl Fn(Set, Set) -> Set) -> Self {
        Self { rows: self.rows.iter().zip(&other.rows).map(|(a, b)| f(*a, *b)).collect() }
    }

    /// Union.
    pub(crate) fn or(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a | b)
    }

    /// Intersection.
    pub(crate) fn and(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a & b)
    }

    /// Difference.
    pub(crate) fn minus(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a & !b)
    }

    /// Composition: `self; other`.
    pub(crate) fn then(&self, other: &Self) -> Self {
        let row = |row: &Set| {
            let middle = (0..other.rows.len()).filter(|k| row >> k & 1 == 1);
            middle.fold(0, |joined, k| joined | other.rows[k])
        };
        Self { rows: self.rows.iter().map(row).collect() }
    }

    /// Inverse.
    pub(crate) fn inverse(&self) -> Self {
        let mut inverse = Self::empty(self.rows.len());
        for i in 0..self.rows.len() {
            for j in 0..self.rows.len() {
                if self.has(i, j) {
                    inverse.add(j, i);
                }
            }
        }
        inverse
    }

    /// Reflexive closure: `self?`.
    pub(crate) fn maybe(&self) -> Self {
        self.or(&Self::on(self.rows.len(), Set::MAX))
    }

    /// Transitive closure: `self+`.
    pub(crate) fn plus(&self) -> Self {
        let mut closure = self.clone();
        for k in 0..closure.rows.len() {
            let through = closure.rows[k];
            for row in &mut closure.rows {
                if *row >> k & 1 == 1 {
                    *row |= through;
                }
            }
        }
        closure
    }

    /// Reflexive and transitive closure: `self*`.
    pub(crate) fn star(&self) -> Self {
        self.plus().maybe()
    }

    /// Whether nothing is related to anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.iter().all(|row| *row == 0)
    }

    /// Whether no event is related to itself.
    pub(crate) fn is_irreflexive(&self) -> bool {
        (0..self.rows.len()).all(|i| !self.has(i, i))
    }

    /// Whether there is no cycle.
    pub(crate) fn is_acyclic(&self) -> bool {
        self.plus().is_irreflexive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relation(pairs: &[(usize, usize)]) -> Relation {
        let mut relation = Relation::empty(4);
        for (from, to) in pairs {
            relation.add(*from, *to);
        }
        relation
    }

    #[test]
    fn operators() {
        let chain = relation(&[(0, 1), (1, 2), (2, 3)]);
        assert_eq!(chain.then(&chain), relation(&[(0, 2), (1, 3)]));
        assert_eq!(chain.plus(), relation(&[(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]));
        assert_eq!(chain.inverse(), relation(&[(1, 0), (2, 1), (3, 2)]));
        assert_eq!(Relation::on(4, 0b101), relation(&[(0, 0), (2, 2)]));
        assert_eq!(chain.maybe().minus(&chain), Relation::on(4, 0b1111));
        assert!(chain.is_acyclic() && chain.or(&relation(&[(0, 0)])).and(&chain) == chain);
        let cycle = chain.or(&relation(&[(3, 0)]));
        assert!(cycle.is_irreflexive() && !cycle.is_acyclic());
        assert!(Relation::empty(4).is_empty() && !chain.is_empty());
    }
}
