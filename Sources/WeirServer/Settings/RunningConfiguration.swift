// The settings that the server runs with, and how they are read again.
import NIOConcurrencyHelpers
import SettingsLanguage

/// The settings in force. May be used from any thread.
final class RunningConfiguration: Sendable {
    /// Nil when the server was started without a file.
    let path: String?
    private let source: DiskSettingsSource
    private let loaded: NIOLockedValueBox<LoadedSettings>

    init(path: String?, loaded: LoadedSettings, source: DiskSettingsSource = DiskSettingsSource()) {
        self.path = path
        self.source = source
        self.loaded = NIOLockedValueBox(loaded)
    }

    var current: LoadedSettings { loaded.withLockedValue { $0 } }

    /// Reads the file again. A file with mistakes throws them all and changes nothing.
    func readAgain() throws(SettingsError) -> LoadedSettings {
        guard let path else { return current }
        return try LoadedSettings.load(path, from: source)
    }

    func replace(with new: LoadedSettings) {
        loaded.withLockedValue { $0 = new }
    }
}
