// The kinds of source that this server is built with, picked by the scheme of an input's URL.
package import Ingest

/// Opens an input with the kind that answers for its scheme.
package struct StandardInputs: InputOpener {
    private let kinds: [String: any InputKind]

    /// Where two kinds name the same scheme, the later one answers.
    package init(_ kinds: [any InputKind]) {
        var byScheme: [String: any InputKind] = [:]
        for kind in kinds {
            for scheme in kind.schemes { byScheme[scheme] = kind }
        }
        self.kinds = byScheme
    }

    /// The schemes that can be opened, sorted.
    package var schemes: [String] { kinds.keys.sorted() }

    /// - Throws: `.misconfigured` when the URL cannot be read, its scheme has no kind, or the kind refuses it.
    package func open(
        _ request: InputRequest, deliver: @escaping @Sendable (InputEvent) -> Void
    ) throws(InputFailure) -> any InputSession {
        let url = try InputURL(request.url)
        guard let kind = kinds[url.scheme] else {
            throw InputFailure(
                code: .misconfigured,
                message: "\(url): inputs of kind \(url.scheme):// are not available in this version; available: "
                    + schemes.map { "\($0)://" }.joined(separator: ", "))
        }
        return try kind.open(request, url: url, deliver: deliver)
    }

    package func askTimeline(
        _ request: InputRequest, answer: @escaping @Sendable (TimelineAnchor?) -> Void
    ) -> (any InputSession)? {
        // What is wrong with the URL is said when it is opened.
        guard let url = try? InputURL(request.url), let kind = kinds[url.scheme] else { return nil }
        return kind.askTimeline(request, url: url, answer: answer)
    }
}
