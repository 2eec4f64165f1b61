// A certificate for 127.0.0.1 that signs itself, made by the system's openssl.
import Foundation
import NIOSSL

struct SelfSignedCertificate {
    /// PEM.
    let path: String
    let keyPath: String

    init(in directory: String) async throws {
        path = "\(directory)/certificate.pem"
        keyPath = "\(directory)/key.pem"
        try await FFmpeg.make(
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=weir test", "-addext", "subjectAltName=IP:127.0.0.1", "-out", path, "-keyout", keyPath,
            ], program: "/usr/bin/openssl")
    }

    /// Of a client that trusts it.
    var client: TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .file(path)
        return configuration
    }

    /// Of a server that has it.
    func server() throws -> TLSConfiguration {
        TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(path).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: keyPath, format: .pem)))
    }
}
