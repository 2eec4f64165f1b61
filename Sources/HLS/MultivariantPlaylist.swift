// A multivariant playlist as a value, and its text.

/// The playlist of playlists (RFC 8216 §4.3.4, "master playlist" there).
package struct MultivariantPlaylist: Hashable, Sendable {
    /// One rendition of an audio group (EXT-X-MEDIA).
    package struct Audio: Hashable, Sendable {
        package var group: String
        package var name: String
        package var language: String?
        package var isDefault: Bool
        /// Nil: the rendition is within the variant's own segments.
        package var uri: String?
        package var channels: Int?

        package init(
            group: String, name: String, language: String? = nil, isDefault: Bool = false, uri: String? = nil,
            channels: Int? = nil
        ) {
            self.group = group
            self.name = name
            self.language = language
            self.isDefault = isDefault
            self.uri = uri
            self.channels = channels
        }
    }

    /// One variant stream (EXT-X-STREAM-INF).
    package struct Variant: Hashable, Sendable {
        package var uri: String
        /// Highest bit/s of a segment.
        package var bandwidth: Int64
        package var averageBandwidth: Int64?
        /// RFC 6381 names, such as `avc1.64001e`.
        package var codecs: [String]
        package var width: Int?
        package var height: Int?
        /// Thousandths of a frame per second: 29970 is written 29.970.
        package var frameRateThousandths: Int64?
        package var audioGroup: String?

        package init(
            uri: String, bandwidth: Int64, averageBandwidth: Int64? = nil, codecs: [String] = [], width: Int? = nil,
            height: Int? = nil, frameRateThousandths: Int64? = nil, audioGroup: String? = nil
        ) {
            self.uri = uri
            self.bandwidth = bandwidth
            self.averageBandwidth = averageBandwidth
            self.codecs = codecs
            self.width = width
            self.height = height
            self.frameRateThousandths = frameRateThousandths
            self.audioGroup = audioGroup
        }
    }

    package var audio: [Audio]
    package var variants: [Variant]
    package var hasIndependentSegments: Bool

    package init(audio: [Audio] = [], variants: [Variant], hasIndependentSegments: Bool = true) {
        self.audio = audio
        self.variants = variants
        self.hasIndependentSegments = hasIndependentSegments
    }

    /// The playlist as UTF-8 with LF line ends.
    package func write() -> [UInt8] {
        var text = PlaylistText(capacity: 128 + 256 * (audio.count + variants.count))
        text.put("#EXTM3U\n#EXT-X-VERSION:6\n")
        if hasIndependentSegments { text.put("#EXT-X-INDEPENDENT-SEGMENTS\n") }
        for rendition in audio { write(rendition, to: &text) }
        for variant in variants { write(variant, to: &text) }
        return text.bytes
    }

    private func write(_ rendition: Audio, to text: inout PlaylistText) {
        text.put("#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=")
        text.put(quoted: rendition.group)
        text.put(",NAME=")
        text.put(quoted: rendition.name)
        if let language = rendition.language {
            text.put(",LANGUAGE=")
            text.put(quoted: language)
        }
        if rendition.isDefault { text.put(",DEFAULT=YES") }
        text.put(",AUTOSELECT=YES")
        if let channels = rendition.channels {
            text.put(",CHANNELS=\"")
            text.put(Int64(channels))
            text.put("\"")
        }
        if let uri = rendition.uri {
            text.put(",URI=")
            text.put(quoted: uri)
        }
        text.newLine()
    }

    private func write(_ variant: Variant, to text: inout PlaylistText) {
        text.put("#EXT-X-STREAM-INF:BANDWIDTH=")
        text.put(variant.bandwidth)
        if let average = variant.averageBandwidth {
            text.put(",AVERAGE-BANDWIDTH=")
            text.put(average)
        }
        if !variant.codecs.isEmpty {
            text.put(",CODECS=")
            text.put(quoted: variant.codecs.joined(separator: ","))
        }
        if let width = variant.width, let height = variant.height {
            text.put(",RESOLUTION=")
            text.put(Int64(width))
            text.put("x")
            text.put(Int64(height))
        }
        if let rate = variant.frameRateThousandths, rate > 0 {
            text.put(",FRAME-RATE=")
            text.put(rate / 1000)
            text.put(".")
            text.put(rate % 1000, width: 3)
        }
        if let group = variant.audioGroup {
            text.put(",AUDIO=")
            text.put(quoted: group)
        }
        text.newLine()
        text.put(text: variant.uri)
        text.newLine()
    }
}
