// Decides whether a viewer gets the next chunk or is taken to a later key frame.

/// The policy for a slow reader: what waits for its socket is bounded; beyond the bound chunks are dropped, and the viewer
/// goes on at the next chunk that a decoder can begin with (`ChunkDelivery.startsWithKeyFrame`; in a stream without key frames
/// that is any).
struct ViewerBacklog {
    enum Decision: Hashable {
        case send
        /// Dropped; `isFirst` when this begins a skip.
        case drop(isFirst: Bool)
    }

    /// Bytes that may wait when a chunk comes.
    let pendingBytesMax: Int
    /// Nothing was sent yet, or chunks were dropped: only a key frame begins again.
    private var isSkipping = false
    private var hasBegun = false

    /// - Parameters:
    ///   - configured: the usual bound.
    ///   - startBytes: what the stream delivers at once in the beginning, which must fit whatever the bitrate is.
    init(configured: Int, startBytes: Int) {
        pendingBytesMax = max(configured, startBytes * 2)
    }

    mutating func decide(pendingBytes: Int, startsWithKeyFrame: Bool) -> Decision {
        if !hasBegun || isSkipping {
            // After a skip there must be room again, else the viewer would skip once more at once.
            let hasRoom = !isSkipping || pendingBytes <= pendingBytesMax / 2
            guard startsWithKeyFrame, hasRoom else { return .drop(isFirst: false) }
            hasBegun = true
            isSkipping = false
            return .send
        }
        guard pendingBytes > pendingBytesMax else { return .send }
        isSkipping = true
        return .drop(isFirst: true)
    }
}
