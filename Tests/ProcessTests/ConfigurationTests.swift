// The configuration over the API: checked, applied, kept, restored; alone and on a group; on the disk after a restart.
import Foundation
import Testing

@Suite(.serialized)
struct ConfigurationTests {
    private static let text = """
        # Cameras of the house.
        edit_auth admin s3cret;
        stream clock { input fake://fake; segment_duration 1; }
        stream lost { input tshttp://user:hidden@127.0.0.1:9/; }

        """

    private func revision(_ server: WeirProcess) async throws -> String {
        try #require(try await server.send("GET", "/config/file").json["revision"] as? String)
    }

    @Test("a change is written, survives a restart and can be taken back; secrets neither leave nor get lost")
    func changeAndRestore() async throws {
        let server = try await WeirProcess(Self.text)
        let file = try await server.send("GET", "/config/file").json
        let shown = try #require(file["text"] as? String)
        #expect(shown.contains("# Cameras of the house.") && shown.contains("edit_auth admin ***;"))
        #expect(shown.contains("tshttp://user:***@127.0.0.1:9/"))
        #expect(file["is_in_force"] as? Bool == true)

        let new = shown + "stream second { input fake://fake; segment_duration 1; }\n"
        let check = try await server.send("POST", "/config/check", new, user: "admin:s3cret")
        #expect(check.json["valid"] as? Bool == true)
        #expect(check.json["changes"] as? [String] == ["stream second is added"])
        // The server was started with --listen, which goes before `http` lines.
        let port = try await server.send("POST", "/config/check", shown + "http 9;\n", user: "admin:s3cret")
        #expect(port.json["valid"] as? Bool == true && port.json["changes"] as? [String] == [])

        let refused = try await server.send("PUT", "/config", new)
        #expect(refused.status == 401)
        let applied = try await server.send(
            "PUT", "/config?revision=\(try await revision(server))", new, user: "admin:s3cret")
        #expect(applied.status == 200 && applied.json["changes"] as? [String] == ["stream second added"])
        #expect(
            try String(contentsOf: server.configuration, encoding: .utf8)
                == Self.text + "stream second { input fake://fake; segment_duration 1; }\n")
        try await server.waitForMedia(of: "second")

        let late = try await server.send(
            "PUT", "/config?revision=\(try #require(file["revision"] as? String))", shown, user: "admin:s3cret")
        #expect(late.status == 409 && late.json["error"] as? String == "changed_meanwhile")

        // The next start reads what was applied.
        let again = try await WeirProcess(String(contentsOf: server.configuration, encoding: .utf8))
        #expect(try await again.send("GET", "/streams/second").status == 200)

        let versions = try #require(
            try await server.send("GET", "/config/history").json["versions"] as? [[String: Any]])
        let id = try #require(versions.first?["id"] as? String)
        #expect(applied.json["previous"] as? String == id)
        let version = try await server.send("GET", "/config/history/\(id)").json
        #expect(version["text"] as? String == shown)
        let restored = try await server.send("POST", "/config/history/\(id)/restore", user: "admin:s3cret")
        #expect(restored.status == 200 && restored.json["changes"] as? [String] == ["stream second removed"])
        #expect(try String(contentsOf: server.configuration, encoding: .utf8) == Self.text)
        #expect(try await server.send("GET", "/streams/second").status == 404)

        // Nothing that the API says holds a secret.
        for path in ["/config", "/config/file", "/config/history", "/config/history/\(id)", "/streams", "/events"] {
            let body = try #require(try await server.get("/streamer/api/v3\(path)")).body
            let answer = String(decoding: body, as: UTF8.self)
            #expect(!answer.contains("s3cret") && !answer.contains("hidden@"), "\(path)")
        }
    }

    @Test("a broken text is refused with its place, and nothing changes")
    func brokenText() async throws {
        let server = try await WeirProcess(Self.text)
        let path = server.configuration.path
        for (edited, line, code) in [
            (Self.text + "stream x { inptu fake://fake; }\n", 5, "unknownDirective"),
            (Self.text.replacing("user:hidden@127.0.0.1:9", with: "user:***@10.0.0.9"), 4, "hiddenSecret"),
        ] {
            let answer = try await server.send("PUT", "/config", edited, user: "admin:s3cret")
            #expect(answer.status == 400)
            let first = try #require((answer.json["diagnostics"] as? [[String: Any]])?.first)
            #expect(first["line"] as? Int == line && first["code"] as? String == code)
            #expect((answer.json["message"] as? String)?.hasPrefix("\(path):\(line):") == true)
            #expect(try String(contentsOf: server.configuration, encoding: .utf8) == Self.text)
        }
        let history = try await server.send("GET", "/config/history").json
        #expect((history["versions"] as? [Any])?.isEmpty == true)
        #expect(try await server.send("GET", "/streams").status == 200)
    }

    @Test("a change of the whole group reaches every server's file, a server that cannot take it stops it everywhere")
    func wholeGroup() async throws {
        let group = try WeirGroup("stream clock { input fake://fake; segment_duration 1; }")
        let text = try String(contentsOf: group.configuration, encoding: .utf8)
        var files: [String: URL] = [:]
        for name in WeirGroup.names {
            let file = group.folder.appending(path: "\(name).conf")
            try Data(text.utf8).write(to: file)
            files[name] = file
            try await group.start(name, configuration: file)
        }
        func texts() throws -> [String] {
            try WeirGroup.names.map { try String(contentsOf: try #require(files[$0]), encoding: .utf8) }
        }
        let api = "http://127.0.0.1:\(try #require(group.ports["one"]))/streamer/api/v3"
        let new = text + "stream second { input fake://fake; }\n"
        let applied = try await WeirProcess.send("PUT", "\(api)/config?group=true", new)
        #expect(applied.status == 200, "\(applied.json)")
        let servers = try #require(applied.json["servers"] as? [[String: Any]])
        #expect(servers.allSatisfy { $0["applied"] as? Bool == true } && servers.count == 3, "\(servers)")
        #expect(try texts() == [new, new, new])
        for name in WeirGroup.names {
            let base = "http://127.0.0.1:\(try #require(group.ports[name]))/streamer/api/v3"
            #expect(try await WeirProcess.send("GET", "\(base)/streams/second").status == 200, "\(name)")
        }

        // One server's file is another one: nobody is changed.
        let two = try #require(files["two"])
        try Data((new + "# by hand\n").utf8).write(to: two)
        let refused = try await WeirProcess.send("PUT", "\(api)/config?group=true", text)
        #expect(refused.status == 409 && refused.json["error"] as? String == "refused_by_group")
        #expect((refused.json["message"] as? String)?.hasPrefix("two: ") == true)
        #expect(try texts() == [new, new + "# by hand\n", new])

        // A server that is away keeps its file and is named.
        try Data(new.utf8).write(to: two)
        await group.kill("three")
        let partly = try await WeirProcess.send("PUT", "\(api)/config?group=true", text)
        #expect(partly.status == 200)
        let told = try #require(partly.json["servers"] as? [[String: Any]])
        #expect(told.map { $0["applied"] as? Bool } == [true, true, false])
        #expect(try texts() == [text, text, new])
    }
}
