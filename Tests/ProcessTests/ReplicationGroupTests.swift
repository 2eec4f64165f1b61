// Three built servers whose archives make each other whole: a stream of the group, and a ring of inputs.
import Foundation
import Testing

@Suite(.serialized)
struct ReplicationGroupTests {
    /// The archives of one stream on three servers, each on a disk of its own.
    private final class Archives {
        static let stream = "cam"
        let group: WeirGroup
        let files: [String: URL]

        /// - Parameters:
        ///   - text: of the file of a server, from the ports of all. The line `dvr` is added to the stream.
        ///   - archive: more options of the line `dvr`.
        init(
            _ text: (_ name: String, _ ports: [String: Int]) -> String, archive: String = "", isGroup: Bool,
            network: TestNetwork? = nil
        ) throws {
            let group = try WeirGroup("stream \(Self.stream) { input fake://fake; }", network: network)
            self.group = group
            let head = try String(contentsOf: group.configuration, encoding: .utf8).components(separatedBy: "stream ")[
                0]
            var files: [String: URL] = [:]
            for name in WeirGroup.names {
                let root = group.folder.appending(path: "dvr-\(name)")
                try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
                let file = group.folder.appending(path: "\(name).conf")
                let stream = """
                    stream \(Self.stream) {
                      \(text(name, group.ports))
                      segment_duration 1;
                      dvr \(root.path) 1h replicate \(archive) sync=1;
                    }
                    """
                try Data(((isGroup ? head : "cluster_key abcd;\n") + stream).utf8).write(to: file)
                files[name] = file
            }
            self.files = files
        }

        func start(_ name: String) async throws { try await group.start(name, configuration: files[name]) }

        private func facts(_ name: String, _ part: String = "/dvr/ranges") async -> [String: Any] {
            guard let answer = await group.get(name, "/streamer/api/v3/streams/\(Self.stream)\(part)") else {
                return [:]
            }
            return (try? JSONSerialization.jsonObject(with: answer.body)) as? [String: Any] ?? [:]
        }

        /// How a server's archive stands to those of the others.
        func states(_ name: String) async -> [String] {
            let replication = await facts(name, "")["replication"] as? [String: Any]
            return (replication?["peers"] as? [[String: Any]] ?? []).compactMap { $0["state"] as? String }
        }

        /// Waits until a server has so many seconds more of media.
        func grows(_ name: String, by seconds: Double) async throws {
            let before = (await facts(name)["duration"] as? NSNumber)?.doubleValue ?? 0
            try await eventually("\(name) has \(seconds) s more") {
                (await self.facts(name)["duration"] as? NSNumber)?.doubleValue ?? 0 >= before + seconds
            }
        }

        /// Seconds of UTC of begin and end.
        func range(_ name: String) async throws -> (from: Int64, to: Int64) {
            let ranges = try #require(await facts(name)["ranges"] as? [[String: Any]])
            return (
                Int64(try #require(ranges.first?["opened_at"] as? Int)) / 1000,
                Int64(try #require(ranges.last?["closed_at"] as? Int)) / 1000
            )
        }

        /// Who captured what, and whether it was fetched.
        func origins(_ name: String) async -> [(origin: String, isFetched: Bool)] {
            (await facts(name)["origins"] as? [[String: Any]] ?? []).map {
                ($0["origin"] as? String ?? "", $0["fetched"] as? Bool ?? false)
            }
        }

        /// Waits until `weir archive digest` prints the same line for all three, and something is in it.
        func agree(from: Int64, to: Int64) async throws {
            var lines: [String?] = []
            do {
                try await eventually("the archives agree") {
                    lines = []
                    for name in WeirGroup.names {
                        let child = try ChildProcess(
                            WeirProcess.program,
                            [
                                "archive", "digest", group.folder.appending(path: "dvr-\(name)").path, Self.stream,
                                "\(from)", "\(to)",
                            ])
                        lines.append(await child.exitStatus() == 0 ? child.output : nil)
                    }
                    return Set(lines).count == 1 && lines[0]?.contains(" 0 segments") == false
                }
            } catch {
                var text = "\(error): \(from) to \(to): \(lines)"
                for name in WeirGroup.names { text += "\n\(name): \(await facts(name))\n\(group.output(of: name))" }
                throw TestFailure(text)
            }
        }
    }

    /// «A cluster_ingest stream with `dvr … replicate` needs no `m4f://` lines»
    @Test("the archive of a stream of the group follows it: later owners fetch what former owners recorded")
    func theArchiveFollowsTheStream() async throws {
        let archives = try Archives({ _, _ in "input fake://fake; cluster_ingest;" }, isGroup: true)
        for name in WeirGroup.names { try await archives.start(name) }
        let first = try #require(try await archives.group.settled([Archives.stream])[Archives.stream])
        try await archives.grows(first, by: 4)
        let from = try await archives.range(first).from
        await archives.group.kill(first)
        let left = WeirGroup.names.filter { $0 != first }
        let second = try #require(try await archives.group.settled([Archives.stream], on: left)[Archives.stream])
        try await archives.grows(second, by: 6)
        let to = try await archives.range(second).to
        try await archives.start(first)
        try await archives.agree(from: from, to: to)
        #expect(await archives.origins(first).contains { $0.origin == second && $0.isFetched })
        #expect(await archives.origins(second).contains { $0.origin == first && $0.isFetched })
    }

    /// Each server has an address of its own, as the port is the same on all.
    @Test("with replication_port archives are given and asked for at that port", .enabled(if: TestNetwork.isPermitted))
    func aPortOfItsOwn() async throws {
        let network = try TestNetwork()
        let (port, stream) = (FreePort.tcp(), Archives.stream)
        let archives = try Archives(
            { name, ports in
                let source = "m4f://\(network.address(of: "one")):\(ports["one"] ?? 0)/\(stream)"
                return "input \(name == "one" ? "fake://fake" : source);"
            }, archive: "replication_port=\(port)", isGroup: false, network: network)
        try await archives.start("one")
        try await archives.grows("one", by: 4)
        try network.cutRequests(from: "two", to: "one", port: port)
        try await archives.start("two")
        // Live comes at the other port.
        try await archives.grows("two", by: 4)
        try await eventually("two cannot ask for the archive") { await archives.states("two") == ["unreachable"] }
        #expect(await archives.origins("two").allSatisfy { !$0.isFetched })
        try network.heal()
        try await eventually("two fetches what one recorded before") {
            await archives.origins("two").contains { $0.isFetched && $0.origin == "one" }
        }
        let base = "http://\(network.address(of: "one")):\(port)"
        #expect(try await WebClient.ask("\(base)/weir/m4f/1/archive", method: "POST").status == 401)
        #expect(try await WebClient.ask("\(base)/\(stream)/index.m3u8").status == 404)
    }

    /// Each asks the next only; what the third recorded comes to the first by way of the second.
    @Test("three servers in a ring: what one recorded alone comes to all, both ways round at once")
    func aRing() async throws {
        let names = WeirGroup.names
        let archives = try Archives(
            { name, ports in
                let next = names[((names.firstIndex(of: name) ?? 0) + 1) % names.count]
                return "input fake://fake; input m4f://127.0.0.1:\(ports[next] ?? 0)/\(Archives.stream);"
            }, isGroup: false)
        var bounds: [(from: Int64, to: Int64)] = []
        // Each records alone for a while.
        for name in names {
            try await archives.start(name)
            try await archives.grows(name, by: 5)
            bounds.append(try await archives.range(name))
            await archives.group.kill(name)
        }
        for name in names { try await archives.start(name) }
        let (from, to) = (bounds.map(\.from).min() ?? 0, bounds.map(\.to).max() ?? 0)
        try await archives.agree(from: from, to: to)
        for name in names {
            let origins = await archives.origins(name).filter(\.isFetched).map(\.origin)
            #expect(Set(origins).isSuperset(of: Set(names).subtracting([name])))
        }
    }
}
