// The group as a table that fits a terminal of 80 columns; what is longer follows on lines of its own.
import ManagementAPI

struct ClusterTable {
    var peers: [PeerFacts]
    var streams: [StreamFacts]

    var lines: [String] {
        var lines = [row(["SERVER", "STATE", "STREAMS", "VIEWERS", "HEARD", "ROUND TRIP"], Self.peerWidths)]
        for peer in peers {
            let running = streams.count { $0.stats.runningOn.contains(peer.hostname) }
            let heard = peer.isSelf ? "itself" : peer.lastHeard.map { "\($0) ms ago" } ?? "never"
            let trip = peer.roundTrip.map { "\(Int($0.rounded())) ms" } ?? ""
            lines.append(
                row(
                    [
                        peer.hostname, peer.state, String(running), peer.stats.map { String($0.clients) } ?? "", heard,
                        trip,
                    ],
                    Self.peerWidths))
            if let error = peer.error { lines += TextTable.wrapped(error) }
        }
        lines += ["", row(["STREAM", "RUNS ON", "WANTED ON", "STATUS"], Self.streamWidths)]
        for stream in streams {
            lines.append(
                row(
                    [
                        stream.name, stream.stats.runningOn.first ?? "nowhere", stream.cluster?.owner ?? "nowhere",
                        stream.stats.status.rawValue,
                    ], Self.streamWidths))
            if let reason = stream.cluster?.reason { lines += TextTable.wrapped(reason) }
        }
        return lines
    }

    private static let peerWidths = [24, 14, 8, 8, 13, 10]
    private static let streamWidths = [26, 20, 20, 10]

    private func row(_ cells: [String], _ widths: [Int]) -> String { TextTable.row(cells, widths) }
}
