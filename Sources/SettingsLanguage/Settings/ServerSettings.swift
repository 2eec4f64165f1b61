// Everything that a configuration says, typed.

/// The settings of a server. Two settings are equal when they mean the same, wherever they were written.
package struct ServerSettings: Equatable, Sendable {
    /// In order of the file; empty when it names none (see `effectiveListeners`).
    package var listeners: [ListenerSettings] = []
    package var hostname: String?
    package var editAuth: Credentials?
    package var viewAuth: Credentials?

    package var clusterKey: Secret?
    /// All servers of the group, this one included, in order of the file.
    package var peers: [PeerSettings] = []
    package var failback = Failback.standard
    /// A server without media of a stream for so long lets another try. 1 s to one day.
    package var giveUp = Duration.seconds(30)
    package var handover = Handover.breakBeforeMake
    package var clusterServe = ClusterServe.redirect

    package var fileRoots: [FileRoot] = []
    package var stores: [ArchiveStore] = []
    package var eventSinks: [EventSinkSettings] = []
    package var balancers: [BalancerSettings] = []

    package var templates: [TemplateDefinition] = [] { didSet { resolveStreams() } }
    /// The streams as written.
    package var definitions: [StreamDefinition] = [] { didSet { resolveStreams() } }
    /// The streams with templates and defaults filled in, in order of the file.
    package private(set) var streams: [StreamSettings] = []

    package init() {}

    private mutating func resolveStreams() {
        let byName = Dictionary(templates.map { ($0.name, $0.directives) }, uniquingKeysWith: { first, _ in first })
        streams = definitions.map { definition in
            let template = definition.template.flatMap { byName[$0] } ?? StreamDirectives()
            return StreamSettings(definition.name, definition.directives.over(template))
        }
    }

    /// The listeners, or HTTP on port 8080 when the file names none.
    package var effectiveListeners: [ListenerSettings] { listeners.isEmpty ? [.standard] : listeners }

    /// These settings with `--listen` in place of all `http` lines; `https` lines stay.
    package func listening(at places: [ListenerSettings]) -> ServerSettings {
        guard !places.isEmpty else { return self }
        var copy = self
        copy.listeners = places + listeners.filter { $0.tls != nil }
        return copy
    }

    /// Directory of the archives of a stream with this `dvr` line; nil when its store is unknown, which checked
    /// settings never have.
    package func root(of archive: ArchiveSettings) -> String? {
        switch archive.location {
        case .path(let path): path
        case .store(let name): stores.first { $0.name == name }?.root
        }
    }

    /// Directories behind `file://name/`, by name. The root `vod` exists without being declared: the directory `vod`.
    package var fileDirectories: [String: String] {
        var directories = [Self.standardFileRoot: Self.standardFileRoot]
        for root in fileRoots { directories[root.name] = root.path }
        return directories
    }

    package static let standardFileRoot = "vod"
}
