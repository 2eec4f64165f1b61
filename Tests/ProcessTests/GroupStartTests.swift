// What follows from the group's file as a server starts: which peer it is, and where it sends viewers of other servers' streams.
import Foundation
import Testing

@Suite(.serialized)
struct GroupStartTests {
    @Test(
        "which peer a server is: the flag, else the directive, else the machine's name; none of them: no start, and why"
    )
    func identity() async throws {
        var name = [CChar](repeating: 0, count: 256)
        try #require(gethostname(&name, name.count - 1) == 0)
        let machine = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let peers = "cluster_key abcd; peer flussonic { address 127.0.0.1:1; } peer streamer { address 127.0.0.1:2; }"
        let more = "peer \(machine) { address 127.0.0.1:3; }"
        for (text, arguments, own) in [
            ("\(peers) \(more)", [], machine), ("\(peers) \(more) hostname Streamer;", [], "streamer"),
            ("\(peers) hostname streamer;", ["--hostname", "flussonic"], "flussonic"),
        ] {
            let server = try await WeirProcess(text, arguments: arguments)
            let list = try #require(
                try await server.json("/streamer/api/v3/cluster/peers")["peers"] as? [[String: Any]])
            #expect(list.filter { $0["is_self"] as? Bool == true }.map { $0["hostname"] as? String } == [own])
        }
        let file = FileManager.default.temporaryDirectory.appending(path: "weir-test-\(UUID().uuidString).conf")
        try Data("\(peers)\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let lost = try ChildProcess(WeirProcess.program, ["serve", "--config", file.path, "--hostname", "streamr"])
        #expect(await lost.exitStatus() == 1)
        #expect(
            lost.output.contains("this server is 'streamr', but the peers are flussonic, streamer"), "\(lost.output)")
        #expect(lost.output.contains("did you mean 'streamer'?"), "\(lost.output)")
    }

    @Test("who asks with https for another server's stream is sent on with https, who asks with http with http")
    func redirectsKeepTheScheme() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "weir-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (certificate, key) = (folder.path + "/certificate.pem", folder.path + "/key.pem")
        try await MediaTools.makeCertificate(certificate, key)
        // As on two machines with one file: the same port, on two addresses of loopback.
        let (secure, one, two) = (FreePort.tcp(), FreePort.tcp(), FreePort.tcp())
        func configuration(at address: String) -> String {
            """
            https \(address):\(secure) { certificate \(certificate); key \(key); }
            cluster_key abcd; failback immediate;
            peer one { address 127.0.0.1:\(one); }
            peer two { address 127.0.0.1:\(two); }
            stream clock { input fake://fake; segment_duration 1; cluster_ingest capture_at=one; }
            """
        }
        let first = try await WeirProcess(configuration(at: "127.0.0.1"), port: one, arguments: ["--hostname", "one"])
        let second = try await WeirProcess(configuration(at: "127.0.0.2"), port: two, arguments: ["--hostname", "two"])
        try await first.waitForMedia(of: "clock")
        func location(_ base: String) async throws -> String? {
            let curl = try ChildProcess(
                "/usr/bin/curl",
                [
                    "-sSk", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}",
                    "\(base)/clock/index.m3u8?token=a%2Fb",
                ])
            #expect(await curl.exitStatus() == 0, "\(curl.output)")
            let words = curl.output.split(separator: " ")
            return words.first == "302" ? words.last.map(String.init) : nil
        }
        try await eventually("the second server knows where the stream is") {
            try await location(second.base) == "http://127.0.0.1:\(one)/clock/index.m3u8?token=a%2Fb&redirects=1"
        }
        let asked = "https://127.0.0.2:\(secure)"
        #expect(
            try await location(asked) == "https://127.0.0.1:\(secure)/clock/index.m3u8?token=a%2Fb&redirects=1")
        let followed = try ChildProcess("/usr/bin/curl", ["-sSkfL", "\(asked)/clock/index.m3u8"])
        #expect(await followed.exitStatus() == 0 && followed.output.contains("#EXTM3U"), "\(followed.output)")
    }
}
