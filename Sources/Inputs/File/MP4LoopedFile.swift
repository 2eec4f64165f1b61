// An .mp4 file for looping: its sample tables in memory, its media read as it is played.
internal import CMAF
internal import Ingest
internal import Media
internal import NIOCore

/// A progressive or fragmented MP4 file.
struct MP4LoopedFile: LoopedMedia {
    /// Samples that lie this close to each other in the file are read at once.
    private static let readAcross: Int64 = 64 << 10
    private static let largestRead: Int64 = 4 << 20

    let byteCount: Int64
    let duration: MediaSpan
    let entries: [MediaSpan]
    private(set) var damagedFrames: UInt64 = 0
    private let file: ReadOnlyFile
    private let media: MP4File
    /// The file's time of position zero: the decode time of the leading track's first key frame.
    private let origin: SourceTime
    /// Per track the next sample to be read.
    private var next: [Int]

    /// Reads the file's tables.
    ///
    /// - Throws: `.unsupportedMedia` with the place and the reason; `.ended` where the file cannot be read.
    init(_ file: ReadOnlyFile) throws(InputFailure) {
        func refuse(_ reason: String) -> InputFailure {
            InputFailure(code: .unsupportedMedia, message: "\(file.name): \(reason)")
        }
        let byteCount = try file.size()
        let media: MP4File
        do throws(CMAFError) {
            media = try MP4File(size: byteCount) { (offset, length) throws(CMAFError) in
                do throws(InputFailure) {
                    return try file.read(at: offset, length: length)
                } catch {
                    throw CMAFError(.unreadable, at: Int(offset), error.message)
                }
            }
        } catch {
            throw error.code == .unreadable
                ? InputFailure(code: .ended, message: error.reason) : refuse(error.description)
        }
        guard let leading = media.tracks.leading,
            let table = media.tracks.tracks.firstIndex(of: leading).map({ media.tables[$0] }),
            let first = (0..<table.count).first(where: { table[$0].isKey || leading.kind == .audio })
        else { throw refuse("has no key frame of video and no sound") }
        let origin = table[first].decodeTime
        let last = table[table.count - 1]
        // One frame more than the steps between frames: some writers give the last one no length.
        let step = last.duration > .zero ? last.duration : table.count > 1 ? table[table.count - 2].duration : .zero
        duration = last.decodeTime + step - origin
        guard duration > .zero else { throw refuse("has no length: a single frame cannot be played") }
        var entries: [MediaSpan] = []
        for index in first..<table.count where table[index].isKey {
            let position = table[index].decodeTime - origin
            // A sound file may be entered everywhere; once a second is enough.
            if leading.kind == .video || entries.last.map({ position - $0 >= .seconds(1) }) ?? true {
                entries.append(position)
            }
        }
        self.entries = entries
        self.origin = origin
        self.byteCount = byteCount
        self.file = file
        self.media = media
        next = media.tables.map { $0.firstIndex(notBefore: origin) }
    }

    mutating func seek(to entry: MediaSpan) { next = media.tables.map { $0.firstIndex(notBefore: origin + entry) } }

    mutating func read(until limit: MediaSpan) throws(InputFailure) -> [InputEvent] {
        let end = origin + limit
        var due: [(track: Int, sample: FileSample)] = []
        for (track, table) in media.tables.enumerated() {
            while next[track] < table.count {
                let sample = table[next[track]]
                guard sample.decodeTime < end else { break }
                due.append((track, sample))
                next[track] += 1
            }
        }
        var events: [InputEvent] = [.tracks(media.tracks, clock: .free)]
        let frames = try load(due)
        if !frames.isEmpty { events.append(.frames(frames)) }
        return events
    }

    /// Reads neighbours in the file together, and gives the frames in order of time.
    private mutating func load(_ due: [(track: Int, sample: FileSample)]) throws(InputFailure) -> [Frame] {
        var found: [(order: Int, frame: Frame)] = []
        found.reserveCapacity(due.count)
        let order = due.indices.sorted { due[$0].sample.offset < due[$1].sample.offset }
        var index = 0
        while index < order.count {
            let begin = due[order[index]].sample.offset
            var end = begin
            var stop = index
            while stop < order.count {
                let sample = due[order[stop]].sample
                let sampleEnd = max(end, sample.offset + Int64(sample.size))
                guard stop == index || (sample.offset - end <= Self.readAcross && sampleEnd - begin <= Self.largestRead)
                else { break }
                end = sampleEnd
                stop += 1
            }
            let bytes = try file.read(at: begin, length: Int(end - begin))
            guard bytes.readableBytes == Int(end - begin) else {
                throw InputFailure(code: .ended, message: "\(file.name): became shorter while it was played")
            }
            for place in order[index..<stop] {
                let (track, sample) = due[place]
                guard
                    let data = bytes.getSlice(
                        at: bytes.readerIndex + Int(sample.offset - begin), length: sample.size),
                    var frame = media.frame(sample, track: track, data: data)
                else {
                    damagedFrames += 1
                    continue
                }
                frame.decodeTime.ticks -= origin.ticks
                frame.presentationTime.ticks -= origin.ticks
                found.append((place, frame))
            }
            index = stop
        }
        found.sort { ($0.frame.decodeTime, $0.order) < ($1.frame.decodeTime, $1.order) }
        return found.map(\.frame)
    }
}
