// VLC without a screen.
import Foundation

enum VLC {
    /// Starts it with `home` as its home; it refuses to run as root and gets another user then.
    static func start(_ arguments: [String], home: URL) throws -> ChildProcess {
        let isRoot = getuid() == 0
        if isRoot { try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: home.path) }
        let user = isRoot ? ["--reuid=65534", "--regid=65534", "--clear-groups"] : []
        return try ChildProcess(
            "/usr/bin/setpriv",
            user + ["env", "HOME=\(home.path)", "cvlc", "--no-color", "--play-and-exit"] + arguments + ["vlc://quit"])
    }
}
