// The way from file:// to a file: only below a configured root, and a clear word where there is none.
import Foundation
import Ingest
import NIOCore
import Testing

@testable import Inputs

struct FileRootsTests {
    let directory: TemporaryDirectory
    let roots: FileRoots

    init() throws {
        directory = try TemporaryDirectory()
        let manager = FileManager.default
        try manager.createDirectory(atPath: "\(directory.path)/root/sub", withIntermediateDirectories: true)
        try directory.file("root/sub/a b.ts", Data("media".utf8))
        try directory.file("secret", Data("secret".utf8))
        try manager.createDirectory(atPath: "\(directory.path)/root2", withIntermediateDirectories: true)
        try directory.file("root2/x", Data())
        try manager.createSymbolicLink(atPath: "\(directory.path)/root/out", withDestinationPath: "../secret")
        try manager.createSymbolicLink(atPath: "\(directory.path)/root/away", withDestinationPath: "../root2")
        try manager.createSymbolicLink(atPath: "\(directory.path)/root/in", withDestinationPath: "sub/a b.ts")
        #expect(mkfifo("\(directory.path)/root/pipe", 0o600) == 0)
        roots = FileRoots(["vod": "\(directory.path)/root"])
    }

    @Test(arguments: ["file://vod/sub/a%20b.ts", "file://vod/in", "file://vod/./sub//a b.ts"])
    func opens(_ url: String) throws {
        let file = try roots.locate(InputURL(url)).open()
        #expect(try file.read(at: 1, length: 100) == .init(string: "edia"))
        #expect(try file.size() == 5)
    }

    @Test(arguments: [
        ("file:///etc/passwd", InputFailure.Code.misconfigured, "absolute"),
        ("file://other/x.ts", .misconfigured, "no vod or file root named «other»; configured: vod"),
        ("file://vod", .misconfigured, "no file"),
        ("file://vod/../secret", .misconfigured, "leaves its root"),
        ("file://vod/sub/../../secret", .misconfigured, "leaves its root"),
        ("file://vod/%2e%2e/secret", .misconfigured, "leaves its root"),
        ("file://vod/..%2fsecret", .misconfigured, "leaves its root"),
        ("file://vod/sub%00", .misconfigured, "leaves its root"),
        ("file://vod/%zz", .misconfigured, "%xx"),
        ("file://vod/out", .misconfigured, "symbolic link"),
        ("file://vod/away/x", .misconfigured, "symbolic link"),
        ("file://vod/none.mp4", .unreachable, "no file none.mp4 in root «vod»"),
        ("file://vod/sub", .misconfigured, "not a regular file"),
        ("file://vod/pipe", .misconfigured, "not a regular file"),
    ])
    func refuses(_ url: String, _ code: InputFailure.Code, _ words: String) throws {
        let failure = try #require(throws: InputFailure.self) { try roots.locate(InputURL(url)).open() }
        #expect(failure.code == code)
        #expect(failure.message.contains(words), "\(failure)")
    }

    @Test func replacedRootsCount() throws {
        roots.replace(with: ["new": "\(directory.path)/root2"])
        #expect(throws: InputFailure.self) { try roots.locate(InputURL("file://vod/in")) }
        #expect(try roots.locate(InputURL("file://new/x")).open().size() == 0)
    }
}
