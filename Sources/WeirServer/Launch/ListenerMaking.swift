// Puts together what listens: the ports of the configuration, each with the handlers of its connections.
import Hummingbird
import Logging
import NIOCore
import Playback
import SettingsLanguage

extension WeirServer {
    static func listeners(
        _ launch: Launch, responder: RouterResponder<BasicRequestContext>, eventLoops: any EventLoopGroup,
        playback: PlaybackService, live: M4FService
    ) -> ListenerKeeper {
        let quiet = Self.quiet(launch.logger)
        let certificates = ServerCertificates()
        return ListenerKeeper(
            launch.settings.settings.listening(at: launch.listen).effectiveListeners, certificates: certificates,
            logger: quiet
        ) { listener, opened in
            ListenerService(
                listener: listener, responder: responder, certificates: certificates, eventLoops: eventLoops,
                logger: quiet,
                makeConnectionHandlers: { connectionHandlers(playback, live, isSecure: $0) },
                opened: { listener, port in
                    let host = listener.host ?? "127.0.0.1"
                    let scheme = listener.tls == nil ? "http" : "https"
                    let place = HostPort(host: host, port: port).description
                    launch.logger.info("listening", metadata: ["console": "\(scheme)://\(place)/"])
                    opened()
                })
        }
    }
}
