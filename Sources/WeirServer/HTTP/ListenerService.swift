// One listening port as a service: opens it, serves until shutdown, and says clearly why it could not open.
import Glibc
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import ServiceLifecycle
import SettingsLanguage

/// Serves one `http` or `https` line of the configuration.
struct ListenerService: Service {
    let listener: ListenerSettings
    let responder: RouterResponder<BasicRequestContext>
    let certificates: ServerCertificates
    let eventLoops: any EventLoopGroup
    let logger: Logger
    let makeConnectionHandlers: @Sendable (_ isSecure: Bool) -> ConnectionHandlers
    /// Called with the port once it is open.
    let opened: @Sendable (ListenerSettings, Int) -> Void

    /// Connections that the system holds until they are taken. Where another server was lost, its viewers come all at once, and
    /// who finds no room tries again a second later. The system may allow fewer (`net.core.somaxconn`).
    private static let backlog = 4096

    func run() async throws {
        do {
            try await application().run()
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw LaunchError(
                "cannot listen on \(listener.place): another program has this port; "
                    + "end it, or choose another port with an http line or --listen")
        } catch let error as IOError {
            throw LaunchError("cannot listen on \(listener.place): \(error)")
        }
    }

    private func application() throws -> Application<RouterResponder<BasicRequestContext>> {
        let isSecure = listener.tls != nil
        let plain = HTTPServerBuilder { responder in
            SharedPortChannel(
                responder: responder, makeHandlers: { makeConnectionHandlers(isSecure) }, isSecure: isSecure)
        }
        let server =
            try listener.tls.map { tls in
                try HTTPServerBuilder.tls(plain, tlsConfiguration: certificates.configuration(tls))
            } ?? plain
        return Application(
            responder: responder, server: server,
            configuration: ApplicationConfiguration(
                address: .hostname(listener.host ?? "0.0.0.0", port: listener.port), serverName: "Weir",
                backlog: Self.backlog),
            onServerRunning: { channel in
                opened(listener, channel.localAddress?.port ?? listener.port)
            },
            eventLoopGroupProvider: .shared(eventLoops), logger: logger)
    }
}
