// What a reload did to the streams, in lines for the operator.

extension SettingsChange {
    /// One line for each stream that is not as it was: `stream cam changed: inputs, window`.
    package var streamLines: [String] {
        removed.map { "stream \($0.name) removed" } + added.map { "stream \($0.name) added" }
            + changed.map { change in
                let aspects = change.aspects.sorted().map(\.rawValue).joined(separator: ", ")
                return "stream \(change.name) changed: \(aspects)"
            }
    }

    /// One line for each peer and each other directive that is not as it was.
    package var serverLines: [String] {
        removedPeers.map { "peer \($0.name) removed" } + addedPeers.map { "peer \($0.name) added" }
            + changedPeers.map { "peer \($0.name) changed" }
            + otherDirectives.map { directive in
                // The name is how the server is known to others as long as it runs.
                "\(directive.rawValue) changed" + (directive == .hostname ? ": holds from the next start on" : "")
            }
    }
}
