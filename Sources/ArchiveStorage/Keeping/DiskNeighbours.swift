// What stores on one disk tell each other, so that a bound of the disk takes from all of them in proportion.
import Archive
import Synchronization

/// One for a server. Each store tells once a second what its streams have that a bound of the disk may take.
package final class DiskNeighbours: Sendable {
    private struct Told {
        var disk: UInt64
        var usages: [Retention.Usage]
    }
    private let stores = Mutex<[String: Told]>([:])

    package init() {}

    /// Says what the store at `root` has, and gives what the others on the same disk have said.
    func exchange(_ usages: [Retention.Usage], of root: String, on disk: UInt64) -> [Retention.Usage] {
        stores.withLock { stores in
            stores[root] = Told(disk: disk, usages: usages)
            return stores.filter { $0.key != root && $0.value.disk == disk }.sorted { $0.key < $1.key }.flatMap(
                \.value.usages)
        }
    }

    /// The store is closed: it deletes nothing any more.
    func forget(_ root: String) { stores.withLock { _ = $0.removeValue(forKey: root) } }
}
