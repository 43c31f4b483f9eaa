//! The NUMA nodes of a Linux machine as a topology.

use std::fs;
use std::io;
use std::path::Path;

use stampool::Topology;

/// A shard for each node that has CPUs. What `/sys` says is read once; where a thread runs is asked
/// when it attaches.
pub(crate) struct Nodes {
    shards: usize,
    /// The shard of each CPU.
    of_cpu: Vec<usize>,
}

impl Nodes {
    /// Reads `/sys/devices/system/node`.
    ///
    /// # Errors
    ///
    /// What reading says: there is no such folder in some containers, or on other systems.
    pub(crate) fn read() -> io::Result<Self> {
        Self::read_from(Path::new("/sys/devices/system/node"))
    }

    /// Reads a folder of that shape.
    ///
    /// # Errors
    ///
    /// What reading says, or that something there is no list of numbers.
    pub(crate) fn read_from(folder: &Path) -> io::Result<Self> {
        let mut this = Self { shards: 0, of_cpu: Vec::new() };
        for node in numbers(&fs::read_to_string(folder.join("online"))?)? {
            let cpus = fs::read_to_string(folder.join(format!("node{node}")).join("cpulist"))?;
            this.add(&numbers(&cpus)?);
        }
        Ok(this)
    }

    /// One more node. Of one that is memory alone no thread can be.
    fn add(&mut self, cpus: &[usize]) {
        let Some(last) = cpus.iter().max() else { return };
        self.of_cpu.resize(self.of_cpu.len().max(last + 1), 0);
        cpus.iter().for_each(|cpu| self.of_cpu[*cpu] = self.shards);
        self.shards += 1;
    }

    /// The shard of a CPU, 0 for one that came later.
    pub(crate) fn of(&self, cpu: usize) -> usize {
        self.of_cpu.get(cpu).copied().unwrap_or(0)
    }
}

impl Topology for Nodes {
    fn shards(&self) -> usize {
        self.shards.max(1)
    }

    fn shard(&self) -> usize {
        self.of(cpu())
    }
}

/// The CPU that the calling thread runs on, 0 where nobody knows.
fn cpu() -> usize {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: asks, and changes nothing.
        usize::try_from(unsafe { libc::sched_getcpu() }).unwrap_or(0)
    }
    #[cfg(not(target_os = "linux"))]
    0
}

/// A list as the kernel writes it: `0-3,8`. An empty one has no numbers.
fn numbers(list: &str) -> io::Result<Vec<usize>> {
    let number = |text: &str| {
        text.parse::<usize>().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    };
    let mut all = Vec::new();
    for part in list.trim().split(',').filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        all.extend(number(first)?..=number(last)?);
    }
    Ok(all)
}
