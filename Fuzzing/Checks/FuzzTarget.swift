// The parsers of outside bytes that are fuzzed, by name, each with what must hold for any bytes.

/// A parser under fuzzing. The raw value names its folders of seeds and kept failures.
package enum FuzzTarget: String, CaseIterable, Sendable {
    case transportStream = "transport-stream"
    case mp4
    case settings
    case m4f
    case request
    case head

    /// Runs the parser over `bytes` and checks more than that it survives: what was parsed is written and parsed again.
    ///
    /// Any bytes are allowed and must pass; a `FuzzFinding` is a defect of the parser or of the writer beside it.
    package func check(_ bytes: UnsafeRawBufferPointer) throws(FuzzFinding) {
        switch self {
        case .transportStream: try TransportStreamCheck.run(bytes)
        case .mp4: try MP4Check.run(bytes)
        case .settings: try SettingsTextCheck.run(bytes)
        case .m4f: try M4FCheck.run(bytes)
        case .request: try RequestTargetCheck.run(bytes)
        case .head: try RequestHeadCheck.run(bytes)
        }
    }
}

/// A broken promise, in a sentence that names what was expected and what came.
package struct FuzzFinding: Error, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

/// Throws `sentence` unless `condition` holds.
func demand(_ condition: Bool, _ sentence: @autoclosure () -> String) throws(FuzzFinding) {
    if !condition { throw FuzzFinding(sentence()) }
}
