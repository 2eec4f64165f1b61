// What a change of the settings means, in words for whoever is about to apply it.

extension SettingsChange {
    /// One line for each stream, peer, port and directive that changes.
    package var summary: [String] {
        var lines = removed.map { "stream \($0.name) is removed: it stops" }
        lines += added.map { "stream \($0.name) is added" }
        lines += changed.map { change in
            let parts = change.aspects.sorted().map { aspect in
                switch aspect {
                case .inputs: "inputs"
                case .window: "segments"
                case .archive: "archive"
                case .cluster: "place in the group"
                case .other: "other directives"
                }
            }
            return "stream \(change.name) changes: \(parts.joined(separator: ", "))"
        }
        lines += removedPeers.map { "peer \($0.name) is removed from the group" }
        lines += addedPeers.map { "peer \($0.name) is added to the group" }
        lines += changedPeers.map { "peer \($0.name) changes" }
        lines += closedListeners.map { "\($0.place) is no longer listened on" }
        lines += openedListeners.map { "\($0.place) is listened on" }
        lines += otherDirectives.map { "\($0.rawValue) changes" }
        return lines
    }
}
