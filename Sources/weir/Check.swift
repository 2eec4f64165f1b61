// `weir check`: reads a configuration and shows every mistake in it.
import ArgumentParser
import SettingsLanguage
import WeirServer

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a configuration file.",
        discussion: "Exits 0 when the file can be used, 1 with all mistakes when it cannot.")

    @Argument(help: "The configuration file.")
    var path: String

    func run() throws {
        let check = SettingsCheck(path: path, in: DiskSettingsSource())
        if !check.diagnostics.isEmpty { print(Diagnostic.report(check.diagnostics), to: &StandardError.stream) }
        guard let loaded = check.loaded else { throw ExitCode.failure }
        for notice in loaded.unavailable(given: WeirFeatures.available) {
            print(notice.description, to: &StandardError.stream)
        }
        print("\(path): \(loaded.settings.streams.count) streams, \(loaded.settings.peers.count) peers, no mistake")
    }
}
