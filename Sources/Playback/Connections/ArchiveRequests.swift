// Answers players' requests for what an archive has: playlists, segments, files of a range, endless catch-up.
import ArchiveStorage
import LiveStream
import NIOCore
import NIOHTTP1
import NIOPosix

extension MediaRequestHandler {
    func isInWindow(
        _ route: MediaRoute, _ request: MediaRequest, _ location: StreamLocation, at now: NIODeadline
    ) -> Bool {
        guard case .here(let stream) = location else { return false }
        let answer = FiniteAnswers.answer(route, request: request, stream: stream, service: service, at: now)
        return answer.map { $0.status != .notFound } ?? false
    }

    func read(
        _ request: MediaRequest, _ route: MediaRoute, of stream: String, from archive: ArchivePlayback,
        otherwise: MediaAnswer, else location: StreamLocation, until deadline: NIODeadline,
        context: ChannelHandlerContext
    ) {
        state = .reading
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        // TLS has to see the bytes, and of a part of a segment only that part is read.
        let wantsFile = scheme == "http" && !request.isHead && !request.headers.contains(name: "range")
        archive.answer(route, of: stream, request: request, wantsFile: wantsFile, on: context.eventLoop).whenComplete {
            let (handler, context) = bound.value
            guard case .reading = handler.state else {
                if case .success(let answer) = $0 { answer?.release() }
                return
            }
            switch $0 {
            case .success(nil), .success(.nothing):
                // What is not recorded here may be where the stream runs.
                if case .elsewhere(let base, let peer) = location {
                    handler.answer(
                        request, route, of: stream, base: base, peer: peer, until: deadline, context: context)
                } else if case .success(.nothing(let answer)?) = $0 {
                    handler.finish(request, answer, context: context)
                } else {
                    handler.finish(request, otherwise, context: context)
                }
            case .success(.made(let answer)?):
                handler.finish(request, answer, route, of: stream, context: context)
            case .success(.file(let answer, let segment)?):
                handler.send(request, answer, segment, context: context)
                handler.count(request, route, bytes: answer.length ?? 0, of: stream, context: context)
            case .success(.body(let answer, let body, let range)?):
                handler.export(request, answer, body, range, threads: archive.threads, context: context)
                handler.count(request, route, bytes: answer.length ?? 0, of: stream, context: context)
            case .failure(let error):
                handler.finish(
                    request, .text(.internalServerError, "The archive of '\(stream)' cannot be read: \(error)"),
                    context: context)
            }
        }
    }

    /// The kernel copies the bytes from the file to the socket.
    func send(
        _ request: MediaRequest, _ answer: MediaAnswer, _ segment: OpenSegment, context: ChannelHandlerContext
    ) {
        let isKept = isKept(request)
        state = isKept ? .idle : .closing
        context.write(wrapOutboundOut(.head(request.responseHead(answer))), promise: nil)
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.whenComplete { _ in segment.close() }
        context.write(wrapOutboundOut(.body(.fileRegion(segment.region))), promise: sent)
        end(isKeepAlive: isKept, context: context)
    }

    func export(
        _ request: MediaRequest, _ answer: MediaAnswer, _ body: ExportBody, _ range: Range<Int64>,
        threads: NIOThreadPool, context: ChannelHandlerContext
    ) {
        guard !request.isHead else { return finish(request, answer, context: context) }
        context.write(wrapOutboundOut(.head(request.responseHead(answer))), promise: nil)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let sender = ExportSender(body, range, threads: threads, context: context, sendsFiles: scheme == "http") {
            isWhole in
            let (handler, context) = bound.value
            let isKept = handler.isKept(request)
            handler.state = isKept && isWhole ? .idle : .closing
            // The length was promised: a client can tell by it that something is missing.
            guard isWhole else { return context.close(promise: nil) }
            handler.end(isKeepAlive: isKept, context: context)
        }
        state = .exporting(sender)
        sender.send()
    }

    func follow(
        _ request: MediaRequest, _ course: ArchiveFollower.Course, of stream: String, _ archive: ArchivePlayback,
        _ store: ArchiveStore, context: ChannelHandlerContext
    ) {
        let (session, counters) = openSession(request, of: stream, .mpegts)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let follower = ArchiveFollower(
            course, archive: archive, store: store, stream: stream, context: context, counters: counters,
            finished: {
                let (handler, context) = bound.value
                handler.abandon()
                handler.end(isKeepAlive: false, context: context)
            })
        state = .following(follower, session: session)
        context.writeAndFlush(
            wrapOutboundOut(.head(request.endlessHead(.transportStream))), promise: nil)
        follower.send()
    }
}
