// A stream that another server captures, as readers on this server see it: fed with ready chunks.
package import Media
import NIOConcurrencyHelpers
package import NIOCore

/// Fans ready chunks out to readers, like a stream that runs here. Its window is only what new readers begin with: its
/// segments are not those of the stream. May be used from any thread.
package final class RelayedStream: ReadableStream {
    private struct Life {
        var window: LiveWindow
        var readers = FanOut()
        var transportStream = TransportStreamFeed()
        var last: (start: MediaTime, end: MediaTime)?
        var segmentStart: MediaTime?
        /// Nothing of the source that begins has been taken yet.
        var isNewSource = true
        /// It has not sent anything yet.
        var isSilent = true
        /// Nothing is taken before a key frame.
        var awaitsKeyFrame = true
        var isEnded = false
    }

    private struct Published {
        var window: LiveWindow
        var readerCount = 0
    }

    package let name: String
    package var title: String { name }
    package var prefersTransportStreamSegments: Bool { false }
    package let eventLoop: any EventLoop
    private let life: NIOLoopBoundBox<Life>
    private let published: NIOLockedValueBox<Published>

    package init(_ name: String, on eventLoop: any EventLoop) {
        self.name = name
        self.eventLoop = eventLoop
        let window = LiveWindow(limits: .init(segments: 1), segmentDuration: .seconds(1))
        life = NIOLoopBoundBox.makeBoxSendingValue(Life(window: window), eventLoop: eventLoop)
        published = NIOLockedValueBox(Published(window: window))
    }

    package var window: LiveWindow { published.withLockedValue { $0.window } }
    package var windowVersion: UInt64 { published.withLockedValue { $0.window.version } }
    package var readerCount: Int { published.withLockedValue { $0.readerCount } }

    /// Media comes from another server from now on. It begins with a key frame if its stream has any (`LiveWindow.backlog`), so
    /// where it begins without one nobody waits for one.
    package func sourceChanged() {
        eventLoop.execute { [life] in
            life.value.isNewSource = true
            life.value.isSilent = true
            life.value.awaitsKeyFrame = true
        }
    }

    /// The next chunk. What was there already, as two servers give it around a move, is left out.
    package func take(_ chunk: Chunk) {
        eventLoop.execute { [life, published, eventLoop] in
            let waiting = Self.take(chunk, &life.value)
            published.withLockedValue { $0.window = life.value.window }
            guard let waiting else { return }
            eventLoop.scheduleTask(in: ReaderCrowd.patience) { life.value.readers.release(keptSince: waiting) }
        }
    }

    /// Returns what `FanOut.deliver` does.
    private static func take(_ chunk: Chunk, _ life: inout Life) -> UInt64? {
        guard !life.isEnded else { return nil }
        if life.isSilent {
            life.isSilent = false
            life.awaitsKeyFrame = chunk.startsWithKeyFrame
        }
        if let last = life.last {
            // Only another server's media may overlap; within one, the next chunk may begin where rounding put it.
            guard chunk.start > last.start, !life.isNewSource || chunk.start >= last.end else { return nil }
        }
        if life.awaitsKeyFrame, !chunk.startsWithKeyFrame { return nil }
        var chunk = chunk
        // After a change of the source a segment of our own begins at any key frame.
        if chunk.startsSegment || life.isNewSource { life.segmentStart = chunk.start }
        chunk.segmentStart = life.segmentStart ?? chunk.start
        life.isNewSource = false
        life.awaitsKeyFrame = false
        life.last = (chunk.start, chunk.end)
        life.window.append(chunk)
        let packets = life.transportStream.next(
            chunk, isWanted: life.readers.transportStreamReaders > 0,
            oldest: life.window.segments.first?.start ?? chunk.start)
        guard life.readers.readerCount > 0 else { return nil }
        return life.readers.deliver(
            ChunkDelivery(
                chunk: chunk, transportStream: packets,
                startsWithKeyFrame: life.window.canBegin(with: chunk)))
    }

    /// Readers are told that it is over.
    package func end(reason: String) {
        eventLoop.execute { [life, published] in
            life.value.isEnded = true
            life.value.readers.end(reason: reason)
            published.withLockedValue { $0.readerCount = 0 }
        }
    }

    package func attach(_ reader: any ChunkReader, kind: ReaderKind) -> ReaderHandle {
        let number = NIOLockedValueBox<UInt64?>(nil)
        // Counted at once, so that nobody takes the stream for idle meanwhile.
        published.withLockedValue { $0.readerCount += 1 }
        eventLoop.execute { [life, published] in
            let given = Self.attach(reader, kind, &life.value)
            number.withLockedValue { $0 = given }
            published.withLockedValue { $0.readerCount = life.value.readers.readerCount }
        }
        return ReaderHandle { [eventLoop, life, published] in
            eventLoop.execute {
                guard let number = number.withLockedValue({ $0 }) else { return }
                life.value.readers.remove(number)
                published.withLockedValue { $0.readerCount = life.value.readers.readerCount }
            }
        }
    }

    private static func attach(_ reader: any ChunkReader, _ kind: ReaderKind, _ life: inout Life) -> UInt64? {
        guard !life.isEnded else {
            reader.eventLoop.execute { reader.streamEnded(reason: "the stream has stopped") }
            return nil
        }
        let backlog = life.window.backlog
        let packets: [ByteBuffer?] =
            kind == .transportStream
            ? life.transportStream.backlog(backlog) : Array(repeating: nil, count: backlog.count)
        var deliveries: [ChunkDelivery] = []
        for (chunk, packets) in zip(backlog, packets) {
            if kind == .transportStream, packets == nil { continue }
            deliveries.append(
                ChunkDelivery(
                    chunk: chunk, transportStream: packets,
                    startsWithKeyFrame: life.window.canBegin(with: chunk)))
        }
        return life.readers.add(reader, kind: kind, backlog: deliveries)
    }
}
