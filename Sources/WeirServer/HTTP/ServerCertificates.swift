// The certificates of the https ports: read at the start and again with each reload.
import NIOConcurrencyHelpers
import NIOCore
import NIOSSL
import SettingsLanguage

/// What each `https` port shows, as it was last read. A certificate that was renewed under the same path is taken over by a
/// reload: the port stays open, connections stay, and the next handshake shows the new one.
final class ServerCertificates: Sendable {
    /// A certificate with its chain, and its key.
    struct Pair: Equatable, Sendable {
        var chain: [NIOSSLCertificate]
        var key: NIOSSLPrivateKey

        /// - Throws: `LaunchError` when a file cannot be read, is no PEM, or the key is of another certificate.
        init(_ tls: ListenerSettings.TLS) throws {
            do {
                chain = try NIOSSLCertificate.fromPEMFile(tls.certificate)
                key = try NIOSSLPrivateKey(file: tls.key, format: .pem)
                // A key of another certificate shows only here.
                _ = try NIOSSLContext(configuration: configuration)
            } catch {
                throw LaunchError(
                    "cannot use the certificate \(tls.certificate) with the key \(tls.key): \(error); "
                        + "both must be PEM files, the key that of the certificate")
            }
        }

        var configuration: TLSConfiguration {
            .makeServerConfiguration(certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        }

        fileprivate var override: NIOSSLContextConfigurationOverride {
            var override = NIOSSLContextConfigurationOverride()
            override.certificateChain = chain.map { .certificate($0) }
            override.privateKey = .privateKey(key)
            return override
        }
    }

    private let pairs = NIOLockedValueBox<[ListenerSettings.TLS: Pair]>([:])

    /// Reads the files; each handshake shows what was read last.
    ///
    /// - Throws: `LaunchError` as `Pair`.
    func configuration(_ tls: ListenerSettings.TLS) throws -> TLSConfiguration {
        let pair = try Pair(tls)
        pairs.withLockedValue { $0[tls] = pair }
        var configuration = pair.configuration
        configuration.sslContextCallback = { [pairs] _, promise in
            promise.succeed(pairs.withLockedValue { $0[tls]?.override } ?? .noChanges)
        }
        return configuration
    }

    /// Reads the files again; nothing changes yet.
    ///
    /// Returns what is another now. Throws `LaunchError` as `Pair`.
    func renewed(_ ports: some Sequence<ListenerSettings.TLS>) throws -> [ListenerSettings.TLS: Pair] {
        var found: [ListenerSettings.TLS: Pair] = [:]
        for tls in Set(ports) {
            let pair = try Pair(tls)
            if pairs.withLockedValue({ $0[tls] }) != pair { found[tls] = pair }
        }
        return found
    }

    /// From now on these are shown.
    func show(_ renewed: [ListenerSettings.TLS: Pair]) {
        pairs.withLockedValue { $0.merge(renewed) { _, new in new } }
    }
}
