// Certificates of servers under test.
import Testing

extension MediaTools {
    /// A certificate for 127.0.0.1 that is its own authority.
    static func makeCertificate(_ certificate: String, _ key: String) async throws {
        let maker = try ChildProcess(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=weir test", "-addext", "subjectAltName=IP:127.0.0.1", "-out", certificate, "-keyout", key,
            ])
        #expect(await maker.exitStatus() == 0, "\(maker.output)")
    }
}
