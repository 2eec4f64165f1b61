// What stands between the HTTP codec and Hummingbird on each connection.
import NIOCore
import Playback

/// The handlers of one connection: deadlines against slow clients, then the answers to players.
func connectionHandlers(_ playback: PlaybackService, isSecure: Bool) -> [any ChannelHandler] {
    [ConnectionDeadlineHandler(), MediaRequestHandler(service: playback, isSecure: isSecure)]
}
