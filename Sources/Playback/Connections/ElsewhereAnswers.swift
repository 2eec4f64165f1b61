// Answers for streams that another server of the group has: a redirect, or that server's answer relayed.
import LiveStream
import NIOCore
import NIOHTTP1

extension MediaRequestHandler {
    /// The stream is on `peer`.
    func answer(
        _ request: MediaRequest, _ route: MediaRoute, of name: String, base: String, peer: String,
        until deadline: NIODeadline, context: ChannelHandlerContext
    ) {
        if request.isRelayed {
            // One hop and no more: the asking server looks again where the stream is.
            let words =
                "The stream '\(name)' is on \(peer), as far as this server knows: a request is relayed once only."
            return finish(
                request, .text(.serviceUnavailable, words, headers: [("Retry-After", "1")]), context: context)
        }
        guard let relay = service.relay, relay.isEnabled else {
            return finish(request, redirect(request, base: base, peer: peer, name: name), context: context)
        }
        switch route {
        case .archive(let part) where part.isLong:
            hand(request, part, of: name, through: relay, peer: peer, until: deadline, context: context)
        case .embedPage: finish(request, FiniteAnswers.page(title: name, request: request), context: context)
        case .transportStream, .fragmentedMP4:
            begin(request, route, of: name, through: relay, peer: peer, until: deadline, context: context)
        default: relayed(request, route, of: name, through: relay, peer: peer, until: deadline, context: context)
        }
    }

    private func relayed(
        _ request: MediaRequest, _ route: MediaRoute, of name: String, through relay: StreamRelay, peer: String,
        until deadline: NIODeadline, context: ChannelHandlerContext
    ) {
        let key = RelayKey(stream: name, route: route)
        if let (made, policy) = relay.kept(key, at: context.eventLoop.now) {
            let answer = MediaAnswer.representation(made, cache: policy, request: request.headers)
            return finish(request, answer, route, of: name, context: context)
        }
        state = .reading
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        relay.fetch(key, target: request.target, from: peer, on: context.eventLoop).whenSuccess { answer in
            let (handler, context) = bound.value
            guard case .reading = handler.state else { return }
            switch answer {
            case .media(let made, let policy):
                let answer = MediaAnswer.representation(made, cache: policy, request: request.headers)
                handler.finish(request, answer, route, of: name, context: context)
            case .refusal(let answer): handler.finish(request, answer, context: context)
            case .unavailable(let reason):
                if handler.answerFromMemory(request, route, of: name, context: context) { return }
                let words = "The stream '\(name)' is on \(peer), which cannot be asked at this moment: \(reason)"
                handler.wait(request, reason: words, retryAfter: 1, until: deadline, context: context)
            }
        }
    }

    /// While a stream moves, its playlist stands still rather than being gone: players ask again.
    func answerFromMemory(
        _ request: MediaRequest, _ route: MediaRoute, of name: String, context: ChannelHandlerContext
    ) -> Bool {
        guard !request.isRelayed, let relay = service.relay, relay.isEnabled,
            let (made, _) = relay.kept(
                RelayKey(stream: name, route: route), at: context.eventLoop.now, isStaleWanted: true)
        else { return false }
        let cache: CachePolicy = route.isPlaylist ? .seconds(1) : .immutable
        let answer = MediaAnswer.representation(made, cache: cache, request: request.headers)
        finish(request, answer, route, of: name, context: context)
        return true
    }

    /// A segment of before the stream came here may still be in memory.
    func relayedBefore(
        _ route: MediaRoute, of name: String, _ request: MediaRequest, _ answer: MediaAnswer
    ) -> MediaAnswer {
        guard answer.status == .notFound, !route.isPlaylist, let relay = service.relay,
            let (made, policy) = relay.kept(RelayKey(stream: name, route: route), at: .now())
        else { return answer }
        return .representation(made, cache: policy, request: request.headers)
    }

    /// All endless viewers of a stream share one connection to the server that has it.
    private func begin(
        _ request: MediaRequest, _ route: MediaRoute, of name: String, through relay: StreamRelay, peer: String,
        until deadline: NIODeadline, context: ChannelHandlerContext
    ) {
        let stream = relay.follow(name, at: request.target.path)
        if !request.isHead, let form = LiveForm(route, stream.window) {
            return begin(request, form, stream, route, context: context)
        }
        if let answer = FiniteAnswers.answer(
            route, request: request, stream: stream, service: service, at: context.eventLoop.now)
        {
            return finish(request, answer, context: context)
        }
        let words = "The stream '\(name)' is on \(peer), which has sent nothing of it yet."
        wait(request, reason: words, retryAfter: 1, until: deadline, context: context)
    }

    private func redirect(_ request: MediaRequest, base: String, peer: String, name: String) -> MediaAnswer {
        let base = scheme == "https" ? service.secureBase(peer) ?? base : base
        switch Redirection.decide(base: base, scheme: scheme, target: request.target) {
        case .location(let location):
            return .text(
                .found, "The stream '\(name)' is on \(peer): \(location)", headers: [("Location", location)])
        case .loop:
            let status = HTTPResponseStatus.custom(code: 508, reasonPhrase: "Loop Detected")
            return .text(
                status,
                "The servers send you in a circle looking for '\(name)'; this one believes it is on \(peer). Try again.",
                headers: [("Retry-After", "2")])
        }
    }
}
