// Starting and stopping the built program: what it says when it cannot start, and that it ends in order.
import Foundation
import NIOHTTP1
import Testing

@Suite(.serialized)
struct StartTests {
    @Test("a broken configuration stops the start with all mistakes and exit status 1")
    func brokenConfiguration() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "weir-test-\(UUID().uuidString).conf")
        try Data("http 8080;\nstream a { input fkae://fake; }\nstream a { }\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        for command in [["check", file.path], ["serve", "--config", file.path]] {
            let child = try ChildProcess(WeirProcess.program, command)
            #expect(await child.exitStatus() == 1)
            #expect(child.output.contains("\(file.path):"))
            #expect(child.output.contains("fkae"))
        }
    }

    @Test("an absent file is named")
    func absentFile() async throws {
        let child = try ChildProcess(WeirProcess.program, ["serve", "--config", "/nowhere/weir.conf"])
        #expect(await child.exitStatus() == 1)
        #expect(child.output.contains("/nowhere/weir.conf"))
        #expect(child.output.lowercased().contains("no such file"))
    }

    @Test("a port in use is named, with what to do")
    func portInUse() async throws {
        let first = try await WeirProcess("stream a { input udp://127.0.0.1:\(FreePort.udp()); }")
        let second = try ChildProcess(
            WeirProcess.program,
            ["serve", "--config", first.configuration.path, "--listen", "127.0.0.1:\(first.port)"])
        #expect(await second.exitStatus() == 1)
        #expect(second.output.contains("127.0.0.1:\(first.port)"))
        #expect(second.output.contains("another program has this port"))
    }

    @Test("--listen, also several times, takes the place of the file's http lines, so that servers share one file")
    func listensWhereItIsTold() async throws {
        let (ofTheFile, second) = (FreePort.tcp(), FreePort.tcp())
        let text = "http 127.0.0.1:\(ofTheFile);"
        let first = try await WeirProcess(text, port: ofTheFile, listens: false)
        // It would not start on the file's line, whose port is taken.
        let other = try await WeirProcess(text, arguments: ["--listen", "127.0.0.1:\(second)"])
        for port in [other.port, second] {
            let answer = try await WebClient.ask("http://127.0.0.1:\(port)/streamer/api/v3/monitoring/readiness")
            #expect(answer.status == 200)
        }
        #expect(first.child.isRunning)
        let wrong = try ChildProcess(WeirProcess.program, ["serve", "--config", "x", "--listen", "here"])
        #expect(await wrong.exitStatus() != 0)
        #expect(wrong.output.contains("--listen here is not HOST:PORT or PORT"), "\(wrong.output)")
    }

    @Test("it may have as many files and sockets as the system permits, whatever the shell that started it may")
    func descriptors() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "weir-test-\(UUID().uuidString).conf")
        try Data().write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let port = FreePort.tcp()
        let words = ["serve", "--config", file.path, "--listen", "127.0.0.1:\(port)", "--log-level", "debug"]
        let child = try ChildProcess(
            "/bin/sh", ["-c", "ulimit -Sn 200 && exec \"$0\" \"$@\"", WeirProcess.program] + words)
        defer { child.stop() }
        try await eventually("the server answers") {
            try #require(child.isRunning, "\(child.output)")
            let answer = try? await WebClient.ask("http://127.0.0.1:\(port)/streamer/api/v3/monitoring/liveness")
            return answer?.status == 200
        }
        let program = try #require(child.program)
        let limits = try String(contentsOfFile: "/proc/\(program)/limits", encoding: .utf8)
        let line = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max open files") })
        let numbers = line.split(separator: " ").compactMap { Int($0) }
        #expect(numbers.count == 2 && numbers[0] == numbers[1] && numbers[0] > 200, "\(line)")
        #expect(child.output.contains("descriptors, 200 before"), "\(child.output)")
    }

    @Test("SIGTERM and the API end the server in order, exit status 0")
    func orderlyEnd() async throws {
        let first = try await WeirProcess("stream a { input udp://127.0.0.1:\(FreePort.udp()); }")
        first.child.signal(SIGTERM)
        #expect(await first.child.exitStatus() == 0)
        let second = try await WeirProcess("stream a { input udp://127.0.0.1:\(FreePort.udp()); }")
        #expect(try await second.get("/streamer/api/v3/stop", method: "POST")?.status == 202)
        #expect(await second.child.exitStatus() == 0)
    }

    @Test("directives of features that this version lacks are reported at start")
    func unavailableFeatures() async throws {
        let server = try await WeirProcess("stream a { input rtsp://127.0.0.1:1/cam; }")
        let notices = try #require(try await server.json("/streamer/api/v3/config")["notices"] as? [String])
        #expect(notices.contains { $0.contains("not available in this version") && $0.contains("rtsp") })
        let told = server.child.output.split(separator: "\n").filter { $0.contains("not available in this version") }
        #expect(told.contains { $0.contains("rtsp") }, "in its log too: \(server.child.output)")
    }

    @Test("a good file passes the check with its remarks, and the version is said")
    func checkAndVersion() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "weir-test-\(UUID().uuidString).conf")
        try Data("http 8080;\nstream a { input rtsp://10.0.0.1/cam; on_play http://127.0.0.1/ask; }\n".utf8)
            .write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let check = try ChildProcess(WeirProcess.program, ["check", file.path])
        #expect(await check.exitStatus() == 0, "\(check.output)")
        for word in ["rtsp", "on_play"] {
            let line = check.output.split(whereSeparator: \.isNewline).first {
                $0.contains(word) && $0.contains("not available in this version")
            }
            #expect(line?.contains("\(file.path):2:") == true, "\(check.output)")
        }
        let version = try ChildProcess(WeirProcess.program, ["--version"])
        #expect(await version.exitStatus() == 0)
        #expect(version.output.contains(#/[0-9]+\.[0-9]+\.[0-9]+/#), "\(version.output)")
    }

    @Test("HEAD is answered like GET, without a body")
    func heads() async throws {
        let server = try await WeirProcess("stream clock { input fake://fake; segment_duration 1; }")
        try await server.waitForMedia(of: "clock")
        let api = "/streamer/api/v3"
        for path in ["\(api)/streams/clock", "\(api)/monitoring/liveness", "/metrics", "/", "/clock/index.m3u8"] {
            let get = try await WebClient.ask(server.base + path)
            let head = try await WebClient.ask(server.base + path, method: "HEAD")
            #expect(head.status == 200 && get.status == 200, "\(path)")
            #expect(head.body.isEmpty && !get.body.isEmpty, "\(path)")
            #expect(head.headers["Content-Type"] == get.headers["Content-Type"], "\(path)")
        }
        let absent = try await WebClient.ask("\(server.base)\(api)/streams/nobody", method: "HEAD")
        #expect(absent.status == 404 && absent.body.isEmpty)
    }

    @Test("an https line serves with its certificate, and curl verifies it")
    func listensWithTLS() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "weir-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (certificate, key) = (folder.path + "/certificate.pem", folder.path + "/key.pem")
        try await MediaTools.makeCertificate(certificate, key)
        let secure = FreePort.tcp()
        let server = try await WeirProcess(
            """
            https 127.0.0.1:\(secure) { certificate \(certificate); key \(key); }
            stream clock { input fake://fake; segment_duration 1; }
            """)
        try await server.waitForMedia(of: "clock")
        for path in ["clock/index.m3u8", "streamer/api/v3/streams"] {
            let curl = try ChildProcess(
                "/usr/bin/curl", ["-sS", "-f", "--cacert", certificate, "https://127.0.0.1:\(secure)/\(path)"])
            #expect(await curl.exitStatus() == 0, "\(path): \(curl.output)")
            #expect(curl.output.contains(path.hasSuffix("m3u8") ? "#EXTM3U" : "clock"))
        }
        // Media over TLS, by a player that was told not to ask for the certificate's origin.
        let complaints = try await MediaTools.complaints(
            playing: "https://127.0.0.1:\(secure)/clock/mpegts", seconds: 2, options: ["-tls_verify", "0"])
        #expect(complaints == "")
        let wrong = try ChildProcess(
            WeirProcess.program,
            ["serve", "--config", server.configuration.path, "--listen", "127.0.0.1:\(FreePort.tcp())"])
        #expect(await wrong.exitStatus() == 1)
        #expect(wrong.output.contains("127.0.0.1:\(secure)"), "\(wrong.output)")
    }

    @Test(
        "a reload shows a certificate that was renewed under the same path; a broken one is refused, and the old one stays"
    )
    func renewsCertificates() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "weir-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (certificate, key) = (folder.path + "/certificate.pem", folder.path + "/key.pem")
        let (old, new) = (folder.path + "/old.pem", folder.path + "/new.pem")
        try await MediaTools.makeCertificate(certificate, key)
        try FileManager.default.copyItem(atPath: certificate, toPath: old)
        let secure = FreePort.tcp()
        let server = try await WeirProcess(
            "https 127.0.0.1:\(secure) { certificate \(certificate); key \(key); } stream clock { input fake://fake; }")
        func isTrusted(_ authority: String) async throws -> Bool {
            let curl = try ChildProcess(
                "/usr/bin/curl",
                ["-sS", "-f", "--cacert", authority, "https://127.0.0.1:\(secure)/streamer/api/v3/streams"])
            return await curl.exitStatus() == 0
        }
        func text(_ answer: WebAnswer) -> String { String(decoding: answer.body, as: UTF8.self) }
        #expect(try await isTrusted(old))

        try await MediaTools.makeCertificate(certificate, key)
        try FileManager.default.copyItem(atPath: certificate, toPath: new)
        #expect(try await !isTrusted(new))
        let reload = try await WebClient.ask("\(server.base)/streamer/api/v3/config/reload", method: "POST")
        #expect(reload.status == 200, "\(text(reload))")
        #expect(text(reload).contains("read anew"), "\(text(reload))")
        #expect(try await isTrusted(new))
        #expect(try await !isTrusted(old))

        // The key of another certificate.
        try await MediaTools.makeCertificate(folder.path + "/other.pem", key)
        let refused = try await WebClient.ask("\(server.base)/streamer/api/v3/config/reload", method: "POST")
        #expect(refused.status == 400, "\(text(refused))")
        #expect(text(refused).contains(certificate), "\(text(refused))")
        #expect(try await isTrusted(new))
    }

    @Test("an IPv6 address is listened on, or it is said that this machine has none")
    func listensOnIPv6() async throws {
        let port = FreePort.tcp()
        let folder = FileManager.default.temporaryDirectory.appending(path: "weir-test-\(UUID().uuidString).conf")
        try Data("http [::1]:\(port);".utf8).write(to: folder)
        defer { try? FileManager.default.removeItem(at: folder) }
        let server = try ChildProcess(WeirProcess.program, ["serve", "--config", folder.path])
        try await eventually("the server answers or ends") {
            if !server.isRunning { return true }
            let answer = try? await WebClient.ask("http://[::1]:\(port)/streamer/api/v3/monitoring/liveness")
            return answer?.status == 200
        }
        if server.isRunning {
            #expect(server.output.contains("http://[::1]:\(port)/"), "\(server.output)")
        } else {
            #expect(server.output.contains("cannot listen on [::1]:\(port)"), "\(server.output)")
        }
        server.stop()
    }
}
