// Another time of day for a program under test: libfaketime, where it is installed.
import Foundation

enum OtherClock {
    /// Nil where it is not installed (`scripts/install-dependencies.sh test` does).
    static let library: String? = {
        let root = "/usr/lib"
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        let paths = folders.map { "\(root)/\($0)/faketime/libfaketimeMT.so.1" }
        return paths.first { FileManager.default.fileExists(atPath: $0) }
    }()

    static var isInstalled: Bool {
        if library == nil { print("Tests with another clock do not run: libfaketime is not installed") }
        return library != nil
    }

    /// The words that start a program whose time of day is ahead; its timers run as ever.
    ///
    /// The second `env` is the one in which the library sets itself up: it moves the environment, from whose place Swift
    /// would find its arguments.
    static func ahead(seconds: Int) -> [String] {
        [
            "/usr/bin/env", "LD_PRELOAD=\(library ?? "")", "FAKETIME=+\(seconds)s", "FAKETIME_DONT_FAKE_MONOTONIC=1",
            "/usr/bin/env",
        ]
    }
}
