// A running stream as the rest of the house sees it: thread-safe face of a life that happens on one event loop.
package import Ingest
package import Media
import NIOConcurrencyHelpers
package import NIOCore

/// A live stream that runs on this server.
///
/// Everything that changes it happens on its event loop, in `StreamLife`; window and status are published from there as
/// immutable values.
package final class LiveStream: ReadableStream {
    package let name: String
    package let eventLoop: any EventLoop
    private let life: NIOLoopBoundBox<StreamLife?>
    private let published: NIOLockedValueBox<PublishedStream>

    /// What the stream needs from outside.
    package struct Environment: Sendable {
        package var opener: any InputOpener
        /// Monotonic time since any origin.
        package var monotonic: @Sendable () -> Duration
        package var utc: @Sendable () -> MediaTime
        /// Called on the stream's event loop.
        package var report: @Sendable (StreamEvent) -> Void
        /// Called on the stream's event loop with each chunk, for the archive.
        package var chunkMade: (@Sendable (Chunk, _ isFiller: Bool) -> Void)?
        /// How long the socket of an input that was ended is waited for at the longest, before its source may be opened anew.
        package var closingPatience = TimeAmount.seconds(2)

        package init(
            opener: any InputOpener, monotonic: @escaping @Sendable () -> Duration,
            utc: @escaping @Sendable () -> MediaTime, report: @escaping @Sendable (StreamEvent) -> Void,
            chunkMade: (@Sendable (Chunk, _ isFiller: Bool) -> Void)? = nil
        ) {
            self.opener = opener
            self.monotonic = monotonic
            self.utc = utc
            self.report = report
            self.chunkMade = chunkMade
        }
    }

    /// Starts the stream's life on `eventLoop`, which each event of an input wakes.
    package convenience init(
        _ definition: LiveStreamDefinition, on eventLoop: any EventLoop, environment: Environment,
        continuing continuation: StreamContinuation? = nil
    ) {
        self.init(definition, at: InputMailbox(eventLoop), environment: environment, continuing: continuation)
    }

    /// Starts the stream's life on the event loop of `mailbox`, which it shares with other streams.
    package init(
        _ definition: LiveStreamDefinition, at mailbox: InputMailbox, environment: Environment,
        continuing continuation: StreamContinuation? = nil
    ) {
        name = definition.name
        let eventLoop = mailbox.eventLoop
        self.eventLoop = eventLoop
        let published = NIOLockedValueBox(
            PublishedStream(
                title: definition.title,
                prefersTransportStreamSegments: definition.prefersTransportStreamSegments,
                window: LiveWindow(limits: definition.windowLimits, segmentDuration: definition.segmentDuration)))
        self.published = published
        let life = NIOLoopBoundBox<StreamLife?>.makeEmptyBox(valueType: StreamLife.self, eventLoop: eventLoop)
        self.life = life
        eventLoop.execute {
            let started = StreamLife(
                definition, mailbox: mailbox, environment: environment, continuing: continuation, published: published)
            life.value = started
            started.start()
        }
    }

    package var title: String { published.withLockedValue { $0.title } }
    package var prefersTransportStreamSegments: Bool {
        published.withLockedValue { $0.prefersTransportStreamSegments }
    }
    package var window: LiveWindow { published.withLockedValue { $0.window } }
    package var windowVersion: UInt64 { published.withLockedValue { $0.window.version } }
    package var status: LiveStreamStatus { published.withLockedValue { $0.status } }

    package func attach(_ reader: any ChunkReader, kind: ReaderKind) -> ReaderHandle {
        let number = NIOLockedValueBox<UInt64?>(nil)
        eventLoop.execute { [life] in
            let given = life.value?.attach(reader, kind: kind)
            number.withLockedValue { $0 = given }
        }
        // Detaching goes the same way as attaching, so it comes after it and finds the number.
        return ReaderHandle { [eventLoop, life] in
            eventLoop.execute {
                if let number = number.withLockedValue({ $0 }) { life.value?.detach(number) }
            }
        }
    }

    /// Applies a changed configuration of the same name. Readers stay; inputs that changed are opened anew.
    package func update(_ definition: LiveStreamDefinition) {
        eventLoop.execute { [life] in
            life.value?.readLetters()
            life.value?.update(definition)
        }
    }

    /// Ends the stream: inputs are closed and readers told. The future is done when no chunk will come any more and no source
    /// is read any more, or when the environment's patience with a socket that does not close is over.
    @discardableResult
    package func stop(reason: String) -> EventLoopFuture<Void> {
        eventLoop.flatSubmit { [eventLoop, life] in
            // What was received before belongs to the stream.
            life.value?.readLetters()
            let promise = eventLoop.makePromise(of: Void.self)
            if let life = life.value { life.stop(reason: reason) { promise.succeed() } } else { promise.succeed() }
            return promise.futureResult
        }
    }
}

/// What `StreamLife` publishes for other threads.
struct PublishedStream: Sendable {
    var title: String
    var prefersTransportStreamSegments: Bool
    var window: LiveWindow
    var status = LiveStreamStatus()
}
