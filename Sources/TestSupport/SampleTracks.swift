// A track of pictures and one of sound that need no encoder.
package import Media

/// What streams made from numbers say that they are.
package enum SampleTracks {
    package static let video = Track(
        id: TrackID(1),
        codec: .h264(
            H264Parameters(sequenceParameterSets: [[0x67, 0x42, 0xc0, 0x0a]], pictureParameterSets: [[0x68, 0xce]])))
    /// AAC of one channel at 48 kHz.
    package static let audio = Track(
        id: TrackID(2),
        codec: .aac(
            AACParameters(audioSpecificConfig: [0x11, 0x88], objectType: 2, sampleRate: 48_000, channelCount: 1)))
    /// A whole minute of UTC.
    package static let noon = MediaTime(unixMilliseconds: 1_700_000_040_000)
}
