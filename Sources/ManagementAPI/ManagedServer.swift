// What the API needs of the server: facts to show and the few things that it may be asked to do.

/// The server behind the API. Implemented by the composition root; tests hand in their own.
///
/// All members may be called from any task and answer from memory.
package protocol ManagedServer: Sendable {
    var access: APIAccess { get }
    var events: EventLog { get }

    func streams() -> [StreamFacts]
    /// One stream with its newest events; nil when it is not configured.
    func stream(_ name: String) -> StreamFacts?
    func sessions() -> [SessionFacts]
    func serverFacts() -> ServerFacts
    func peers() -> [PeerFacts]
    func config() -> ConfigFacts
    /// Counters and gauges beyond those made from the facts above.
    func metrics() -> [MetricFamily]
    /// Why the server should not get new viewers now (starting, draining); nil when it is ready.
    func unreadiness() -> String?

    /// Reads the configuration file again and applies the difference.
    /// Throws a problem with all mistakes of a broken file; the running settings stay then.
    func reload() async throws -> ReloadFacts
    /// Begins an orderly shutdown.
    func stop() async
    /// Takes all cluster streams off this server, or back.
    func setDraining(_ draining: Bool) async throws
}

/// Who may use the API.
package struct APIAccess: Hashable, Sendable {
    package struct Credentials: Hashable, Sendable {
        package var user: String
        package var password: String
        package init(user: String, password: String) {
            self.user = user
            self.password = password
        }
    }

    /// `view_auth`: may read. Without it everybody may.
    package var view: Credentials?
    /// `edit_auth`: may change and read. Without it everybody may who may read.
    package var edit: Credentials?

    package init(view: Credentials? = nil, edit: Credentials? = nil) {
        self.view = view
        self.edit = edit
    }
}
