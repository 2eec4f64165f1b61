// What the API needs to show, check and change the configuration file.

/// The configuration file behind the API. Implemented by the composition root.
///
/// Texts that come out have their secrets hidden; texts that go in may hold `***` where a secret is to stay as it is.
/// All members throw a `Problem`, those that take a text with the mistakes in it.
package protocol ManagedConfiguration: Sendable {
    func file() async throws -> ConfigFileFacts
    /// Reads `text` as if it were in the file, and says what would change. Changes nothing.
    func check(_ text: String) async throws -> ConfigCheckFacts
    /// Writes the text to the file and applies it.
    /// - Parameters:
    ///   - revision: of the file that the text was made from; nil: whatever is there.
    ///   - wholeGroup: on all servers of the group that can be reached.
    func apply(_ text: String, revision: String?, wholeGroup: Bool) async throws -> ConfigApplyFacts
    /// Earlier texts of the file, newest first.
    func versions() async throws -> [ConfigVersionFacts]
    func version(_ id: String) async throws -> ConfigVersionTextFacts
    /// Makes an earlier text the present one, as `apply` does.
    func restore(_ id: String, wholeGroup: Bool) async throws -> ConfigApplyFacts
}
