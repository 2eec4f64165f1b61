// Input URLs: their parts, and what is said about wrong ones.
import Ingest
import Testing

@testable import Inputs

struct InputURLTests {
    @Test func parts() throws {
        let url = try InputURL("TShttp://me:se%40cret@[::1]:8080/a%20b/c?token=x")
        #expect(url.scheme == "tshttp")
        #expect(url.userInfo == "me:se%40cret")
        #expect(url.host == "::1")
        #expect(url.port == 8080)
        #expect(url.pathParts == ["a b", "c"])
        #expect(url.query == "token=x")
        #expect(url.description == "tshttp://me:***@[::1]:8080/a%20b/c")
    }

    @Test(arguments: [
        ("239.0.0.1:1234", "no scheme"), ("udp://1.2.3.4:0", "port"), ("udp://1.2.3.4:70000", "port"),
        ("udp://1.2.3.4:x", "port"), ("udp://[::1:5", "bracket"),
    ])
    func refused(_ text: String, _ reason: String) throws {
        let failure = try #require(throws: InputFailure.self) { try InputURL(text) }
        #expect(failure.code == .misconfigured)
        #expect(failure.message.contains(reason), "\(failure)")
    }

    @Test func passwordsAreNotShown() throws {
        let failure = try #require(throws: InputFailure.self) { try InputURL("tshttp://me:secret@h:0/") }
        #expect(!failure.message.contains("secret"))
    }

    @Test(
        arguments: [
            ("udp://239.0.0.1:1234", "239.0.0.1", nil, nil), ("udp://@239.0.0.1:1234", "239.0.0.1", nil, nil),
            ("udp://239.0.0.1:1234/10.0.0.1", "239.0.0.1", nil, "10.0.0.1"),
            ("udp://10.1.1.1@232.0.0.1:1234/eth0", "232.0.0.1", "10.1.1.1", "eth0"),
            ("udp://[ff15::1]:1234/eth0", "ff15::1", nil, "eth0"), ("udp://:1234", "0.0.0.0", nil, nil),
        ] as [(String, String, String?, String?)])
    func endpoint(_ text: String, _ address: String, _ source: String?, _ interface: String?) throws {
        let endpoint = try UDPEndpoint(InputURL(text))
        #expect(endpoint.address == address)
        #expect(endpoint.port == 1234)
        #expect(endpoint.source == source)
        #expect(endpoint.interface == interface)
    }

    @Test(arguments: [
        ("udp://239.0.0.1", "no port"), ("udp://camera:1234", "not a numeric address"),
        ("udp://10.0.0.1:1234/eth0", "only for multicast"), ("udp://1.1.1.1@10.0.0.1:1", "source"),
        ("udp://239.0.0.1:1234/a/b", "at most one part"),
    ])
    func endpointRefused(_ text: String, _ reason: String) throws {
        let failure = try #require(throws: InputFailure.self) { try UDPEndpoint(InputURL(text)) }
        #expect(failure.code == .misconfigured)
        #expect(failure.message.contains(reason), "\(failure)")
    }

    @Test func unknownSchemeNamesTheKnownOnes() throws {
        let loops = try ReceiveLoopGroup(threadCount: 1)
        defer { loops.stop() }
        let inputs = StandardInputs([UDPInput(loops: loops, makeParser: { _ in ByteRecorder() })])
        let failure = try #require(throws: InputFailure.self) {
            _ = try inputs.open(InputRequest(stream: "s", url: "srt://h:9000"), deliver: { _ in })
        }
        #expect(failure.code == .misconfigured)
        #expect(failure.message.contains("srt://") && failure.message.contains("udp://"), "\(failure)")
    }
}
