// Who has a stream, and what follows for it from what is known.

extension ClusterNode {
    func claimIsMine(_ record: StreamRecord) -> Bool {
        record.holder == settings.own && record.instance == instance && record.phase.holds
    }

    /// The peer whose claim counts: alive, in the life in which it claimed, and still knowing the stream.
    func effectiveHolder(of stream: Int) -> Int? {
        let record = streams[stream].record
        guard record.phase.holds, let holder = record.holder, let peer = peerIndex[holder] else { return nil }
        if peer == own { return record.instance == instance ? own : nil }
        guard peers[peer].isAlive, peers[peer].instance == record.instance else { return nil }
        if let offers = peers[peer].offers, !offers.contains(streams[stream].settings.name) { return nil }
        return peer
    }

    mutating func evaluate(_ stream: Int) {
        switch streams[stream].capture {
        case .stopping: return
        case .none: considerTaking(stream)
        case .active, .waiting:
            if claimIsMine(streams[stream].record) {
                considerKeeping(stream)
            } else {
                considerYielding(stream)
            }
        }
    }
}
