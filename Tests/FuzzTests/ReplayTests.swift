// Every seed and every kept failure of the fuzzers goes through the same checks that the fuzzers run.
import FuzzChecks
import Testing

#if canImport(Glibc)
    import Glibc
#endif

private let folder = #filePath.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }

/// The files of a folder, sorted; a folder that is not there has none.
private func files(in path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if !name.hasPrefix(".") { names.append("\(path)/\(name)") }
    }
    return names.sorted()
}

private func bytes(of path: String) throws -> [UInt8] {
    let file = try #require(fopen(path, "r"), "cannot open \(path)")
    defer { fclose(file) }
    var result: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 65536)
    while case let count = fread(&part, 1, part.count, file), count > 0 { result += part[..<count] }
    return result
}

@Suite struct ReplayTests {
    @Test(arguments: FuzzTarget.allCases)
    func seedsAndKeptFailuresPass(_ target: FuzzTarget) throws {
        let seeds = files(in: "\(folder)/Seeds/\(target.rawValue)")
        #expect(!seeds.isEmpty)
        for path in seeds + files(in: "\(folder)/Failures/\(target.rawValue)") {
            let bytes = try bytes(of: path)
            #expect(throws: Never.self, "\(path)") { try bytes.withUnsafeBytes { try target.check($0) } }
        }
    }

    /// Cut at every length and with every bit of a stretch turned, seeds reach the error paths without a fuzzer.
    @Test(arguments: FuzzTarget.allCases)
    func tornAndDamagedSeedsPass(_ target: FuzzTarget) throws {
        for path in files(in: "\(folder)/Seeds/\(target.rawValue)") {
            let whole = try bytes(of: path)
            for length in stride(from: 0, to: whole.count, by: max(1, whole.count / 40)) {
                #expect(throws: Never.self, "\(path) cut at \(length)") {
                    try whole[..<length].withUnsafeBytes { try target.check($0) }
                }
                var damaged = whole
                damaged[length] ^= UInt8(1 << (length % 8))
                #expect(throws: Never.self, "\(path) with byte \(length) changed") {
                    try damaged.withUnsafeBytes { try target.check($0) }
                }
            }
        }
    }
}
