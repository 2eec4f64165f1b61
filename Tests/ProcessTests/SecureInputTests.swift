// m4fs://: live media and archive of another server over TLS, whose certificate is verified.
import Foundation
import Testing

@Suite(.serialized)
struct SecureInputTests {
    /// Where the system's trusted certificates are.
    private static let trusted = "/etc/ssl/certs/ca-certificates.crt"
    /// Another file is trusted in a mount namespace only: needs root.
    private static let isPermitted: Bool = {
        guard getuid() == 0, FileManager.default.fileExists(atPath: trusted) else { return false }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["unshare", "-m", "mount", "--bind", trusted, trusted]
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    @Test(
        "a certificate that is not trusted is refused, a trusted one brings media and archive",
        .enabled(if: isPermitted))
    func mediaAndArchiveOverTLS() async throws {
        let secure = FreePort.tcp()
        let stream = ReplicationTests.stream
        var certificate = ""
        let pair = try WeirPair { name, _, root in
            let folder = URL(filePath: root).deletingLastPathComponent().path
            if name == "main" { certificate = "\(folder)/certificate.pem" }
            let https = "https 127.0.0.1:\(secure) { certificate \(folder)/certificate.pem; key \(folder)/key.pem; }"
            return """
                cluster_key abcd;
                \(name == "main" ? https : "")
                stream \(stream) {
                  input \(name == "main" ? "fake://fake" : "m4fs://127.0.0.1:\(secure)/\(stream)");
                  dvr \(root) 1h \(name == "main" ? "" : "replicate") sync=1;
                  segment_duration 1;
                }
                """
        }
        let openssl = try ChildProcess(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=weir test", "-addext", "subjectAltName=IP:127.0.0.1", "-out", certificate, "-keyout",
                URL(filePath: certificate).deletingLastPathComponent().path + "/key.pem",
            ])
        try #require(await openssl.exitStatus() == 0, "\(openssl.output)")
        try await pair.start("main")
        try await ReplicationTests().recorded(4, on: "main", of: pair)
        try await pair.start("replica")
        try await eventually("the certificate is refused") {
            let inputs = await pair.json("replica", "streams/\(stream)")?["inputs"] as? [[String: Any]]
            return (inputs?.first?["trouble"] as? String)?.lowercased().contains("certificate") ?? false
        }
        #expect(await pair.duration(of: stream, on: "replica") == 0)
        await pair.stop("replica")
        try await pair.start(
            "replica",
            after: [
                "/usr/bin/env", "unshare", "-m", "sh", "-c",
                "mount --bind \(certificate) \(Self.trusted) && exec \"$@\"", "sh",
            ])
        try await ReplicationTests().recorded(4, on: "replica", of: pair)
        let from = try #require(await pair.json("main", "streams/\(stream)/dvr/ranges")?["from"] as? Int)
        let line: String
        do { line = try await ReplicationTests().equal(pair, from: Int64(from)) } catch {
            throw await pair.told(error, of: stream)
        }
        #expect(!line.contains(" 0 segments"))
    }
}
