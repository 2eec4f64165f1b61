// Which segments go, one after the other from the oldest, until a demand is met.
import Media

/// Walks a stream's segments from the oldest and says of each whether it goes.
package struct RetentionCut: Sendable {
    package enum Verdict: Hashable, Sendable {
        case delete
        /// Protected or being read: stays, younger ones may go in its place.
        case keep
        /// The demand is met: nothing younger goes either.
        case stop
    }

    private let demand: RetentionDemand
    private let protected: RangeSet
    private var freed: Int64 = 0

    package init(_ demand: RetentionDemand, protected: RangeSet) {
        self.demand = demand
        self.protected = protected
    }

    /// To be asked in the order of time. `isRead`: somebody reads the segment's file at this moment.
    package mutating func verdict(range: TimeRange, bytes: Int64, isRead: Bool) -> Verdict {
        let isExpired = demand.expiredBefore.map { range.end <= $0 } ?? false
        guard isExpired || freed < demand.bytes else { return .stop }
        if isRead || protected.overlaps(range) { return .keep }
        freed += bytes
        return .delete
    }
}
