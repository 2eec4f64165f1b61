// What stands between the HTTP codec and Hummingbird on each connection.
import NIOCore
import Playback

extension WeirServer {
    static func connectionHandlers(
        _ keeper: StreamKeeper, _ sessions: SessionRegistry, _ clocks: SystemClocks, isSecure: Bool
    ) -> [any ChannelHandler & Sendable] {
        []
    }
}
