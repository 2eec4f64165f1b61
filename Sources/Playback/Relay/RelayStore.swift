// Answers of other servers, kept in memory for the next viewer. Pure.
import Media
import NIOCore

/// What a relayed answer is kept under: the stream and what is asked of it, however the address was spelt.
struct RelayKey: Hashable {
    var stream: String
    var route: MediaRoute
}

/// Keeps answers within a bound of bytes.
///
/// Policy: two generations. New answers and those that are asked for again are young; when the young ones have half of
/// the bound, or are a minute old, they become the old ones and what was old and not asked for is let go. So the bound holds, the least
/// recently used go first, and nothing is searched.
struct RelayStore {
    struct Kept {
        var representation: Representation
        var policy: CachePolicy
        /// Until then it is the answer; later only while its owner cannot be asked.
        var freshUntil: NIODeadline
    }

    /// How long a playlist stands in while its stream has no owner that answers.
    static let staleTime = TimeAmount.seconds(30)
    static let generationTime = TimeAmount.seconds(60)

    let bytesMax: Int
    private var young: [RelayKey: Kept] = [:]
    private var old: [RelayKey: Kept] = [:]
    private var youngBytes = 0
    private var oldBytes = 0
    private var turnedAt: NIODeadline?

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    var byteCount: Int { youngBytes + oldBytes }

    /// The answer while it is right, or (`isStaleWanted`) while it may stand in.
    mutating func find(_ key: RelayKey, at now: NIODeadline, isStaleWanted: Bool = false) -> Kept? {
        let found: Kept
        if let kept = young[key] {
            found = kept
        } else if let kept = old.removeValue(forKey: key) {
            oldBytes -= Self.cost(kept.representation)
            insert(kept, key, at: now)
            found = kept
        } else {
            return nil
        }
        if found.freshUntil > now { return found }
        return isStaleWanted && found.freshUntil + Self.staleTime > now ? found : nil
    }

    /// Keeps what may be kept; an answer beyond a quarter of the bound may not.
    mutating func keep(_ representation: Representation, _ policy: CachePolicy, _ key: RelayKey, at now: NIODeadline) {
        let lifetime: TimeAmount
        switch policy {
        case .never: return
        case .seconds(let seconds): lifetime = .seconds(Int64(min(seconds, 3600)))
        // Never out of date; how long it is kept the bound says.
        case .immutable: lifetime = .hours(24)
        }
        guard representation.length <= bytesMax / 4 else { return }
        if let before = old.removeValue(forKey: key) { oldBytes -= Self.cost(before.representation) }
        insert(Kept(representation: representation, policy: policy, freshUntil: now + lifetime), key, at: now)
    }

    /// To be called every few seconds.
    mutating func releaseIdle(at now: NIODeadline) {
        guard let turnedAt else {
            self.turnedAt = now
            return
        }
        if turnedAt + Self.generationTime <= now { turn(at: now) }
    }

    /// Makes room first: the young ones never have more than half of the bound.
    private mutating func insert(_ kept: Kept, _ key: RelayKey, at now: NIODeadline) {
        if youngBytes + Self.cost(kept.representation) > bytesMax / 2 { turn(at: now) }
        if let before = young.updateValue(kept, forKey: key) { youngBytes -= Self.cost(before.representation) }
        youngBytes += Self.cost(kept.representation)
    }

    /// A small answer is not free: a flood of made-up addresses must not fill the memory with entries.
    private static func cost(_ representation: Representation) -> Int { representation.length + 1024 }

    private mutating func turn(at now: NIODeadline) {
        old = young
        oldBytes = youngBytes
        young = [:]
        youngBytes = 0
        turnedAt = now
    }
}
