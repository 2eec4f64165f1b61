// Answers players from archives: looks up, renders and reads on threads of its own.
import Archive
import ArchiveStorage
import CMAF
package import Media
import NIOCore
package import NIOPosix
import Synchronization

/// One for a server; thread-safe. Keeps nothing per viewer.
package final class ArchivePlayback: Sendable {
    /// Behind a range's end by this much, nothing of it can come any more.
    static let settled = MediaSpan.seconds(60)
    /// Length of a playlist that follows live at a distance.
    static let slidingWindow = MediaSpan.seconds(60)

    let directory: any ArchiveDirectory
    let threads: NIOThreadPool
    let now: @Sendable () -> MediaTime
    let numbers = SlidingNumbers()
    let headers = ArchiveHeaders()
    let exports = ExportPlans()

    /// - Parameter threads: where disks are waited for; running.
    package init(
        directory: any ArchiveDirectory, threads: NIOThreadPool, now: @escaping @Sendable () -> MediaTime
    ) {
        self.directory = directory
        self.threads = threads
        self.now = now
    }

    /// Whether an archive may have what the live window has not.
    func mayHave(_ route: MediaRoute, of stream: String) -> Bool {
        switch route {
        case .initialization, .segment, .transportStreamSegment, .cutSegment: directory.store(of: stream) != nil
        default: false
        }
    }

    /// - Parameter wantsFile: a whole segment may be answered as a part of a file.
    /// - Returns: nil when the archive has no such thing.
    func answer(
        _ route: MediaRoute, of stream: String, request: MediaRequest, wantsFile: Bool, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ArchiveAnswer?> {
        guard let store = directory.store(of: stream) else { return eventLoop.makeSucceededFuture(nil) }
        return threads.runIfActive(eventLoop: eventLoop) { [self] in
            switch route {
            case .archive(.export(let form, let from, let until)):
                try export(form, from: from, until: until, of: stream, in: store, request: request)
            case .archive(let part): try playlist(part, of: stream, in: store, request: request)
            case .initialization(let fingerprint, let selection):
                try headers.representation(fingerprint, selection, of: stream, in: store).map {
                    .made(.representation($0, cache: .immutable, request: request.headers))
                }
            case .segment(let start, let selection):
                try segment(start, selection, of: stream, in: store, request: request, wantsFile: wantsFile)
            case .transportStreamSegment(let start):
                try transportStreamSegment(start, of: stream, in: store, request: request)
            case .cutSegment(let start, let end, let container):
                try cutSegment(start, until: end, container, of: stream, in: store, request: request)
            default: nil
            }
        }
    }
}
