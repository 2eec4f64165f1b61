// ftyp and moov: what a player must have before the first fragment, as a pure function of the tracks.
package import Media
package import NIOCore

/// CMAF initialisation segments (ISO/IEC 23000-19 §7.3.1; boxes: ISO/IEC 14496-12 §8).
///
/// No date, host or counter is in them: the same tracks give the same bytes on every server.
package enum InitializationSegment {
    /// The segment for `tracks`, or for those of them that `only` names.
    ///
    /// Limits of the format: 31 sequence and 255 picture parameter sets of H.264, 65535 bytes in each parameter set;
    /// what goes beyond is left out.
    package static func write(_ tracks: TrackSet, only: Set<TrackID>? = nil) -> ByteBuffer {
        let chosen = tracks.tracks.filter { only?.contains($0.id) ?? true }
        var out = ByteBuffer()
        out.reserveCapacity(512 + 768 * chosen.count)
        out.writeBox("ftyp") {
            $0.writeFourCC("iso6")
            $0.writeInteger(UInt32(0))
            $0.writeFourCC("iso6")
            $0.writeFourCC("mp41")
            // A CMAF header has one track (ISO/IEC 23000-19 §7.3.1); `cmf2` allows signed composition offsets.
            if chosen.count == 1 { $0.writeFourCC("cmf2") }
        }
        out.writeBox("moov") { moov in
            moov.writeFullBox("mvhd") {
                $0.writeMultipleIntegers(
                    UInt32(0), UInt32(0), UInt32(mediaTicksPerSecond), UInt32(0), UInt32(0x10000), UInt16(0x100))
                $0.writeZeros(10)
                $0.writeUnityMatrix()
                $0.writeZeros(24)
                $0.writeInteger((chosen.last?.id.value ?? 0) &+ 1)
            }
            for track in chosen { TrackBox.write(track, to: &moov) }
            moov.writeBox("mvex") { mvex in
                for track in chosen {
                    mvex.writeFullBox("trex") {
                        $0.writeMultipleIntegers(track.id.value, UInt32(1), UInt32(0), UInt32(0), UInt32(0))
                    }
                }
            }
        }
        return out
    }

    /// The tracks of an initialisation segment; tracks of codecs that Weir does not take are left out.
    ///
    /// For bytes that `write` made this is the set that was written. Throws when there is no `moov` or it is damaged.
    package static func read(_ bytes: ByteBuffer) throws(CMAFError) -> TrackSet {
        let moov = try BoxCursor(bytes).required("moov")
        var tracks: [Track] = []
        var boxes = moov.body
        while let box = try boxes.nextBox() {
            guard box.type == "trak", let header = try TrackHeader(box) else { continue }
            tracks.append(
                Track(id: TrackID(header.id), codec: header.entry.codec, language: header.language))
        }
        return TrackSet(tracks)
    }

    /// The name of the segment in URLs.
    package static func fingerprint(_ bytes: ByteBuffer) -> Fingerprint { Fingerprint(of: bytes) }
}
