// A server in memory that has something to show for every field of the API.
import Hummingbird
import NIOConcurrencyHelpers

@testable import ManagementAPI

/// Answers with fixed facts and remembers what it was asked to do.
final class RichServer: ManagedServer {
    let access: APIAccess
    let events: EventLog
    private let draining = NIOLockedValueBox<Bool?>(nil)
    private let stops = NIOLockedValueBox(0)
    private let notReady: String?
    private let reloadProblem: Problem?

    private let hasFile: Bool

    init(
        access: APIAccess = APIAccess(), notReady: String? = nil, reloadProblem: Problem? = nil, hasFile: Bool = true
    ) {
        self.hasFile = hasFile
        self.access = access
        self.notReady = notReady
        self.reloadProblem = reloadProblem
        let clock = NIOLockedValueBox<Int64>(1_700_000_000_000)
        events = EventLog(server: "streamer", capacity: 100) {
            clock.withLockedValue {
                $0 += 1000
                return $0
            }
        }
        events.record("stream_started", stream: "cam01", reason: "it is in the configuration")
        events.record("peer_lost", peer: "flussonic", reason: "silent for 3.1 s")
        events.record("input_switched", stream: "news/hd", peer: "streamer", reason: "no frames for 5 s")
    }

    var asked: (draining: Bool?, stops: Int) {
        (draining.withLockedValue { $0 }, stops.withLockedValue { $0 })
    }

    func streams() -> [StreamFacts] {
        [
            StreamFacts(
                name: "cam01", title: "Door \"1\"", inputs: [input(0, "playing"), input(1, "failed")],
                stats: stats(.running, bitrate: 4000)),
            StreamFacts(
                name: "news/hd", title: "News", inputs: [input(0, "standby")], stats: stats(.waiting, bitrate: 500)),
            StreamFacts(name: "cam10", title: "Gate", inputs: [], stats: stats(.error, bitrate: 1000)),
        ]
    }

    private func input(_ index: Int, _ state: String) -> InputFacts {
        InputFacts(
            index: index, url: "udp://239.0.0.1:1234", priority: index + 1, state: state,
            trouble: state == "failed" ? "no such host" : nil, bytes: 1_000_000, packets: 5319, kernelDrops: 1,
            lostPackets: 2, repeatedPackets: 3, damagedFrames: 4, resyncs: 5, psiErrors: 6, scrambledPackets: 7,
            retries: 8, lostByPID: ["256": 2], damagedByPID: ["256": 4])
    }

    private func stats(_ status: StreamStats.Status, bitrate: Int) -> StreamStats {
        let isRunning = status == .running
        return StreamStats(
            status: status, alive: isRunning, bitrate: bitrate, runningOn: ["streamer"],
            activeInput: isRunning ? "udp://239.0.0.1:1234" : nil,
            tracks: [
                TrackFacts(
                    id: 1, content: "video", title: "H.264 1280×720", codec: "avc1.64001f", width: 1280, height: 720,
                    language: nil),
                TrackFacts(
                    id: 2, content: "audio", title: "AAC", codec: "mp4a.40.2", width: nil, height: nil, language: "deu"),
                TrackFacts(
                    id: 3, content: "data", title: "SCTE-35", codec: nil, width: nil, height: nil, language: nil),
            ], viewers: 3, firstTime: isRunning ? 1_700_000_000_000 : nil,
            lastTime: isRunning ? 1_700_000_020_000 : nil, inputSwitches: 2, secondsOnPrimary: 100.5,
            secondsOnOthers: 10, secondsWithoutData: 1.25, windowBytes: 2_000_000,
            archiveSeconds: isRunning ? 3600.5 : nil, reason: "input 1 delivers")
    }

    func stream(_ name: String) -> StreamFacts? {
        guard var found = streams().first(where: { $0.name == name }) else { return nil }
        found.lastEvents = events.newest(limit: 20, stream: name)
        found.cluster = PlacementFacts(
            owner: "streamer", epoch: 7, since: 1_700_000_000_000, reason: "capture_at",
            moves: [
                .init(time: 1_700_000_000_000, from: "flussonic", to: "streamer", epoch: 7, reason: "silent for 3.1 s")
            ])
        found.stats.dvrReplication = 97
        found.stats.dvrReplicationRunning = true
        found.replication = ReplicationFacts(
            mode: "recovery", since: 1_700_000_000_000, reason: "120 s are missing and being fetched",
            peers: [
                .init(
                    peer: "m4f://flussonic/cam01", state: "catching_up", remaining: 120.5, remainingBytes: 60_000_000,
                    fetched: 10, fetchedBytes: 5_000_000, fetchedSegments: 2, refusedSegments: 1, rate: 1_000_000,
                    timeToGo: 60, lastError: "it refuses connections", inSyncAt: 1_700_000_000_000,
                    clockDifference: -1500)
            ])
        return found
    }

    func sessions() -> [SessionFacts] {
        (1...25).map {
            SessionFacts(
                id: "s\($0)", name: "cam01", proto: "hls", ip: "127.0.0.1", userAgent: $0 == 1 ? "VLC/3" : nil,
                openedAt: 1_700_000_000_000, bytes: UInt64($0) * 1000, skips: 0)
        }
    }

    func serverFacts() -> ServerFacts {
        ServerFacts(
            hostname: "streamer", version: "0.1.0", instanceID: "a1b2", uptime: 12.5, now: 1_700_000_000_000, cpu: 3.25,
            memory: 50_000_000, streams: 3, streamsAlive: 1, clients: 25, inputKbit: 4000, outputKbit: 100_000)
    }

    func peers() -> [PeerFacts] {
        [
            PeerFacts(
                hostname: "streamer", isSelf: true, state: "alive", error: nil, apiURL: "http://streamer:8081",
                publicPayloadURL: "http://cdn.example", fetchTimeout: 1000, staleTimeout: 3000, lastHeard: 20,
                roundTrip: 0.5, clockDifference: -1.5, hears: ["flussonic"], stats: serverFacts()),
            PeerFacts(
                hostname: "flussonic", isSelf: false, state: "dead", error: "connection refused",
                apiURL: "http://flussonic:8080", publicPayloadURL: nil, fetchTimeout: 1000, staleTimeout: 3000,
                lastHeard: nil, roundTrip: nil, clockDifference: nil, hears: [], stats: nil),
        ]
    }

    func config() -> ConfigFacts {
        ConfigFacts(path: "weir.conf", text: "cluster_key ***;\n", notices: ["weir.conf:1:1: notice: …"])
    }

    func metrics() -> [MetricFamily] {
        [MetricFamily("weir_extra_total", .counter, help: "Handed in", samples: [.init(1)])]
    }

    func unreadiness() -> String? { notReady }

    func reload() async throws -> ReloadFacts {
        if let reloadProblem { throw reloadProblem }
        return ReloadFacts(changes: ["stream cam01 changed"], notices: ["weir.conf:1:1: notice: …"])
    }

    func stop() async { stops.withLockedValue { $0 += 1 } }

    func setDraining(_ value: Bool) async throws { draining.withLockedValue { $0 = value } }

    /// The API over this server, for `HummingbirdTesting`.
    var application: some ApplicationProtocol {
        let router = Router()
        APIRoutes.add(
            to: router, server: self, archives: RichArchives(), configuration: RichConfiguration(hasFile: hasFile),
            group: RichGroup(server: self))
        return Application(router: router)
    }
}
