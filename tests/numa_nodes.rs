//! The topology of the example, on folders as the kernel writes them.

#[path = "../examples/numa/nodes.rs"]
mod nodes;

use std::fs;

use nodes::Nodes;
use stampool::Topology;

#[test]
fn nodes_are_read_as_the_kernel_writes_them() {
    let folder = std::env::temp_dir().join(format!("stampool-nodes-{}", std::process::id()));
    for (node, cpus) in [(0, "0-1,4\n"), (1, "\n"), (3, "2-3,5\n")] {
        let node = folder.join(format!("node{node}"));
        fs::create_dir_all(&node).unwrap();
        fs::write(node.join("cpulist"), cpus).unwrap();
    }
    fs::write(folder.join("online"), "0-1,3\n").unwrap();
    let nodes = Nodes::read_from(&folder).unwrap();
    assert_eq!(nodes.shards(), 2, "one node is memory alone");
    assert_eq!((0..7).map(|cpu| nodes.of(cpu)).collect::<Vec<_>>(), [0, 0, 1, 1, 0, 1, 0]);
    assert!(nodes.shard() < 2);
    fs::write(folder.join("online"), "0-x").unwrap();
    assert!(Nodes::read_from(&folder).is_err());
    fs::remove_dir_all(&folder).unwrap();
    assert!(Nodes::read_from(&folder).is_err());
    // Whatever this machine says: if it says anything, it knows this thread's node.
    assert!(!Nodes::read().is_ok_and(|nodes| nodes.shard() >= nodes.shards()));
}
