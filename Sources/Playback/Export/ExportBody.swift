// Any part of an exported file, when it is asked for.
import Archive
package import ArchiveStorage
import CMAF
import MPEGTS
import Media
package import NIOCore

/// A plan together with the files that it speaks of, which stay as they are as long as this lives.
package struct ExportBody: Sendable {
    /// What can be sent next.
    enum Piece: Sendable {
        case bytes(ByteBuffer)
        /// As it lies in an open file.
        case file(OpenSegment)

        var length: Int64 {
            switch self {
            case .bytes(let bytes): Int64(bytes.readableBytes)
            case .file(let segment): Int64(segment.region.readableBytes)
            }
        }
    }

    /// What is read into memory at once.
    private static let largestRead: Int64 = 256 << 10
    /// What the kernel sends at once: the client's progress is seen after each.
    private static let largestRegion: Int64 = 4 << 20

    package let plan: ExportPlan
    private let fileSystem: any ArchiveFileSystem
    private let leases: [String: SegmentLease]

    /// - Parameter lease: keeps a run's file as it is; nil where nobody deletes.
    package init(plan: ExportPlan, fileSystem: any ArchiveFileSystem, leases: [String: SegmentLease] = [:]) {
        self.plan = plan
        self.fileSystem = fileSystem
        self.leases = leases
    }

    /// The bytes from `position` on, at least one and not beyond `end`. Blocks.
    package func bytes(at position: Int64, before end: Int64) throws -> ByteBuffer {
        guard case .bytes(let bytes) = try piece(at: position, before: end, asFile: false) else { return ByteBuffer() }
        return bytes
    }

    /// What comes from `position` on, at least one byte and not beyond `end`. Blocks.
    func piece(at position: Int64, before end: Int64, asFile: Bool) throws -> Piece {
        let part = plan.parts[part(at: position)]
        let offset = position - part.start
        let available = min(part.length - offset, end - position)
        switch part.content {
        case .made(let buffer):
            return .bytes(
                buffer.getSlice(at: buffer.readerIndex + Int(offset), length: Int(available)) ?? ByteBuffer())
        case .file(let run, let start):
            if asFile, let lease = leases[run.path] {
                let length = min(available, Self.largestRegion)
                return .file(try OpenSegment(lease, offset: start + offset, length: Int(length)))
            }
            let length = Int(min(available, Self.largestRead))
            return .bytes(try read(run.path, start + offset, length))
        case .transportStream(let entry, let tracks, let shift, let version):
            let segment = entry.segment
            var bytes = TransportStreamJoint.packets(
                of: try TransportStreamJoint.frames(
                    of: entry, try read(segment.run.path, segment.offset, segment.length)),
                tracks: tracks, shift: shift, version: version)
            if bytes.readableBytes < part.length {
                bytes.writeImmutableBuffer(
                    TransportStreamMuxer.padding(Int(part.length) - bytes.readableBytes))
            }
            guard let found = bytes.getSlice(at: bytes.readerIndex + Int(offset), length: Int(available)) else {
                throw ArchiveError(.damagedMedia, "\(segment.run.path): a segment is not what its fragments' heads say")
            }
            return .bytes(found)
        }
    }

    private func read(_ path: String, _ offset: Int64, _ length: Int) throws -> ByteBuffer {
        let bytes = try fileSystem.open(path, forWriting: false).read(at: offset, count: length)
        guard bytes.readableBytes == length else {
            throw ArchiveError(.damagedMedia, "\(path) is shorter than the index says")
        }
        return bytes
    }

    /// The index of the part that has the byte at `position`.
    private func part(at position: Int64) -> Int {
        var (low, high) = (0, plan.parts.count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if plan.parts[middle].start <= position { low = middle } else { high = middle - 1 }
        }
        return low
    }
}
