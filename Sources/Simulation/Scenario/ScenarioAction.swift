// The actions of a scenario: what is done to servers, network and sources.
import Cluster

/// One action. `all` stands for every server.
///
///     boot a b | crash a | pause a | resume a | drain a | return a
///     cut a from b,c | cut a to b (one way) | lag a 10s (of messages from and to it) | heal
///     clock a 90s | clock a -90s | key a 2 | protocol a 2
///     unreachable cam01 from a | reachable cam01 from a
///     reload a b add cam07 [capture_at=b] | reload all remove cam07 | reload all weight b 2 | reload all limit b 5
///     reload all capture_at cam01 b
enum ScenarioAction: Sendable {
    case boot([PeerID])
    case crash([PeerID])
    case pause([PeerID])
    case resume([PeerID])
    case drain([PeerID])
    case takeBack([PeerID])
    case cut(PeerID, from: [PeerID])
    case cutOneWay(PeerID, to: [PeerID])
    case lag(PeerID, Int64)
    case heal
    case clock(PeerID, milliseconds: Int64)
    case key(PeerID, Int)
    case protocolVersion(PeerID, Int)
    case reach(StreamName, from: [PeerID], Bool)
    case reload([PeerID], ScenarioChange)
    case expect(ScenarioExpectation)

    /// Does it; gives what is wrong if it is an expectation that does not hold.
    func perform(on world: inout ClusterWorld) -> String? {
        switch self {
        case .boot(let peers): for peer in peers { world.boot(peer) }
        case .crash(let peers): for peer in peers { world.crash(peer) }
        case .pause(let peers): for peer in peers { world.pause(peer) }
        case .resume(let peers): for peer in peers { world.resume(peer) }
        case .drain(let peers): for peer in peers { world.drain(peer) }
        case .takeBack(let peers): for peer in peers { world.takeBack(peer) }
        case .cut(let peer, let others):
            for other in others where other != peer {
                world.cut(from: peer, to: other)
                world.cut(from: other, to: peer)
            }
        case .cutOneWay(let peer, let others):
            for other in others where other != peer { world.cut(from: peer, to: other) }
        case .lag(let peer, let lag):
            for other in world.servers where other != peer {
                world.network.lag[.init(from: peer, to: other)] = lag
                world.network.lag[.init(from: other, to: peer)] = lag
            }
        case .heal:
            world.network.lag = [:]
            world.heal()
        case .clock(let peer, let milliseconds): world.setClock(peer, ahead: milliseconds)
        case .key(let peer, let key): world.setKey(peer, key)
        case .protocolVersion(let peer, let version): world.setProtocol(peer, version)
        case .reach(let stream, let peers, let reachable):
            for peer in peers { world.setReachable(stream, from: peer, reachable) }
        case .reload(let peers, let change):
            for peer in peers {
                guard var settings = world.settings(of: peer) else { continue }
                change.apply(to: &settings)
                world.reload(peer, settings)
            }
        case .expect(let expectation): return expectation.failure(in: &world)
        }
        return nil
    }
}

/// What a reload changes.
enum ScenarioChange: Sendable {
    case add(ClusterStream)
    case remove(StreamName)
    case captureAt(StreamName, PeerID)
    case weight(PeerID, Int)
    case limit(PeerID, Int)

    func apply(to settings: inout ClusterSettings) {
        switch self {
        case .add(let stream): settings.streams.append(stream)
        case .remove(let name): settings.streams.removeAll { $0.name == name }
        case .captureAt(let name, let peer):
            for index in settings.streams.indices where settings.streams[index].name == name {
                settings.streams[index].captureAt = peer
            }
        case .weight(let peer, let weight):
            for index in settings.peers.indices where settings.peers[index].id == peer {
                settings.peers[index].weight = weight
            }
        case .limit(let peer, let limit):
            for index in settings.peers.indices where settings.peers[index].id == peer {
                settings.peers[index].channelLimit = limit
            }
        }
    }
}
