// One kind of source: the URL schemes it answers for, and how it is opened. A further kind is one more of these.
package import Ingest

/// A kind of source, such as UDP or file. `StandardInputs` picks it by the URL's scheme.
package protocol InputKind: Sendable {
    /// The schemes it opens, in lower case and without `://`.
    var schemes: [String] { get }

    /// Starts a source. The contract of `deliver` is that of `InputOpener.open`: never from within this call.
    ///
    /// - Throws: `InputFailure` with `.misconfigured` for what can never work; everything else comes as `.ended`.
    func open(
        _ request: InputRequest, url: InputURL, deliver: @escaping @Sendable (InputEvent) -> Void
    ) throws(InputFailure) -> any InputSession

    /// As `InputOpener.askTimeline`.
    func askTimeline(
        _ request: InputRequest, url: InputURL, answer: @escaping @Sendable (TimelineAnchor?) -> Void
    ) -> (any InputSession)?
}

extension InputKind {
    package func askTimeline(
        _ request: InputRequest, url: InputURL, answer: @escaping @Sendable (TimelineAnchor?) -> Void
    ) -> (any InputSession)? { nil }
}
