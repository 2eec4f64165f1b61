// A stream without inputs: the test feeds it chunks, readers get them as from a real one.
import CMAF
import Foundation
import Ingest
import LiveStream
import MPEGTS
import Media
import NIOCore
import Synchronization

final class FakeStream: ReadableStream {
    private struct State {
        var window: LiveWindow
        var readers: [UInt64: (any ChunkReader, ReaderKind)] = [:]
        var nextID: UInt64 = 0
    }
    let name: String
    let title: String
    let prefersTransportStreamSegments: Bool
    /// Room for the files that its readers share.
    private let files: MemoryFileBudget
    private let state: Mutex<State>

    init(
        _ name: String, title: String? = nil, segments: Int = 4, prefersTransportStreamSegments: Bool = false,
        files: MemoryFileBudget = .process
    ) {
        self.files = files
        self.name = name
        self.title = title ?? name
        self.prefersTransportStreamSegments = prefersTransportStreamSegments
        state = Mutex(
            State(window: LiveWindow(limits: .init(segments: segments), segmentDuration: .seconds(1))))
    }

    var window: LiveWindow { state.withLock { $0.window } }
    var windowVersion: UInt64 { state.withLock { $0.window.version } }
    var readerCount: Int { state.withLock { $0.readers.count } }

    func feed(_ chunk: Chunk) {
        state.withLock { state in
            state.window.append(chunk)
            for (reader, kind) in state.readers.values { deliver([chunk], to: reader, kind, sharesFiles: true) }
        }
    }

    func loseMedia() {
        state.withLock { state in
            for (reader, _) in state.readers.values { reader.eventLoop.execute { reader.mediaLost(reason: "silent") } }
        }
    }

    func end() {
        state.withLock { state in
            for (reader, _) in state.readers.values { reader.eventLoop.execute { reader.streamEnded(reason: "test") } }
            state.readers = [:]
        }
    }

    func attach(_ reader: any ChunkReader, kind: ReaderKind) -> ReaderHandle {
        state.withLock { state in
            let id = state.nextID
            state.nextID += 1
            state.readers[id] = (reader, kind)
            deliver(state.window.segments.last?.chunks ?? [], to: reader, kind)
            return ReaderHandle { [weak self] in self?.state.withLock { $0.readers[id] = nil } }
        }
    }

    /// - Parameter sharesFiles: as for one reader of many.
    private func deliver(
        _ chunks: [Chunk], to reader: any ChunkReader, _ kind: ReaderKind, sharesFiles: Bool = false
    ) {
        let deliveries = chunks.map { chunk in
            ChunkDelivery(
                chunk: chunk, transportStream: kind == .transportStream ? Self.transportStream(chunk) : nil,
                startsWithKeyFrame: chunk.startsWithKeyFrame)
        }
        reader.eventLoop.execute { [files] in
            reader.receive(DeliveryBatch(deliveries, sharesFiles: sharesFiles, budget: files))
        }
    }

    /// Each chunk as a segment of its own: such segments can be joined.
    private static func transportStream(_ chunk: Chunk) -> ByteBuffer {
        guard let frames = try? FragmentReader.frames(in: chunk.bytes) else { return ByteBuffer() }
        return TransportStreamMuxer.segment(tracks: chunk.tracks, frames: frames)
    }
}

struct FakeDirectory: StreamDirectory {
    let find: @Sendable (String) -> StreamLocation
    func locate(_ name: String) -> StreamLocation { find(name) }
}

/// Ten seconds of 160×120 H.264 at 25 fps with a key frame each second and AAC, made by ffmpeg, cut into one-second
/// segments by the real chunker.
enum TestMedia {
    static let chunks: [Chunk] = make(["-ac", "1"])
    /// Of the splice information that `make(withCues: true)` adds at each key frame.
    static let cueTrack = TrackID(9)

    static let noon = MediaTime(unixMilliseconds: 1_750_000_000_000)

    /// - Parameter start: UTC of the first picture.
    static func make(_ options: [String], withCues: Bool = false, start: MediaTime = noon) -> [Chunk] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            [
                "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=10", "-f",
                "lavfi",
                "-i", "sine=sample_rate=48000:duration=10", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25",
                "-pix_fmt", "yuv420p", "-c:a", "aac", "-muxdelay", "0.1",
            ] + options + ["-f", "mpegts", "-"]
        let pipe = Pipe()
        process.standardOutput = pipe
        guard (try? process.run()) != nil, let bytes = try? pipe.fileHandleForReading.readToEnd() else { return [] }
        process.waitUntilExit()
        return cut(bytes, withCues: withCues, start: start)
    }

    private static func cut(_ bytes: Data, withCues: Bool, start: MediaTime) -> [Chunk] {
        var video: TrackID?
        let cues = DataParameters(purpose: .scte35, streamType: 0x86, descriptors: [], isSections: true)
        var demuxer = TransportStreamDemuxer()
        var output = DemuxOutput()
        demuxer.receive(ByteBuffer(bytes: bytes), into: &output)
        demuxer.finish(into: &output)
        var segmenter = Segmenter(segmentDuration: .seconds(1))
        var chunks: [Chunk] = []
        for event in output.take() {
            switch event {
            case .tracks(let tracks):
                let more = withCues ? [Track(id: cueTrack, codec: .data(cues))] : []
                video = tracks.tracks.first { $0.kind == .video }?.id
                segmenter.tracksChanged(TrackSet(tracks.tracks + more), clock: .free, into: &chunks)
            case .frames(let frames):
                let all = frames.flatMap { frame in
                    guard withCues, frame.isKey, frame.track == video else { return [frame] }
                    return [
                        frame,
                        Frame(
                            track: cueTrack, decodeTime: frame.decodeTime, presentationTime: frame.presentationTime,
                            isKey: true, data: ByteBuffer(string: "a cue")),
                    ]
                }
                segmenter.take(all, at: start, into: &chunks)
            case .clockJump: break
            }
        }
        segmenter.sourceLost(into: &chunks)
        return chunks
    }
}
