// Follows one stream wherever it runs, for the endless viewers of this server.
import AsyncHTTPClient
import LiveStream
import Media
import NIOConcurrencyHelpers
import NIOCore

/// Reads the stream's owner and feeds a `RelayedStream`; goes on with the next owner, and with this server itself when the
/// stream comes here. Its viewers stay connected over all that.
final class StreamFollower: Sendable {
    /// Between two looks at where the stream is.
    private static let lookInterval = Duration.milliseconds(100)
    /// An owner that sends nothing for so long is asked anew: players wait longer.
    private static let silence = Duration.seconds(5)
    /// Viewers are told that it is over after so long without media.
    private static let patience = Duration.seconds(60)

    private let stream: RelayedStream
    private let directory: any StreamDirectory
    private let client: RelayClient
    private let place: @Sendable (_ peer: String) -> String?
    private let encodedName: String
    private let stopped = AsyncStream<Void>.makeStream()
    private let lastMedia = NIOLockedValueBox(ContinuousClock.now)
    private let lastBytes = NIOLockedValueBox(ContinuousClock.now)

    /// - Parameter encodedName: the stream's path as a player wrote it, beginning with a slash.
    init(
        stream: RelayedStream, directory: any StreamDirectory, client: RelayClient,
        place: @escaping @Sendable (_ peer: String) -> String?, encodedName: String
    ) {
        self.stream = stream
        self.directory = directory
        self.client = client
        self.place = place
        self.encodedName = encodedName
    }

    /// Nobody watches any more.
    func stop() { stopped.continuation.finish() }

    /// Follows until `stop`, cancellation, or too long without media.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [stopped] in for await _ in stopped.stream {} }
            group.addTask { [self] in await follow() }
            // Whichever ends first ends the other.
            await group.next()
            group.cancelAll()
        }
        stream.end(reason: "the stream is not there any more")
    }

    private func follow() async {
        while !Task.isCancelled, lastMedia.withLockedValue({ $0 }).duration(to: .now) < Self.patience {
            switch directory.locate(stream.name) {
            case .here(let local): await follow(local)
            case .elsewhere(_, let peer): await follow(peer)
            case .starting, .unknown: break
            }
            try? await Task.sleep(for: Self.lookInterval)
        }
    }

    // MARK: Another server

    /// Returns when the connection ends or the stream is elsewhere.
    private func follow(_ peer: String) async {
        guard let base = place(peer) else { return }
        stream.sourceChanged()
        lastBytes.withLockedValue { $0 = .now }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                // What went wrong does not matter: the next look finds who has the stream.
                try? await read("http://\(base)\(encodedName)/live.mp4?tracks=all")
            }
            group.addTask { [self] in
                while !Task.isCancelled, isAt(peer), lastBytes.withLockedValue({ $0 }).duration(to: .now) < Self.silence
                {
                    try? await Task.sleep(for: Self.lookInterval)
                }
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func isAt(_ peer: String) -> Bool {
        switch directory.locate(stream.name) {
        case .elsewhere(_, peer): true
        // Nobody else has it yet: what still comes from there is better than nothing.
        case .starting: true
        case .elsewhere, .here, .unknown: false
        }
    }

    private func read(_ url: String) async throws {
        guard let body = try await client.open(url) else { return }
        var assembler = ChunkAssembler()
        var chunks: [Chunk] = []
        for try await buffer in body {
            lastBytes.withLockedValue { $0 = .now }
            try assembler.receive(buffer, into: &chunks)
            guard !chunks.isEmpty else { continue }
            lastMedia.withLockedValue { $0 = .now }
            for chunk in chunks { stream.take(chunk) }
            chunks.removeAll(keepingCapacity: true)
        }
    }

    // MARK: This server

    private func follow(_ local: any ReadableStream) async {
        stream.sourceChanged()
        let reader = PassingReader(stream) { [lastMedia] in lastMedia.withLockedValue { $0 = .now } }
        let handle = local.attach(reader, kind: .chunks)
        for await _ in reader.ended {}
        handle.detach()
    }
}

/// Hands the chunks of a stream of this server on.
private final class PassingReader: ChunkReader {
    let eventLoop: any EventLoop
    let ended: AsyncStream<Void>
    private let stream: RelayedStream
    private let taken: @Sendable () -> Void
    private let end: AsyncStream<Void>.Continuation

    init(_ stream: RelayedStream, taken: @escaping @Sendable () -> Void) {
        self.stream = stream
        self.taken = taken
        eventLoop = stream.eventLoop
        (ended, end) = AsyncStream.makeStream()
    }

    func receive(_ delivery: ChunkDelivery) {
        taken()
        stream.take(delivery.chunk)
    }

    func streamEnded(reason: String) { end.finish() }
}
