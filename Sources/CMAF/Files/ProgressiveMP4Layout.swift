// A progressive MP4 file over fragments that stay where they lie: only the header is made.
package import Media
package import NIOCore

/// The beginning of a progressive file (ISO/IEC 14496-12): `ftyp`, `moov` with all sample tables, and the head of the `mdat`.
///
/// The body of the `mdat` is the bytes of the fragments as they are: their `moof` boxes stay between the samples, where no
/// sample table points. So a file of any length is a short header and parts of files that nobody has to copy.
package struct ProgressiveMP4Layout: Sendable {
    package let header: ByteBuffer
    /// Bytes of the `mdat` behind the header.
    package let bodyLength: Int64

    package var length: Int64 { Int64(header.readableBytes) + bodyLength }
}

/// Takes fragments in the order of playing and makes the header for them.
///
/// Tracks of several runs become one where they are of one kind and have the same place among their kind; other codec
/// parameters are a further sample description. Data tracks are left out. Where the media do not continue, the time
/// between is left out too: what follows starts where the longest track ended.
package struct ProgressiveMP4Builder: Sendable {
    private var tables: [ProgressiveTrackTable] = []
    private var current: [TrackID: (table: Int, description: UInt32)] = [:]
    private var bodyLength: Int64 = 0
    /// Taken off the media's time.
    private var shift: Int64 = 0

    package init() {}

    /// The fragments that follow do not continue those before; `start` is where they begin.
    /// - Returns: what is taken off the media's time from here on.
    package mutating func begin(_ tracks: TrackSet, at start: MediaTime) -> MediaSpan {
        shift = start.ticks - (tables.map(\.end).max() ?? 0)
        current = [:]
        var counts: [Track.Kind: Int] = [:]
        for track in tracks.tracks where track.kind != .data {
            let place = counts[track.kind, default: 0]
            counts[track.kind] = place + 1
            let index: Int
            if let known = tables.firstIndex(where: { $0.kind == track.kind && $0.place == place }) {
                index = known
            } else {
                index = tables.count
                tables.append(ProgressiveTrackTable(track, id: TrackID(UInt32(index + 1)), place: place))
            }
            current[track.id] = (index, tables[index].description(of: track.codec))
        }
        return MediaSpan(ticks: shift)
    }

    /// Adds `length` bytes to the body.
    /// - Returns: where in the body they lie.
    package mutating func append(length: Int64) -> Int64 {
        defer { bodyLength += length }
        return bodyLength
    }

    /// Adds a fragment whose place in the body is that in its file plus `displacement`.
    package mutating func add(_ head: FragmentHead, displacement: Int64) {
        guard let (table, description) = current[head.track], let first = head.samples.first else { return }
        tables[table].beginChunk(
            at: first.offset + displacement, samples: head.samples.count, description: description)
        for sample in head.samples { tables[table].add(sample, shift: shift) }
    }

    package func finish() -> ProgressiveMP4Layout {
        let used = tables.filter { !$0.isEmpty }
        // What is presented first is the movie's zero; a track that begins later is delayed by an empty edit.
        let origin = used.map(\.firstPresentation).min() ?? 0
        // The tables are as long whatever the offsets in them are: the first pass tells where the body begins.
        let length = header(used, origin: origin, base: 0).readableBytes
        return ProgressiveMP4Layout(
            header: header(used, origin: origin, base: Int64(length)), bodyLength: bodyLength)
    }

    private func header(_ tables: [ProgressiveTrackTable], origin: Int64, base: Int64) -> ByteBuffer {
        var out = ByteBuffer()
        out.reserveCapacity(4096 + tables.reduce(0) { $0 + $1.byteCount })
        out.writeBox("ftyp") {
            $0.writeFourCC("isom")
            $0.writeInteger(UInt32(0x200))
            for brand: FourCC in ["isom", "iso6", "mp41"] { $0.writeFourCC(brand) }
        }
        out.writeBox("moov") { moov in
            moov.writeFullBox("mvhd", version: 1) {
                $0.writeMultipleIntegers(
                    UInt64(0), UInt64(0), UInt32(mediaTicksPerSecond),
                    UInt64(tables.map { $0.presentedEnd(origin: origin) }.max() ?? 0), UInt32(0x10000), UInt16(0x100))
                $0.writeZeros(10)
                $0.writeUnityMatrix()
                $0.writeZeros(24)
                $0.writeInteger(UInt32(tables.count + 1))
            }
            for table in tables { table.write(origin: origin, base: base, to: &moov) }
        }
        out.writeMultipleIntegers(UInt32(1), FourCC("mdat").value, UInt64(16 + bodyLength))
        return out
    }
}
