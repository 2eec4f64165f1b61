// Writes the fake source's sound: silence in AAC-LC, one channel at 48 kHz.
internal import Media
internal import NIOCore

/// Frame m of 1024 samples begins at m × 1920 ticks since the epoch, exactly.
enum FakeAudio {
    static let frameDuration = MediaSpan(ticks: 1024 * mediaTicksPerSecond / 48000)

    /// AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1): AAC-LC, 48 kHz, one channel.
    static let parameters = AACParameters(
        audioSpecificConfig: [0x11, 0x88], objectType: 2, sampleRate: 48000, channelCount: 1)

    /// A raw_data_block (ISO/IEC 14496-3 §4.4.2.1) of one channel without any spectrum.
    static let silence: [UInt8] = {
        var bits = BitWriter()
        bits.write(0, 3)  // single_channel_element
        bits.write(0, 4)  // element_instance_tag
        bits.write(100, 8)  // global_gain
        bits.write(0, 4)  // ics_info: one long window of sine shape …
        bits.write(0, 6)  // … max_sfb 0: no sections, scale factors or levels follow
        bits.write(0, 1)  // no prediction
        bits.write(0, 3)  // no pulses, no TNS, no gain control
        bits.write(7, 3)  // end
        return bits.bytes
    }()

    /// The same, shared by all frames of all streams.
    static let frame = ByteBuffer(bytes: silence)
}
