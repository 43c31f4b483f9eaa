//! Deliberately wrong models, for tests of the tests.

/// One fault of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// COHERENCE does not hold.
    NoCoherence,
    /// ATOMICITY does not hold.
    NoAtomicity,
    /// NO-THIN-AIR does not hold.
    NoThinAir,
    /// psc base is empty.
    NoScBase,
    /// psc fences is empty.
    NoScFences,
    /// psc fences is only hb between fences.
    ScFencesWithoutEco,
    /// psc base does not reach from accesses to fences over hb.
    ScFencesAlone,
    /// scb contains all of hb, as in the model of C++11.
    ScOverAllHb,
    /// scb lacks `sb≠loc; hb; sb≠loc`.
    ScWithoutAround,
    /// scb contains `sb; hb; sb`, for any locations.
    ScAroundAny,
    /// scb lacks `hb=loc`.
    ScWithoutNear,
    /// scb lacks mo.
    ScWithoutWrites,
    /// scb lacks rb.
    ScWithoutReads,
    /// rb is empty everywhere.
    NoReadsBefore,
    /// A release sequence is the write alone.
    NoReleaseSequence,
    /// Later stores of the same thread continue a release sequence, as in C++11.
    OwnStoresContinue,
    /// A release fence does nothing.
    NoReleaseFence,
    /// An acquire fence does nothing.
    NoAcquireFence,
    /// A `compare_exchange` that fails reads the newest write, as in loom.
    FailureReadsNewest,
}

impl Change {
    /// Every fault.
    pub const ALL: &'static [Self] = &[
        Self::NoCoherence,
        Self::NoAtomicity,
        Self::NoThinAir,
        Self::NoScBase,
        Self::NoScFences,
        Self::ScFencesWithoutEco,
        Self::ScFencesAlone,
        Self::ScOverAllHb,
        Self::ScWithoutAround,
        Self::ScAroundAny,
        Self::ScWithoutNear,
        Self::ScWithoutWrites,
        Self::ScWithoutReads,
        Self::NoReadsBefore,
        Self::NoReleaseSequence,
        Self::OwnStoresContinue,
        Self::NoReleaseFence,
        Self::NoAcquireFence,
        Self::FailureReadsNewest,
    ];
}
