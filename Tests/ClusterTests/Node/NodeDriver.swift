// Brings one `ClusterNode` to a named state: plays the clock, the peers that it polls and its captures.
@testable import Cluster

/// What a node does that others notice; its polls, answers and wakes are the driver's business.
enum Deed: Equatable, Comparable, CustomStringConvertible {
    case start(String, Epoch, String)
    case stop(String, String)
    case event(ClusterEvent.Kind, String, String)

    static func < (a: Deed, b: Deed) -> Bool { a.description < b.description }

    var description: String {
        switch self {
        case .start(let stream, let epoch, let reason): "start \(stream) \(epoch.value & 0x7FF): \(reason)"
        case .stop(let stream, let reason): "stop \(stream): \(reason)"
        case .event(let kind, let subject, let reason): "\(kind.rawValue) \(subject): \(reason)"
        }
    }
}

/// Another server as the driver plays it.
struct PlayedPeer {
    /// What a poll of it comes to: nil is silence.
    var answers: Result<Void, PollFailure>? = .success(())
    var instance = InstanceID(1)
    var version: UInt64 = 1
    var fingerprint: UInt64?
    var isDraining = false
    var isJoining = false
    var heard: [PeerReport.Heard] = []
    var ready: [PeerReport.Ready] = []
    var records: [String: StreamRecord] = [:]
    var protocolVersion = PeerReport.currentProtocol
}

/// One server `a` of a group, with `fetch_timeout` 1 s and `stale_timeout` 3 s unless a test says otherwise.
struct NodeDriver {
    static let start: Int64 = 1_000_000_000
    var node: ClusterNode
    var peers: [String: PlayedPeer] = [:]
    private(set) var time: Int64 = 0
    private var wakeAt: Int64 = 0
    /// How often it asked to be woken.
    private(set) var wakes = 0
    private(set) var deeds: [Deed] = []
    private(set) var requests: [PollRequest] = []
    private(set) var answers: [(ticket: PollTicket, report: PeerReport)] = []
    /// Streams that a peer knows; all if it is not named.
    var onlyStreams: [String: Set<String>] = [:]

    /// The epoch of the n-th claim on a stream that only servers which started with this one have claimed.
    static func epoch(_ count: UInt64) -> Epoch { Epoch(UInt64(start * 1000) << 11 + count) }

    /// - Parameter heard: whether the other peers have answered already, so that joining is over.
    init(_ settings: ClusterSettings, heard: Bool = true) {
        node = ClusterNode(settings: settings, instance: InstanceID(99), software: "test", at: Self.moment(0))
        for peer in settings.peers where peer.id != settings.own { peers[peer.id.text] = PlayedPeer() }
        if heard { handle(.wake) }
    }

    static func settings(
        _ names: String..., streams: [ClusterStream] = [ClusterStream(name: StreamName("cam"), captureAt: PeerID("a"))],
        change: (inout ClusterSettings) -> Void = { _ in }
    ) -> ClusterSettings {
        var settings = ClusterSettings(
            own: PeerID("a"),
            peers: names.map { ClusterPeer(id: PeerID($0), fetchTimeout: .seconds(1), staleTimeout: .seconds(3)) },
            streams: streams, failback: .immediate)
        change(&settings)
        return settings
    }

    private static func moment(_ milliseconds: Int64) -> Moment {
        Moment(
            monotonic: MonotonicTime(microseconds: milliseconds * 1000),
            wall: WallTime(milliseconds: start * 1000 + milliseconds))
    }

    /// The deeds since the last call.
    mutating func take() -> [Deed] {
        defer { deeds = [] }
        return deeds
    }

    mutating func takeRequests() -> [PollRequest] {
        defer { requests = [] }
        return requests
    }

    /// Lets time pass; the node is woken when it asked for it.
    mutating func run(_ milliseconds: Int64) {
        let end = time + milliseconds
        while wakeAt <= end {
            time = max(time + 1, wakeAt)
            guard time <= end else { break }
            handle(.wake)
        }
        time = end
    }

    /// The process stands still: time passes and nothing happens.
    mutating func standStill(_ milliseconds: Int64) { time += milliseconds }

    /// A peer tells something new: polls that wait for it are answered now.
    mutating func tell(_ name: String, _ change: (inout PlayedPeer) -> Void) {
        guard var peer = peers[name] else { return }
        change(&peer)
        peer.version += 1
        peers[name] = peer
        run(1100)
    }

    mutating func handle(_ event: NodeEvent) {
        var polls: [PollRequest] = []
        for effect in node.handle(event, at: Self.moment(time)) {
            switch effect {
            case .poll(let request): polls.append(request)
            case .answer(let ticket, let report): answers.append((ticket, report))
            case .wake(let at):
                wakeAt = (at.microseconds + 999) / 1000
                wakes += 1
            case .startCapture(let stream, let epoch, let reason, _): deeds.append(.start(stream.text, epoch, reason))
            case .stopCapture(let stream, let reason): deeds.append(.stop(stream.text, reason))
            case .event(let event):
                deeds.append(.event(event.kind, event.stream?.text ?? event.peer?.text ?? "", event.reason))
            }
        }
        requests += polls
        for poll in polls { if let result = peers[poll.peer.text]?.answers { answer(poll, result) } }
    }

    /// Answers a poll that was left waiting, and only that.
    mutating func answerNow(_ poll: PollRequest) { answer(poll, .success(())) }

    private mutating func answer(_ poll: PollRequest, _ answer: Result<Void, PollFailure>) {
        guard let peer = peers[poll.peer.text] else { return }
        switch answer {
        case .failure(let failure): handle(.pollFailed(poll.peer, poll.id, failure))
        case .success:
            let isKnown = poll.known.instance == peer.instance
            handle(
                .pollAnswered(
                    poll.peer, poll.id,
                    PeerReport(
                        protocolVersion: peer.protocolVersion, sender: poll.peer, instance: peer.instance,
                        software: "test", fingerprint: peer.fingerprint ?? node.settings.fingerprint,
                        wall: Self.start * 1000 + time, held: 0, version: peer.version,
                        since: isKnown ? poll.known.version : 0, isDraining: peer.isDraining,
                        isJoining: peer.isJoining, load: PeerLoad(), heard: peer.heard, ready: peer.ready,
                        records: known(to: poll.peer.text).map { stream in
                            .init(stream: stream, record: peer.records[stream.text] ?? .free)
                        })))
        }
    }

    private func known(to peer: String) -> [StreamName] {
        node.settings.streams.map(\.name).filter { onlyStreams[peer]?.contains($0.text) ?? true }
    }

    // MARK: - What captures say

    mutating func media(_ stream: String) { handle(.captureChanged(StreamName(stream), .running)) }
    mutating func noMedia(_ stream: String, _ reason: String) {
        handle(.captureChanged(StreamName(stream), .failing(reason)))
    }
    mutating func stopped(_ stream: String, reason: String? = nil) {
        handle(.captureStopped(StreamName(stream), reason: reason))
    }

    // MARK: - What is known

    func record(_ stream: String) -> StreamRecord {
        node.report(since: .nothing, held: .zero).records.first { $0.stream.text == stream }?.record ?? .free
    }

    /// A claim of a peer in the life that it is played in.
    static func running(_ peer: String, _ epoch: Epoch, isIsolated: Bool = false) -> StreamRecord {
        StreamRecord(
            epoch: epoch, holder: PeerID(peer), instance: InstanceID(1), revision: 0, phase: .running, successor: nil,
            reason: "test", since: 0, isIsolated: isIsolated, givenUp: [], continuation: nil)
    }
}
