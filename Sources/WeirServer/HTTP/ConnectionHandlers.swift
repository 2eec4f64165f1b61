// What stands between the HTTP codec and Hummingbird on each connection.
import NIOCore
import Playback

/// The handlers of one connection: deadlines against slow clients, then the answers to servers and to players.
func connectionHandlers(_ playback: PlaybackService, _ live: M4FService, isSecure: Bool) -> [any ChannelHandler] {
    [
        ConnectionDeadlineHandler(), M4FRequestHandler(service: live, isSecure: isSecure),
        MediaRequestHandler(service: playback, isSecure: isSecure),
    ]
}
