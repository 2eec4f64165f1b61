// What a reload has to do: the difference of two settings.

/// The difference between the settings in force and those read again. Streams that are not named in it must not be
/// touched: a reload never interrupts what did not change.
package struct SettingsChange: Equatable, Sendable {
    /// A part of a stream that differs.
    package enum Aspect: String, Hashable, Sendable, CaseIterable, Comparable {
        /// `input` lines and `backup`.
        case inputs
        /// Where cuts lie and what the live window holds: segment_duration, segment_count, window_bytes, hls_container.
        case window
        /// The `dvr` line, or the root of the store that it names.
        case archive
        /// `cluster_ingest`.
        case cluster
        /// Title, access, start and whether it is disabled.
        case other

        package static func < (a: Aspect, b: Aspect) -> Bool { a.rawValue < b.rawValue }
    }

    /// A stream that is in both settings and differs.
    package struct ChangedStream: Equatable, Sendable {
        package var old: StreamSettings
        package var new: StreamSettings
        /// Never empty.
        package var aspects: Set<Aspect>

        package var name: String { new.name }
    }

    /// In order of the old file.
    package var removed: [StreamSettings] = []
    /// In order of the new file.
    package var added: [StreamSettings] = []
    /// In order of the new file.
    package var changed: [ChangedStream] = []
    /// Names of streams that mean the same as before, in order of the new file.
    package var kept: [String] = []

    /// Ports to open and ports to close. One whose TLS files are others is in both.
    package var openedListeners: [ListenerSettings] = []
    package var closedListeners: [ListenerSettings] = []

    package var addedPeers: [PeerSettings] = []
    package var removedPeers: [PeerSettings] = []
    /// Peers of the same name (compared without case) with another address, URL, timeout, weight or limit: as they are now.
    package var changedPeers: [PeerSettings] = []

    /// Directives outside of streams, listeners and peers that differ, in the order of `ServerDirective`.
    package var otherDirectives: [ServerDirective] = []

    /// Compares what settings mean, with templates and defaults filled in. A stream that moved in the file, or whose
    /// directives moved into a template, is kept.
    package init(from old: ServerSettings, to new: ServerSettings) {
        compareStreams(old, new)
        openedListeners = new.effectiveListeners.filter { !old.effectiveListeners.contains($0) }
        closedListeners = old.effectiveListeners.filter { !new.effectiveListeners.contains($0) }
        comparePeers(old.peers, new.peers)
        otherDirectives = Self.differences(old, new)
    }

    /// Nothing to do.
    package var isEmpty: Bool {
        removed.isEmpty && added.isEmpty && changed.isEmpty && openedListeners.isEmpty && closedListeners.isEmpty
            && addedPeers.isEmpty && removedPeers.isEmpty && changedPeers.isEmpty && otherDirectives.isEmpty
    }

    private mutating func compareStreams(_ old: ServerSettings, _ new: ServerSettings) {
        let before = Dictionary(old.streams.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let names = Set(new.streams.map(\.name))
        removed = old.streams.filter { !names.contains($0.name) }
        for stream in new.streams {
            guard let earlier = before[stream.name] else {
                added.append(stream)
                continue
            }
            var aspects = stream.aspects(thatDifferFrom: earlier)
            if earlier.archive.flatMap(old.root(of:)) != stream.archive.flatMap(new.root(of:)) {
                aspects.insert(.archive)
            }
            if aspects.isEmpty {
                kept.append(stream.name)
            } else {
                changed.append(ChangedStream(old: earlier, new: stream, aspects: aspects))
            }
        }
    }

    private mutating func comparePeers(_ old: [PeerSettings], _ new: [PeerSettings]) {
        let before = Dictionary(old.map { ($0.name.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })
        let names = Set(new.map { $0.name.lowercased() })
        removedPeers = old.filter { !names.contains($0.name.lowercased()) }
        for peer in new {
            guard let earlier = before[peer.name.lowercased()] else {
                addedPeers.append(peer)
                continue
            }
            var renamed = peer
            renamed.name = earlier.name
            if earlier != renamed { changedPeers.append(peer) }
        }
    }

    private static func differences(_ old: ServerSettings, _ new: ServerSettings) -> [ServerDirective] {
        ServerDirective.allCases.filter { directive in
            switch directive {
            case .hostname: old.hostname != new.hostname
            case .editAuth: old.editAuth != new.editAuth
            case .viewAuth: old.viewAuth != new.viewAuth
            case .clusterKey: old.clusterKey != new.clusterKey
            case .failback: old.failback != new.failback
            case .giveUp: old.giveUp != new.giveUp
            case .handover: old.handover != new.handover
            case .clusterServe: old.clusterServe != new.clusterServe
            case .vod: old.fileRoots != new.fileRoots
            case .dvr: old.stores != new.stores
            case .balancer: old.balancers != new.balancers
            case .eventSink: old.eventSinks != new.eventSinks
            // Compared above, or another spelling of one of these.
            case .http, .https, .peer, .template, .stream, .file, .include: false
            }
        }
    }
}

extension StreamSettings {
    /// The parts in which this stream differs from `other`; empty exactly when both are equal.
    package func aspects(thatDifferFrom other: StreamSettings) -> Set<SettingsChange.Aspect> {
        var found: Set<SettingsChange.Aspect> = []
        if inputs != other.inputs || backup != other.backup { found.insert(.inputs) }
        if segmentDuration != other.segmentDuration || segmentCount != other.segmentCount
            || windowBytes != other.windowBytes || hlsContainer != other.hlsContainer
        {
            found.insert(.window)
        }
        if archive != other.archive { found.insert(.archive) }
        if clusterIngest != other.clusterIngest { found.insert(.cluster) }
        // Whatever a later directive adds is at least noticed here.
        var rest = other
        rest.inputs = inputs
        rest.backup = backup
        rest.segmentDuration = segmentDuration
        rest.segmentCount = segmentCount
        rest.windowBytes = windowBytes
        rest.hlsContainer = hlsContainer
        rest.archive = archive
        rest.clusterIngest = clusterIngest
        if rest != self { found.insert(.other) }
        return found
    }
}
