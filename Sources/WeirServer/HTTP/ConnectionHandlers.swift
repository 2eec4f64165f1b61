// What stands before and behind the HTTP codec on each connection, in front of Hummingbird.
import NIOCore
import Playback

/// The handlers of one connection in their order.
struct ConnectionHandlers {
    /// They see bytes.
    var beforeCodec: [any ChannelHandler] = []
    /// They see requests.
    var behindCodec: [any ChannelHandler]
}

/// The handlers of one connection: what players ask for most, deadlines against slow clients, then the answers to servers and
/// to players.
func connectionHandlers(_ playback: PlaybackService, _ live: M4FService, isSecure: Bool) -> ConnectionHandlers {
    let deadlines = ConnectionDeadlineHandler()
    return ConnectionHandlers(
        beforeCodec: [FastPathHandler(service: playback, deadlines: deadlines, isSecure: isSecure)],
        behindCodec: [
            deadlines, M4FRequestHandler(service: live, isSecure: isSecure),
            MediaRequestHandler(service: playback, isSecure: isSecure),
        ])
}
