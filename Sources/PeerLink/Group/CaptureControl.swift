// What the cluster asks of the server around it: start and stop captures, tell how they do.
package import Cluster

/// How one capture on this server does at this moment.
package struct CaptureState: Hashable, Sendable {
    package var stream: StreamName
    package var health: CaptureHealth
    /// What another server needs to go on; nil before the first media.
    package var continuation: Continuation?
    package init(stream: StreamName, health: CaptureHealth, continuation: Continuation?) {
        self.stream = stream
        self.health = health
        self.continuation = continuation
    }
}

/// The streams of this server, as the cluster commands them.
package protocol CaptureControl: Sendable {
    /// Begins to capture and returns at once. False when this server does not have the stream.
    func startCapture(of stream: StreamName, reason: String, continuing: Continuation?) -> Bool
    /// Returns when the last connection to the source is closed.
    func stopCapture(of stream: StreamName, reason: String) async
    /// The captures that the cluster has started here, in any order.
    func captureStates() -> [CaptureState]
    /// The streams of this server that are no streams of the group, and whether media comes in.
    func localStreams() -> [StreamName: Bool]
    func load() -> PeerLoad
    func happened(_ event: ClusterEvent)
}

extension CaptureControl {
    /// None.
    package func localStreams() -> [StreamName: Bool] { [:] }
}

extension Continuation {
    /// Whether `newer` tells more than that time has passed within a segment.
    func isNews(_ newer: Continuation) -> Bool {
        var same = newer
        same.endTicks = endTicks
        return same != self
    }
}
