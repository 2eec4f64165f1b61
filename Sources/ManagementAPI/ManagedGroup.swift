// What the API needs of the other servers of the group.

/// The servers of the group behind the API, this one included. Implemented by the composition root.
///
/// All members throw a `Problem`: 404 for a server that is not in the group, 502 for one that does not answer.
package protocol ManagedGroup: Sendable {
    /// - Parameter after: `last` of an earlier answer; nil: all that are kept.
    func events(of server: String, limit: Int, stream: String?, after: String?) async throws -> ServerEvents
    func captures(of server: String) async throws -> [CaptureFacts]
    /// The newest picture of a stream that `server` captures: a key frame as MP4.
    func picture(of stream: String, from server: String) async throws -> [UInt8]
    func setDraining(_ draining: Bool, of server: String) async throws
}
