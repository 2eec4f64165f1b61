// Parts of the server that a configuration can ask for.

/// A feature that a directive needs. The server says which it has; the others are reported at start.
package enum Feature: Hashable, Sendable, CustomStringConvertible {
    case input(InputScheme)
    case hotInput, programSelection, backup, onDemand, disabledStream
    case transportStreamSegments
    case https, authentication
    case archive, archiveStores, replication
    case cluster, clusterIngest, failback, makeBeforeBreak, clusterProxy
    case balancer, eventSink, onPlay, onPublish

    package static let allCases: Set<Feature> = Set(InputScheme.allCases.map(Feature.input)).union([
        .hotInput, .programSelection, .backup, .onDemand, .disabledStream, .transportStreamSegments, .https,
        .authentication, .archive, .archiveStores, .replication, .cluster, .clusterIngest, .failback, .makeBeforeBreak,
        .clusterProxy, .balancer, .eventSink, .onPlay, .onPublish,
    ])

    package var description: String {
        switch self {
        case .input(let scheme): "input \(scheme.rawValue)://"
        case .hotInput: "hot inputs"
        case .programSelection: "choosing a programme"
        case .backup: "backup files"
        case .onDemand: "streams on demand"
        case .disabledStream: "disabled streams"
        case .transportStreamSegments: "MPEG-TS segments in HLS"
        case .https: "HTTPS"
        case .authentication: "passwords for the API"
        case .archive: "recording"
        case .archiveStores: "named archive stores"
        case .replication: "replication of archives"
        case .cluster: "the group of servers"
        case .clusterIngest: "cluster_ingest"
        case .failback: "the choice of fail-back"
        case .makeBeforeBreak: "make_before_break"
        case .clusterProxy: "cluster_serve proxy"
        case .balancer: "balancers"
        case .eventSink: "event sinks"
        case .onPlay: "asking before playing (on_play)"
        case .onPublish: "asking before publishing (on_publish)"
        }
    }
}

/// A directive that needs a feature, and where it stands.
package struct FeatureUse: Hashable, Sendable {
    package var feature: Feature
    package var directive: String
    package var position: SourcePosition
}
