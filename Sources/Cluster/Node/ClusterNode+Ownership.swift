// Who has a stream, and what follows for it from what is known.

extension ClusterNode {
    func claimIsMine(_ record: StreamRecord) -> Bool {
        record.holder == settings.own && record.instance == instance && record.phase.holds
    }

    /// The peer whose claim counts: alive, in the life in which it claimed, and knowing the stream.
    ///
    /// What it said of the streams that it knows says nothing of a claim that was heard later: two servers that hear each other only
    /// through a third would each call the other's claim void and claim above it, again and again.
    func effectiveHolder(of stream: Int) -> Int? {
        let record = streams[stream].record
        guard record.phase.holds, let holder = record.holder, let peer = peerIndex[holder] else { return nil }
        if peer == own { return record.instance == instance ? own : nil }
        guard peers[peer].isAlive, peers[peer].instance == record.instance else { return nil }
        if denies(peer, stream) { return nil }
        return peer
    }

    /// Whether the successor that was named at `time` may be about to claim: it asks for the stream, or has not spoken since.
    func mayBeTaking(_ stream: Int, _ peer: Int, since time: MonotonicTime) -> Bool {
        peers[peer].ready[streams[stream].settings.name] == streams[stream].record.epoch
            || peers[peer].heardAt.map { $0 < time } ?? true
    }

    /// It was heard after its claim was, and does not know the stream.
    private func denies(_ peer: Int, _ stream: Int) -> Bool {
        guard lacks(peer, stream) else { return false }
        guard let heard = peers[peer].heardAt, let told = streams[stream].recordHeardAt else { return true }
        return heard >= told
    }

    /// Its last answer was asked for before this server stood still.
    func isUnheardSinceStandstill(_ peer: Int) -> Bool {
        guard let awokeAt else { return false }
        return peers[peer].answerAskedAt.map { $0 < awokeAt } ?? true
    }

    /// When it was last asked for everything it did not know the stream.
    func lacks(_ peer: Int, _ stream: Int) -> Bool {
        peers[peer].offers?.contains(streams[stream].settings.name) == false
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
