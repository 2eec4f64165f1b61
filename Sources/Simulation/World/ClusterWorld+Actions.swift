// What is done to the servers, the network and the sources of a world; what may move a stream is a cause for the checks.
package import Cluster

extension ClusterWorld {
    package mutating func boot(_ peer: PeerID) {
        guard var server = state[peer], server.node == nil else { return }
        numbers += 1
        server.life = numbers
        // A group that forgot everything and whose clocks went back cannot know its old epochs (see `Epoch`).
        if clocksWereSet { server.epochs = [:] }
        server.captures = [:]
        server.tickets = [:]
        server.told = [:]
        server.isPaused = false
        server.wakeAt = .max
        let node = ClusterNode(
            settings: server.settings, instance: InstanceID(StableHash.mix(seed ^ (numbers &* 0x9e37))),
            software: "sim", at: moment(server))
        server.node = node
        state[peer] = server
        coverage.cause(at: now)
        feed(peer, .wake)
    }

    /// The process ends without a word, as with `kill -9`.
    package mutating func crash(_ peer: PeerID) {
        guard state[peer]?.node != nil else { return }
        state[peer]?.node = nil
        state[peer]?.captures = [:]
        state[peer]?.backlog = []
        state[peer]?.isPaused = false
        coverage.cause(at: now)
    }

    /// The process stands still, as with `SIGSTOP`: what reaches it waits.
    package mutating func pause(_ peer: PeerID) {
        guard isRunning(peer) else { return }
        state[peer]?.isPaused = true
        coverage.cause(at: now)
    }

    package mutating func resume(_ peer: PeerID) {
        guard state[peer]?.isPaused == true, state[peer]?.node != nil else { return }
        state[peer]?.isPaused = false
        coverage.cause(at: now)
        let backlog = state[peer]?.backlog ?? []
        state[peer]?.backlog = []
        feed(peer, .wake)
        for happening in backlog { happen(happening) }
    }

    package mutating func reload(_ peer: PeerID, _ settings: ClusterSettings) {
        state[peer]?.settings = settings
        coverage.cause(at: now)
        if state[peer]?.isPaused == true {
            state[peer]?.backlog.append(.reload(peer, settings))
        } else {
            feed(peer, .settingsChanged(settings))
        }
    }

    package mutating func setClock(_ peer: PeerID, ahead milliseconds: Int64) {
        state[peer]?.wallOffset = milliseconds
        clocksWereSet = true
    }
    package mutating func setKey(_ peer: PeerID, _ key: Int) { state[peer]?.key = key }
    package mutating func setProtocol(_ peer: PeerID, _ version: Int) { state[peer]?.protocolVersion = version }
    package mutating func drain(_ peer: PeerID) {
        coverage.cause(at: now)
        feed(peer, .drainRequested)
    }
    package mutating func takeBack(_ peer: PeerID) {
        coverage.cause(at: now)
        feed(peer, .drainCancelled)
    }
    package mutating func heal() {
        network.heal()
        coverage.cause(at: now)
    }
    package mutating func cut(from: PeerID, to: PeerID) {
        network.cut(from: from, to: to)
        coverage.cause(at: now)
    }
    /// The source of a stream cannot be reached from a server any more (or again): running captures notice.
    package mutating func setReachable(_ stream: StreamName, from peer: PeerID, _ reachable: Bool) {
        coverage.cause(at: now)
        if reachable {
            unreachable[stream]?.remove(peer)
        } else {
            unreachable[stream, default: []].insert(peer)
        }
        guard let capture = state[peer]?.captures[stream], !capture.isStopping else { return }
        state[peer]?.captures[stream]?.hasMedia = reachable
        feed(peer, .captureChanged(stream, reachable ? .running : .failing("source unreachable")))
    }
}
