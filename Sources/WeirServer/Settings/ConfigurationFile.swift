// The main configuration file on the disk: replaced as a whole or not at all, earlier texts kept beside it.
import CLinux
import Glibc

/// Why a file could not be read or written, for the operator.
struct FileFailure: Error, CustomStringConvertible {
    var description: String

    init(_ what: String, _ path: String) { description = "cannot \(what) \(path): \(String(cString: strerror(errno)))" }
}

/// Reads and writes one file and its earlier versions. Waits for the disk.
///
/// The versions are in `PATH.versions/`, which only the server's user may enter, because they hold secrets as the file does.
struct ConfigurationFile: Sendable {
    /// An earlier text.
    struct Version: Sendable {
        /// The time at which it was replaced, as `20261121T073000.123Z`.
        var id: String
        var bytes: Int
    }

    /// So many are kept; older ones are deleted.
    static let mostVersions = 50

    let path: String

    /// With symbolic links resolved: the file behind a link is replaced, the link stays.
    private var target: String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private var folder: String { target + ".versions" }

    func read() throws -> [UInt8] {
        do {
            return try DiskSettingsSource().read(path)
        } catch {
            throw FileFailure("read", path)
        }
    }

    /// After this the file has these bytes, also when the machine loses power; before, it has the old ones.
    func write(_ bytes: [UInt8]) throws { try Self.replace(target, with: bytes) }

    /// Keeps the bytes as a version. Gives its id.
    /// - Parameter time: UTC, milliseconds since the Unix epoch.
    func keep(_ bytes: [UInt8], at time: Int64) throws -> String {
        if mkdir(folder, 0o700) != 0, errno != EEXIST { throw FileFailure("make", folder) }
        var time = time
        // Two changes within a millisecond are two versions.
        while access("\(folder)/\(Self.id(time)).conf", F_OK) == 0 { time += 1 }
        try Self.replace("\(folder)/\(Self.id(time)).conf", with: bytes)
        for old in versions().dropFirst(Self.mostVersions) { unlink("\(folder)/\(old.id).conf") }
        return Self.id(time)
    }

    /// Newest first.
    func versions() -> [Version] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var found: [Version] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.hasSuffix(".conf"), Self.time(String(name.dropLast(5))) != nil else { continue }
            let size = weir_file_size("\(folder)/\(name)")
            guard size >= 0 else { continue }
            found.append(Version(id: String(name.dropLast(5)), bytes: Int(size)))
        }
        return found.sorted { $0.id > $1.id }
    }

    /// Nil when there is no such version.
    func version(_ id: String) -> [UInt8]? {
        guard Self.time(id) != nil else { return nil }
        return try? DiskSettingsSource().read("\(folder)/\(id).conf")
    }

    // MARK: Names

    static func id(_ time: Int64) -> String {
        var seconds = time_t(time / 1000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func digits(_ value: Int, _ count: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let day =
            digits(Int(parts.tm_year) + 1900, 4) + digits(Int(parts.tm_mon) + 1, 2) + digits(Int(parts.tm_mday), 2)
        let clock = digits(Int(parts.tm_hour), 2) + digits(Int(parts.tm_min), 2) + digits(Int(parts.tm_sec), 2)
        return "\(day)T\(clock).\(digits(Int(time % 1000), 3))Z"
    }

    /// Nil for anything that `id` does not make: nothing else of a request becomes part of a path.
    static func time(_ id: String) -> Int64? {
        let bytes = Array(id.utf8)
        guard bytes.count == 20, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "."),
            bytes[19] == UInt8(ascii: "Z")
        else { return nil }
        func number(_ range: Range<Int>) -> Int32? {
            let part = bytes[range]
            return part.allSatisfy { (48...57).contains($0) } ? Int32(String(decoding: part, as: UTF8.self)) : nil
        }
        guard let year = number(0..<4), let month = number(4..<6), let day = number(6..<8), let hour = number(9..<11),
            let minute = number(11..<13), let second = number(13..<15), let milliseconds = number(16..<19)
        else { return nil }
        var parts = tm()
        parts.tm_year = year - 1900
        parts.tm_mon = month - 1
        parts.tm_mday = day
        parts.tm_hour = hour
        parts.tm_min = minute
        parts.tm_sec = second
        return Int64(timegm(&parts)) * 1000 + Int64(milliseconds)
    }

    // MARK: Replacing

    /// Writes beside the file, forces it to the disk and renames it into place.
    private static func replace(_ path: String, with bytes: [UInt8]) throws {
        let new = "\(path).new"
        unlink(new)
        let descriptor = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileFailure("write", new) }
        do {
            defer { close(descriptor) }
            // Who may read the file stays as it is.
            guard weir_copy_mode(path, descriptor) == 0 else { throw FileFailure("set the mode of", new) }
            var written = 0
            while written < bytes.count {
                let count = bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw FileFailure("write", new) }
                written += count
            }
            guard fsync(descriptor) == 0 else { throw FileFailure("force to the disk", new) }
            guard rename(new, path) == 0 else { throw FileFailure("replace", path) }
        } catch {
            unlink(new)
            throw error
        }
        let folder = open(
            path.lastIndex(of: "/").map { String(path[...$0]) } ?? ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }
}
