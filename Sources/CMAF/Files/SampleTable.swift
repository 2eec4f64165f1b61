// The samples of one track of an MP4 file in decode order, in 24 bytes each.
package import Media

/// One sample of a file: when it is and where its bytes lie.
package struct FileSample: Hashable, Sendable {
    /// On the file's own clock, edit list applied: zero is where presentation begins.
    package var decodeTime: SourceTime
    package var presentationTime: SourceTime
    /// To the next sample of the track.
    package var duration: MediaSpan
    package var isKey: Bool
    /// From the file's first byte.
    package var offset: Int64
    package var size: Int
}

/// The samples of one track. Memory: 24 bytes a sample, at most `maximum` samples in a file.
package struct SampleTable: Sendable {
    /// About 40 hours of video with sound; what goes beyond is refused.
    package static let maximum = 16_000_000
    /// Larger than any picture; a sample that claims more is damage.
    package static let largestSample = 256 << 20

    private struct Row {
        var decodeTime: Int64
        /// The highest bit: not a key frame.
        var place: UInt64
        var size: UInt32
        var compositionOffset: Int32
    }
    private static let dependentBit: UInt64 = 1 << 63

    private var rows: ContiguousArray<Row> = []
    /// Where the last sample ends, in ticks.
    private(set) var end: Int64 = 0

    package var count: Int { rows.count }

    /// `index` must be below `count`.
    package subscript(index: Int) -> FileSample {
        let row = rows[index]
        let next = index + 1 < rows.count ? rows[index + 1].decodeTime : end
        return FileSample(
            decodeTime: SourceTime(ticks: row.decodeTime),
            presentationTime: SourceTime(ticks: row.decodeTime + Int64(row.compositionOffset)),
            duration: MediaSpan(ticks: next - row.decodeTime), isKey: row.place & Self.dependentBit == 0,
            offset: Int64(row.place & ~Self.dependentBit), size: Int(row.size))
    }

    /// The first index whose decode time is not before `time`; `count` when there is none.
    package func firstIndex(notBefore time: SourceTime) -> Int {
        var (low, high) = (0, rows.count)
        while low < high {
            let middle = (low + high) / 2
            if rows[middle].decodeTime < time.ticks { low = middle + 1 } else { high = middle }
        }
        return low
    }

    mutating func reserve(_ count: Int) { rows.reserveCapacity(min(count, Self.maximum)) }

    /// Adds a sample whose fields were checked: `offset` not negative, times rising.
    mutating func append(
        decodeTime: Int64, end: Int64, compositionOffset: Int32, isKey: Bool, offset: Int64, size: UInt32
    ) {
        rows.append(
            Row(
                decodeTime: decodeTime, place: UInt64(offset) | (isKey ? 0 : Self.dependentBit), size: size,
                compositionOffset: compositionOffset))
        self.end = end
    }

    /// Where composition offsets are negative, moves all decode times ahead by as much, so that no sample is presented
    /// before it is decoded: transport streams cannot say such times. Presentation times stay.
    mutating func decodeBeforePresentation() {
        let least = rows.reduce(Int32(0)) { min($0, $1.compositionOffset) }
        guard least < 0, rows.allSatisfy({ $0.compositionOffset <= Int32.max + least }) else { return }
        for index in rows.indices {
            rows[index].decodeTime += Int64(least)
            rows[index].compositionOffset -= least
        }
        end += Int64(least)
    }

    /// Takes away the samples at the end that are presented at or after `limit`.
    mutating func cut(presentedFrom limit: Int64) {
        while let last = rows.last, last.decodeTime + Int64(last.compositionOffset) >= limit {
            end = last.decodeTime
            rows.removeLast()
        }
    }
}
