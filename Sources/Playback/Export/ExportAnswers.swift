// Files of ranges as answers: length, byte ranges and conditions, for as many viewers as there are.
import Archive
import ArchiveStorage
import Media
import NIOHTTP1
import Synchronization

/// Plans that were made lately. Named by what they are made of, so nothing in here can be out of date; a player that
/// jumps about in a file asks for it many times.
final class ExportPlans: Sendable {
    /// Bytes of memory for all of them; the newest is kept whatever it takes.
    private static let largestWeight = 64 << 20
    private let plans = Mutex<[(tag: String, plan: ExportPlan)]>([])

    func plan(_ tag: String, make: () throws -> ExportPlan) rethrows -> ExportPlan {
        let known: ExportPlan? = plans.withLock { plans in
            guard let index = plans.firstIndex(where: { $0.tag == tag }) else { return nil }
            let entry = plans.remove(at: index)
            plans.append(entry)
            return entry.plan
        }
        if let known { return known }
        let made = try make()
        plans.withLock { plans in
            plans.append((tag, made))
            var weight = plans.reduce(0) { $0 + $1.plan.weight }
            while plans.count > 1, weight > Self.largestWeight { weight -= plans.removeFirst().plan.weight }
        }
        return made
    }
}

extension ArchivePlayback {
    /// The header of a file is kept in memory while it is sent: some 2 MB for an hour.
    static let longestExport = MediaSpan.seconds(24 * 3600)

    func export(
        _ form: ExportForm, from: MediaTime, until: MediaTime?, of stream: String, in store: ArchiveStore,
        request: MediaRequest
    ) throws -> ArchiveAnswer {
        let range = TimeRange(from, until ?? max(from, now()))
        guard range.duration <= Self.longestExport else {
            let hours = Self.longestExport.ticks / mediaTicksPerSecond / 3600
            return .made(.text(.badRequest, "A file has at most \(hours) h. Ask for several."))
        }
        let (selection, leases) = try store.holding {
            let selection = try store.reader.selection(of: stream, in: range)
            var leases: [String: SegmentLease] = [:]
            for entry in selection.entries where leases[entry.segment.run.path] == nil {
                leases[entry.segment.run.path] = store.lease(entry.segment)
            }
            return (selection, leases)
        }
        guard !selection.entries.isEmpty else { return nothing(stream) }
        let tag = "\"\(form.rawValue)-\(Self.name(selection))\""
        let plan = try exports.plan(tag + store.root) { try ExportPlan(selection, as: form, from: store.fileSystem) }
        guard plan.length > 0 else { return nothing(stream) }
        let body = ExportBody(plan: plan, fileSystem: store.fileSystem, leases: leases)

        var shape = Representation(contentType: form.contentType, pieces: [], entityTag: tag)
        shape.length = Int(plan.length)
        let answer = MediaAnswer.representation(shape, cache: .seconds(30), request: request.headers)
        switch answer.status {
        case .ok: return .body(answer, body, 0..<plan.length)
        case .partialContent:
            guard case .part(let part) = ByteRange.read(request.headers.first(name: "range"), length: shape.length)
            else { return .made(answer) }
            return .body(answer, body, Int64(part.lowerBound)..<Int64(part.upperBound))
        default: return .made(answer)
        }
    }

    /// Names a selection by its media and by where they lie.
    private static func name(_ selection: PlaybackSelection) -> String {
        var hasher = MediaHasher()
        for entry in selection.entries {
            hasher.update(entry.segment.digest.high)
            hasher.update(entry.segment.digest.low)
            hasher.update(UInt64(bitPattern: entry.segment.start.ticks))
            hasher.update(UInt64(bitPattern: entry.end.ticks))
            hasher.update(UInt64(bitPattern: entry.segment.offset))
            hasher.update(UInt64(bitPattern: entry.segment.run.id))
        }
        return "\(hasher.finalize())"
    }
}
