// Counts what goes between this server and its peers.
package import Cluster
import M4F
import NIOConcurrencyHelpers

/// Polls with one peer since the start.
package struct PollCounts: Hashable, Sendable {
    /// Sent by this server, and those of them that brought no report.
    package var polls = 0
    package var failures = 0
    /// Bodies of the reports that came and of those that were given.
    package var bytesReceived = 0
    package var bytesSent = 0
    /// Of its polls.
    package var answers = 0

    package init() {}
}

/// May be used from any thread.
package final class PollTally: Sendable {
    private struct State {
        var peers: [PeerID: PollCounts] = [:]
        var refusals: [String: Int] = [:]
    }

    private let state = NIOLockedValueBox(State())

    package init() {}

    package var peers: [PeerID: PollCounts] { state.withLockedValue { $0.peers } }
    /// Polls that this server refused, by the word of `PeerRefusal`.
    package var refusals: [String: Int] { state.withLockedValue { $0.refusals } }

    func polled(_ peer: PeerID, bytes: Int?) {
        state.withLockedValue { state in
            state.peers[peer, default: PollCounts()].polls += 1
            if let bytes {
                state.peers[peer, default: PollCounts()].bytesReceived += bytes
            } else {
                state.peers[peer, default: PollCounts()].failures += 1
            }
        }
    }

    /// - Parameter peer: has signed with the right key, so that nobody else makes entries.
    func answered(_ peer: PeerID, bytes: Int) {
        state.withLockedValue { state in
            state.peers[peer, default: PollCounts()].answers += 1
            state.peers[peer, default: PollCounts()].bytesSent += bytes
        }
    }

    func refused(_ refusal: PeerRefusal) { state.withLockedValue { $0.refusals[refusal.word, default: 0] += 1 } }
}
