// A reload: what is not changed keeps its claim and its capture.

extension ClusterNode {
    mutating func adopt(_ settings: ClusterSettings) {
        precondition(
            settings.peers.contains { $0.id == settings.own }, "\(settings.own) is not in the list of peers")
        self.settings = settings
        adoptedAt = now.monotonic
        fingerprint = settings.fingerprint
        plan = PlacementPlan(peers: settings.peers, streams: settings.streams)
        var oldPeers: [PeerID: PeerView] = [:]
        for peer in peers { oldPeers[peer.settings.id] = peer }
        peers = plan.peers.map { peer in
            var view = oldPeers[peer.id] ?? PeerView(settings: peer, pollAt: now.monotonic)
            view.settings = peer
            // Whether it knows our streams must be seen anew, and at once: it may have those that are new here already.
            view.wantsAll = true
            if view.isAlive { view.askAnew(at: now.monotonic) }
            return view
        }
        peerIndex = [:]
        for (position, peer) in peers.enumerated() { peerIndex[peer.settings.id] = position }
        own = peerIndex[settings.own] ?? 0

        var old: [StreamName: StreamView] = [:]
        for stream in streams { old[stream.settings.name] = stream }
        version += 1
        urgentVersion = version
        streams = plan.streams.map { stream in
            if var view = old.removeValue(forKey: stream.name) {
                view.settings = stream
                return view
            }
            var view = StreamView(settings: stream)
            view.changedAt = version
            if !isJoining { view.newUntil = now.monotonic + peers[own].settings.fetchTimeout }
            if leaving.remove(stream.name) != nil { view.capture = .stopping(.yield(to: nil)) }
            return view
        }
        for (name, view) in old.sorted(by: { $0.key < $1.key }) {
            forgottenEpoch = max(forgottenEpoch, view.record.epoch)
            switch view.capture {
            case .none: continue
            case .active:
                leaving.insert(name)
                effects.append(.stopCapture(name, reason: "removed from the configuration"))
            case .waiting: continue
            case .stopping: leaving.insert(name)
            }
        }
        streamIndex = [:]
        for (position, stream) in streams.enumerated() { streamIndex[stream.settings.name] = position }
        timers = [:]
        awaitingWord = []
        wanted = []
        ready = []
        dirty = Set(streams.indices)
        placementIsStale = true
    }
}
