// The archives as the API and the metrics page ask for them.
import Archive
import ArchiveStorage
import HTTPTypes
import ManagementAPI
import Media

/// Answers the API from the open stores. May be used from any task.
struct ArchiveModel: ManagedArchives {
    let keeper: ArchiveKeeper
    let now: @Sendable () -> MediaTime

    func ranges(of stream: String) throws -> ArchiveFacts {
        let reader = try store(of: stream).reader
        let ranges = try asProblem { try reader.ranges(of: stream) }
        let recorded = reader.stream(stream)
        guard let first = ranges.ranges.first, let last = ranges.ranges.last else {
            return ArchiveFacts(from: nil, depth: 0, duration: 0, bytes: recorded?.bytes ?? 0, ranges: [], gaps: [])
        }
        let now = now()
        let gaps = reader.gaps(of: stream, in: TimeRange(first.start, max(now, last.end)), at: now)
        return ArchiveFacts(
            from: first.start.unixMilliseconds / 1000, depth: (last.end - first.start).inSeconds,
            duration: ranges.duration.inSeconds, bytes: recorded?.bytes ?? 0,
            ranges: ranges.ranges.map { .init($0) }, gaps: gaps.map { .init($0.range, cause: $0.cause.rawValue) },
            origins: try asProblem { try reader.origins(of: stream) }.map {
                .init(
                    openedAt: $0.range.start.unixMilliseconds, closedAt: $0.range.end.unixMilliseconds,
                    origin: $0.origin, fetched: $0.isFetched)
            })
    }

    func locks(of stream: String) throws -> [ArchiveLockFacts] {
        try store(of: stream).reader.locks(of: stream).map { ArchiveLockFacts($0) }
    }

    func lock(_ span: ArchiveSpan, of stream: String, note: String) async throws -> ArchiveLockFacts {
        let store = try store(of: stream)
        return ArchiveLockFacts(try await asProblem { try await store.lock(TimeRange(span), of: stream, note: note) })
    }

    func unlock(_ id: Int64, of stream: String) async throws {
        let store = try store(of: stream)
        guard try await asProblem({ try await store.unlock(id, of: stream) }) else {
            throw Problem.notFound("the archive of \(stream) has no lock \(id)", hint: "GET the same address lists all")
        }
    }

    func delete(_ span: ArchiveSpan, of stream: String) async throws -> ArchiveDeletionFacts {
        let store = try store(of: stream)
        let result = try await asProblem { try await store.delete(TimeRange(span), of: stream) }
        return ArchiveDeletionFacts(segments: result.segments, bytes: result.bytes, kept: result.kept.count)
    }

    func stores() -> [ArchiveStoreFacts] {
        keeper.places.map { root, place, streams in
            let statistics = place.store?.statistics()
            let space = place.store?.space()
            let bytes = place.store?.reader.streams().reduce(Int64(0)) { $0 + $1.bytes } ?? 0
            return ArchiveStoreFacts(
                root: root, status: place.store == nil ? "unavailable" : "open", trouble: place.trouble,
                streams: streams, bytes: bytes, queuedBytes: statistics?.queuedBytes ?? 0,
                failingStreams: statistics?.failingStreams ?? 0, diskBytes: space?.total,
                diskFreeBytes: space?.available, counters: statistics.map { .init($0) })
        }
    }

    private func store(of stream: String) throws -> ArchiveKeeper.Store {
        guard let wish = keeper.wish(of: stream) else {
            throw Problem.notFound("the stream \(stream) is not recorded", hint: "a `dvr` line makes it so")
        }
        guard let store = keeper.store(of: stream) else {
            throw Problem(
                status: .serviceUnavailable, code: "archive_unavailable",
                message: "the archive \(wish.root) is not open at the moment", hint: "GET /dvrs tells why")
        }
        return store
    }

    private func asProblem<T>(_ work: () throws -> T) throws -> T {
        do { return try work() } catch { throw Self.problem(error) }
    }

    private func asProblem<T>(_ work: () async throws -> T) async throws -> T {
        do { return try await work() } catch { throw Self.problem(error) }
    }

    private static func problem(_ error: any Error) -> Problem {
        switch error {
        case let error as ArchiveError where error.code == .unknownStream: .notFound(error.message)
        default: Problem(status: .internalServerError, code: "archive_failed", message: "\(error)")
        }
    }
}

extension ArchiveKeeper {
    /// Seconds of media in the archive of a stream; nil when it is not recorded or its store cannot tell.
    func seconds(of stream: String) -> Double? {
        read(stream) { try $0.ranges(of: stream).duration.inSeconds }
    }

    /// Counters and gauges of each open store.
    var metrics: [MetricFamily] {
        let stores = places.compactMap { root, place, _ in place.store.map { (root, $0.statistics()) } }
        func family(
            _ name: String, _ kind: MetricFamily.Kind, _ help: String, _ value: (ArchiveStatistics) -> Int64
        ) -> MetricFamily {
            MetricFamily(
                name, kind, help: help,
                samples: stores.map { .init(Double(value($0.1)), labels: [("root", $0.0)]) })
        }
        func seconds(
            _ name: String, _ kind: MetricFamily.Kind, _ help: String, _ value: (ArchiveStatistics) -> Duration
        ) -> MetricFamily {
            MetricFamily(
                name, kind, help: help,
                samples: stores.map { .init(value($0.1) / .seconds(1), labels: [("root", $0.0)]) })
        }
        return [
            family("weir_archive_written_bytes_total", .counter, "Written to the store's disk") { $0.bytesWritten },
            family("weir_archive_written_media_bytes_total", .counter, "Of these, chunks of media") {
                $0.mediaBytesWritten
            },
            family("weir_archive_written_segments_total", .counter, "Segments closed") { $0.segmentsWritten },
            family("weir_archive_dropped_chunks_total", .counter, "Chunks not written, the queue was full") {
                $0.chunksDropped
            },
            family("weir_archive_write_errors_total", .counter, "Writes that the disk refused") { $0.writeErrors },
            family("weir_archive_writes_total", .counter, "Writes to the store's disk") { $0.writes },
            seconds("weir_archive_write_seconds_total", .counter, "Time that they took") { $0.writeTime },
            seconds("weir_archive_slowest_write_seconds", .gauge, "The slowest write of the last minute") {
                $0.slowestWrite
            },
            seconds("weir_archive_sync_seconds_total", .counter, "Time that forcing data to the disk took") {
                $0.syncTime
            },
            family("weir_archive_syncs_total", .counter, "Times that data and index were forced to the disk") {
                $0.syncs
            },
            family("weir_archive_deleted_segments_total", .counter, "Segments deleted") { $0.segmentsDeleted },
            family("weir_archive_deleted_bytes_total", .counter, "Bytes of them") { $0.bytesDeleted },
            family("weir_archive_queued_bytes", .gauge, "Chunks that wait for the disk") { Int64($0.queuedBytes) },
            family("weir_archive_failing_streams", .gauge, "Streams that cannot be recorded now") {
                Int64($0.failingStreams)
            },
        ]
    }
}

extension ArchiveStoreFacts.Counters {
    fileprivate init(_ statistics: ArchiveStatistics) {
        self.init(
            writtenBytes: statistics.bytesWritten, deletedBytes: statistics.bytesDeleted,
            deletedSegments: statistics.segmentsDeleted, droppedChunks: statistics.chunksDropped,
            writeErrors: statistics.writeErrors,
            writeSeconds: statistics.writes == 0 ? 0 : statistics.writeTime / .seconds(1) / Double(statistics.writes),
            slowestWriteSeconds: statistics.slowestWrite / .seconds(1))
    }
}

extension TimeRange {
    fileprivate init(_ span: ArchiveSpan) {
        self.init(MediaTime(unixMilliseconds: span.from), MediaTime(unixMilliseconds: span.to))
    }
}

extension ArchiveFacts.Range {
    fileprivate init(_ range: TimeRange, cause: String? = nil) {
        self.init(openedAt: range.start.unixMilliseconds, closedAt: range.end.unixMilliseconds, cause: cause)
    }
}

extension ArchiveLockFacts {
    fileprivate init(_ lock: ProtectedRange) {
        self.init(
            id: lock.id, openedAt: lock.range.start.unixMilliseconds, closedAt: lock.range.end.unixMilliseconds,
            note: lock.note)
    }
}

extension MediaSpan {
    /// Seconds to the millisecond.
    fileprivate var inSeconds: Double { Double(milliseconds) / 1000 }
}
