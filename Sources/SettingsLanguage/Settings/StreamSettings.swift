// What is said about a stream: as written, and with its template and the defaults filled in.

/// A value that a stream may switch off although its template sets it (`dvr off;`).
package enum Switchable<Value: Equatable & Sendable>: Equatable, Sendable {
    case off
    case on(Value)

    package var value: Value? {
        if case .on(let value) = self { value } else { nil }
    }
}

/// The directives of a `stream` or `template` block as written; nil where nothing is said.
package struct StreamDirectives: Equatable, Sendable {
    package var title: String?
    package var inputs: [InputSettings] = []
    package var backup: BackupSettings?
    package var segmentDuration: Duration?
    package var segmentCount: Int?
    package var windowBytes: Int64?
    package var hlsContainer: HLSContainer?
    package var archive: Switchable<ArchiveSettings>?
    package var clusterIngest: Switchable<ClusterIngestSettings>?
    package var onPlay: WebURL?
    package var onPublish: WebURL?
    package var startup: StreamStartup?
    package var isDisabled: Bool?

    package init() {}

    /// These directives over those of a template: each that is given here replaces the template's. Inputs are one
    /// list: a stream that has inputs of its own does not use the template's.
    package func over(_ template: StreamDirectives) -> StreamDirectives {
        var merged = template
        if let title { merged.title = title }
        if !inputs.isEmpty { merged.inputs = inputs }
        if let backup { merged.backup = backup }
        if let segmentDuration { merged.segmentDuration = segmentDuration }
        if let segmentCount { merged.segmentCount = segmentCount }
        if let windowBytes { merged.windowBytes = windowBytes }
        if let hlsContainer { merged.hlsContainer = hlsContainer }
        if let archive { merged.archive = archive }
        if let clusterIngest { merged.clusterIngest = clusterIngest }
        if let onPlay { merged.onPlay = onPlay }
        if let onPublish { merged.onPublish = onPublish }
        if let startup { merged.startup = startup }
        if let isDisabled { merged.isDisabled = isDisabled }
        return merged
    }
}

/// A `template` block.
package struct TemplateDefinition: Equatable, Sendable {
    package var name: String
    package var directives: StreamDirectives

    package init(name: String, directives: StreamDirectives) {
        self.name = name
        self.directives = directives
    }
}

/// A `stream` block as written.
package struct StreamDefinition: Equatable, Sendable {
    package var name: String
    package var template: String?
    package var directives: StreamDirectives

    package init(name: String, template: String? = nil, directives: StreamDirectives) {
        self.name = name
        self.template = template
        self.directives = directives
    }
}

/// A stream with its template and all defaults filled in: what the server runs.
package struct StreamSettings: Equatable, Sendable {
    package var name: String
    package var title: String?
    /// In order of listing; `priority` may say another order.
    package var inputs: [InputSettings]
    package var backup: BackupSettings?
    /// Segments are cut at key frames on multiples of it in UTC. 0.2 s to 60 s; default 5 s.
    package var segmentDuration: Duration
    /// Closed segments in the live window. 1 to 1000; default 4.
    package var segmentCount: Int
    /// Bound of the live window in bytes. From 1 MiB; default 64 MiB.
    package var windowBytes: Int64
    package var hlsContainer: HLSContainer
    package var archive: ArchiveSettings?
    package var clusterIngest: ClusterIngestSettings?
    package var onPlay: WebURL?
    package var onPublish: WebURL?
    package var startup: StreamStartup
    package var isDisabled: Bool

    package init(_ name: String, _ directives: StreamDirectives) {
        self.name = name
        title = directives.title
        inputs = directives.inputs
        backup = directives.backup
        segmentDuration = directives.segmentDuration ?? .seconds(5)
        segmentCount = directives.segmentCount ?? 4
        windowBytes = directives.windowBytes ?? 64 << 20
        hlsContainer = directives.hlsContainer ?? .fmp4
        archive = directives.archive?.value
        clusterIngest = directives.clusterIngest?.value
        onPlay = directives.onPlay
        onPublish = directives.onPublish
        startup = directives.startup ?? .always
        isDisabled = directives.isDisabled ?? false
    }
}

/// Container of the segments in `/{name}/index.m3u8`.
package enum HLSContainer: String, Hashable, Sendable, CaseIterable {
    case fmp4, ts
}

/// When a stream runs.
package enum StreamStartup: Hashable, Sendable {
    /// From the start of the server on (`static`).
    case always
    /// While somebody watches, and until nobody has for `idle` (`ondemand`; default 60 s).
    case onDemand(idle: Duration)
}

/// `cluster_ingest`: the stream is captured by one server of the group.
package struct ClusterIngestSettings: Hashable, Sendable {
    /// Name of the peer that captures while it is alive; nil leaves it to the distribution.
    package var captureAt: String?
    package init(captureAt: String? = nil) { self.captureAt = captureAt }
}

/// `backup`: a file that fills the stream while all inputs are silent.
package struct BackupSettings: Hashable, Sendable {
    /// `root/path` below a `vod` root.
    package var path: String
    /// How long the inputs must be silent; nil means their `source_timeout`.
    package var timeout: Duration?
    /// Whether the filler is written to the archive. Default no.
    package var isRecorded: Bool
    package init(path: String, timeout: Duration? = nil, isRecorded: Bool = false) {
        self.path = path
        self.timeout = timeout
        self.isRecorded = isRecorded
    }
}
