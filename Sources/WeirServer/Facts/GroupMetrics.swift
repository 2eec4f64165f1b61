// The group in numbers. Names and units: docs/metrics.md.
import Cluster
import ManagementAPI
import PeerLink
import SettingsLanguage

extension ServerGroup {
    var metrics: [MetricFamily] {
        let snapshot = service.snapshot
        return groupFamilies(snapshot) + peerFamilies(snapshot) + pollFamilies(snapshot)
    }

    private func groupFamilies(_ snapshot: ClusterSnapshot) -> [MetricFamily] {
        func one(_ name: String, _ help: String, _ value: Int) -> MetricFamily {
            MetricFamily(name, .gauge, help: help, samples: [.init(Double(value))])
        }
        func perStream(
            _ name: String, _ help: String, _ value: (ClusterSnapshot.Stream) -> Double?
        ) -> MetricFamily {
            MetricFamily(
                name, .gauge, help: help,
                samples: snapshot.streams.compactMap { stream in
                    value(stream).map { .init($0, labels: [("stream", stream.name.text)]) }
                })
        }
        return [
            one("weir_cluster_isolated", "1 while no other peer is heard", snapshot.isIsolated ? 1 : 0),
            one("weir_cluster_draining", "1 while this server gives its streams away", snapshot.isDraining ? 1 : 0),
            one("weir_cluster_streams", "Streams with cluster_ingest", snapshot.streams.count),
            one(
                "weir_cluster_streams_not_captured", "Streams that no server captures now",
                snapshot.streams.count { $0.runningOn == nil }),
            one(
                "weir_cluster_streams_unplaced", "Streams that no server may take",
                snapshot.streams.count { $0.owner == nil }),
            one(
                "weir_cluster_streams_away", "Streams captured by another server than placement wants",
                snapshot.streams.count { $0.runningOn != nil && $0.runningOn != $0.owner }),
            perStream("weir_cluster_stream_epoch", "Number of the newest claim") { Double($0.epoch.value) },
            perStream("weir_cluster_stream_here", "1 while this server captures it") { $0.runningOn == own ? 1 : 0 },
            perStream("weir_cluster_stream_since_seconds", "UTC of the newest claim") {
                $0.epoch == .none ? nil : Double($0.since.milliseconds) / 1000
            },
        ]
    }

    private func peerFamilies(_ snapshot: ClusterSnapshot) -> [MetricFamily] {
        func perPeer(_ name: String, _ help: String, _ value: (ClusterSnapshot.Peer) -> Double?) -> MetricFamily {
            MetricFamily(
                name, .gauge, help: help,
                samples: snapshot.peers.compactMap { peer in
                    value(peer).map { .init($0, labels: [("peer", word(peer.id))]) }
                })
        }
        return [
            perPeer("weir_peer_up", "1 unless it is silent or cannot take part") { $0.state.isUp ? 1 : 0 },
            MetricFamily(
                "weir_peer_state", .gauge, help: "1 for the state that it is in",
                samples: snapshot.peers.map {
                    .init(1, labels: [("peer", word($0.id)), ("state", Self.word($0, snapshot))])
                }),
            perPeer("weir_peer_silence_seconds", "Since its last answer") {
                $0.state == .own ? nil : $0.lastHeard.map(\.seconds)
            },
            perPeer("weir_peer_round_trip_seconds", "Of the last poll, without the time it was held") {
                $0.state == .own ? nil : $0.roundTrip.map(\.seconds)
            },
            perPeer("weir_peer_clock_difference_seconds", "How far its clock is ahead of ours") {
                $0.state == .own ? nil : $0.clockDifference.map { Double($0) / 1000 }
            },
            perPeer("weir_peer_streams", "Streams of the group that it captures") { Double($0.streams) },
        ]
    }

    private func pollFamilies(_ snapshot: ClusterSnapshot) -> [MetricFamily] {
        let counts = service.tally.peers
        func perPeer(_ name: String, _ help: String, _ value: (PollCounts) -> Int) -> MetricFamily {
            MetricFamily(
                name, .counter, help: help,
                samples: snapshot.peers.filter { $0.state != .own }.map {
                    .init(Double(value(counts[$0.id] ?? PollCounts())), labels: [("peer", word($0.id))])
                })
        }
        return [
            perPeer("weir_peer_polls_total", "Polls of this server that have ended") { $0.polls },
            perPeer("weir_peer_poll_failures_total", "Polls that brought no report") { $0.failures },
            perPeer("weir_peer_poll_received_bytes_total", "Reports of this peer") { $0.bytesReceived },
            perPeer("weir_peer_answers_total", "Polls of this peer that were answered") { $0.answers },
            perPeer("weir_peer_poll_sent_bytes_total", "Reports for this peer") { $0.bytesSent },
            MetricFamily(
                "weir_cluster_polls_refused_total", .counter, help: "Polls refused, by reason",
                samples: service.tally.refusals.sorted { $0.key < $1.key }.map {
                    .init(Double($0.value), labels: [("reason", $0.key)])
                }),
        ]
    }

    private func word(_ peer: PeerID) -> String { settings(of: peer)?.name ?? peer.text }
}

extension ClusterSnapshot.PeerState {
    fileprivate var isUp: Bool {
        switch self {
        case .own, .alive, .suspect, .indirect, .draining, .otherStreamSet: true
        case .unknown, .dead, .otherKey, .otherProtocol: false
        }
    }
}

extension TimeSpan {
    fileprivate var seconds: Double { Double(microseconds) / 1_000_000 }
}
