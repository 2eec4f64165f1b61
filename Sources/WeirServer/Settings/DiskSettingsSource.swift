// Reads configuration files from the disk for the settings language.
import Glibc
package import SettingsLanguage

/// Configuration files on this machine's file system.
package struct DiskSettingsSource: SettingsSource {
    /// Files larger than this are not configurations; reading one would only cost memory.
    private static let largestFile = 16 << 20

    package init() {}

    package func read(_ path: String) throws(SettingsSourceError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure() }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw Self.failure()
            }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= Self.largestFile else {
                throw SettingsSourceError("larger than 16 MiB, which no configuration is")
            }
        }
    }

    package func paths(matching pattern: String) throws(SettingsSourceError) -> [String] {
        var found = glob_t()
        defer { globfree(&found) }
        switch glob(pattern, 0, nil, &found) {
        case 0:
            return (0..<Int(found.gl_pathc)).compactMap { index in found.gl_pathv[index].map { String(cString: $0) } }
        case GLOB_NOMATCH: return []
        default: throw Self.failure()
        }
    }

    private static func failure() -> SettingsSourceError {
        SettingsSourceError(String(cString: strerror(errno)).lowercased())
    }
}
