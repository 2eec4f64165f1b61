// What the rooms above ask of the streams: find one by name, read its window, follow its chunks.
package import Ingest
package import Media
package import NIOCore

/// A stream that runs on this server, as its readers see it. All members may be used from any thread.
package protocol ReadableStream: AnyObject, Sendable {
    var name: String { get }
    /// The title of the configuration, else the name.
    var title: String { get }
    /// `hls_container ts`: what `index.m3u8` lists when the player does not say which container it wants.
    var prefersTransportStreamSegments: Bool { get }
    /// The window as it is now; a new value after each chunk.
    var window: LiveWindow { get }
    /// The window's `LiveWindow.version`, without the window.
    var windowVersion: UInt64 { get }
    /// Starts to deliver chunks to `reader` on the reader's own event loop: first all chunks of the window from the start
    /// of the last segment that begins with a key frame, then each new one, none twice, none left out.
    func attach(_ reader: any ChunkReader, kind: ReaderKind) -> ReaderHandle
}

/// Somebody who follows a stream. All methods are called on `eventLoop`.
package protocol ChunkReader: AnyObject, Sendable {
    var eventLoop: any EventLoop { get }
    /// The next chunks; by default each is received on its own.
    func receive(_ batch: DeliveryBatch)
    /// The next chunk in the form that the reader attached for. Returns at once; a reader that cannot keep up drops by
    /// itself and goes on at a chunk that starts with a key frame.
    func receive(_ delivery: ChunkDelivery)
    /// The stream has no media of its own for now: no input delivers, or its filler plays. It goes on when one does.
    func mediaLost(reason: String)
    /// The stream stopped on this server (removed, moved to another). Nothing follows.
    func streamEnded(reason: String)
}

extension ChunkReader {
    package func receive(_ batch: DeliveryBatch) {
        for delivery in batch.deliveries { receive(delivery) }
    }

    /// Players wait, or are shown the filler.
    package func mediaLost(reason: String) {}
}

/// In which form a reader wants the media.
package enum ReaderKind: Hashable, Sendable {
    /// Chunks as they are.
    case chunks
    /// Chunks as they are for another server, each at once: what waits here waits for all viewers there.
    case peer
    /// Additionally muxed to MPEG-TS, once for all readers of this kind.
    case transportStream
}

/// One chunk on its way to readers; the same reference-counted bytes for each of them.
package struct ChunkDelivery: Sendable {
    package var chunk: Chunk
    /// The chunk as MPEG-TS packets; nil for readers of all kinds but `.transportStream`.
    package var transportStream: ByteBuffer?
    /// A reader may begin (or begin again after a loss) here: with a key frame that begins a segment, and with any chunk while
    /// the window has none because the source sends none.
    package var startsWithKeyFrame: Bool
    /// The timeline that the stream is on; nil where it is not known.
    package var timeline: TimelineAnchor?

    package init(
        chunk: Chunk, transportStream: ByteBuffer?, startsWithKeyFrame: Bool, timeline: TimelineAnchor? = nil
    ) {
        self.chunk = chunk
        self.transportStream = transportStream
        self.startsWithKeyFrame = startsWithKeyFrame
        self.timeline = timeline
    }
}

/// Ends a reader's attachment when asked. Harmless when called twice; callable from any thread.
package struct ReaderHandle: Sendable {
    private let detachment: @Sendable () -> Void
    package init(_ detachment: @escaping @Sendable () -> Void) { self.detachment = detachment }
    package func detach() { detachment() }
}

/// Where a stream is, for somebody who asks this server for it.
package enum StreamLocation: Sendable {
    case here(any ReadableStream)
    /// Another server has it: the base of its public address, such as `http://cdn1.example:80`.
    case elsewhere(baseURL: String, peer: String)
    /// Configured, but not running anywhere at this moment. `retryAfter` in seconds.
    case starting(reason: String, retryAfter: Int)
    case unknown
}

/// Finds streams by name. Implemented by the composition root; called on every player request, so it must be fast.
package protocol StreamDirectory: Sendable {
    func locate(_ name: String) -> StreamLocation
}
