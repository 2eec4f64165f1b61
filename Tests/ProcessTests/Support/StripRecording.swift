// A player of `fake://` whose pictures are kept: which frames a viewer saw over a move, and which are missing.
import Foundation
import TestSupport

/// Reads the frame numbers of a file of small grey pictures that a program is still writing.
final class StripRecording {
    /// A strip of 48 cells needs four pixels each.
    static let filter = "scale=192:108"
    static let format = ["-an", "-vf", filter, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray"]

    private let file: URL
    private var frames = GrayFrames(width: 192, height: 108)
    private var offset: UInt64 = 0
    private(set) var numbers: [Int64?] = []

    init(_ file: URL) { self.file = file }

    /// Takes in what has been written since the last time.
    @discardableResult
    func update() throws -> StripRecording {
        // Not there before the player has its first picture.
        guard let handle = try? FileHandle(forReadingFrom: file) else { return self }
        try handle.seek(toOffset: offset)
        let bytes = try handle.readToEnd() ?? Data()
        offset += UInt64(bytes.count)
        numbers += frames.read(bytes)
        try handle.close()
        return self
    }

    var newest: Int64 { numbers.compactMap { $0 }.last ?? 0 }

    var tally: StripTally {
        var tally = StripTally()
        for number in numbers { tally.saw(number) }
        return tally
    }

    /// Waits until `count` frames beyond the number `from` were seen.
    func waitFor(_ count: Int64, framesAfter from: Int64, of player: ChildProcess) async throws {
        try await eventually("\(count) frames after \(from) are played") {
            guard player.isRunning else { throw TestFailure("the player ended: \(player.output)") }
            return try self.update().newest >= from + count
        }
    }
}
