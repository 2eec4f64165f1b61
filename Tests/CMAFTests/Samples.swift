// Tracks of every codec and seeded frames for the tests of this room.
import Media
import NIOCore
import TestSupport

/// 640×360 H.264 High of x264.
let h264 = H264Parameters(
    sequenceParameterSets: [
        [
            0x67, 0x64, 0x00, 0x1E, 0xAC, 0xD9, 0x40, 0xA0, 0x2F, 0xF9, 0x70, 0x11, 0x00, 0x00, 0x03, 0x00, 0x01, 0x00,
            0x00, 0x03, 0x00, 0x32, 0x0F, 0x16, 0x2D, 0x96,
        ]
    ], pictureParameterSets: [[0x68, 0xEB, 0xE3, 0xCB, 0x22, 0xC0]])

let allTracks = TrackSet([
    Track(id: TrackID(1), codec: .h264(h264)),
    Track(
        id: TrackID(2),
        codec: .h265(
            H265Parameters(
                videoParameterSets: [[0x40, 1, 2]], sequenceParameterSets: [[0x42, 1, 1, 1, 0x60, 0, 0, 3, 0, 0x90]],
                pictureParameterSets: [[0x44, 1, 5], [0x44, 1, 6]]))),
    Track(
        id: TrackID(3),
        codec: .aac(
            AACParameters(audioSpecificConfig: [0x11, 0x90], objectType: 2, sampleRate: 48000, channelCount: 2)),
        language: "eng"),
    Track(
        id: TrackID(4),
        codec: .aac(
            AACParameters(
                audioSpecificConfig: [0x08, 0x10], objectType: 29, sampleRate: 96000, channelCount: 7,
                samplesPerFrame: 960)), language: "x-klingon"),
    Track(
        id: TrackID(5),
        codec: .mpegAudio(MPEGAudioParameters(layer: 2, sampleRate: 48000, channelCount: 2, samplesPerFrame: 1152)),
        language: "und"),
    Track(
        id: TrackID(6),
        codec: .mpegAudio(MPEGAudioParameters(layer: 3, sampleRate: 22050, channelCount: 1, samplesPerFrame: 576))),
    Track(
        id: TrackID(7),
        codec: .ac3(
            AC3Parameters(
                sampleRateCode: 0, bitStreamID: 8, bitStreamMode: 0, audioCodingMode: 7, hasLFE: true, bitRateCode: 15,
                sampleRate: 48000, channelCount: 6)), language: "deu"),
    Track(
        id: TrackID(8),
        codec: .eac3(
            EAC3Parameters(
                sampleRateCode: 0, bitStreamID: 16, bitStreamMode: 0, audioCodingMode: 2, hasLFE: false, dataRate: 192,
                sampleRate: 48000, channelCount: 2, samplesPerFrame: 768))),
    Track(
        id: TrackID(9),
        codec: .data(
            DataParameters(
                purpose: .scte35, streamType: 0x86, descriptors: [5, 4, 0x43, 0x55, 0x45, 0x49], isSections: true))),
    Track(
        id: TrackID(40),
        codec: .data(
            DataParameters(purpose: .teletext, streamType: 6, descriptors: [], isSections: false)), language: "fin"),
])

/// Frames of one track as an encoder might make them; which fields are equal is up to chance.
func frames(_ count: Int, track: UInt32, start: Int64, using random: inout SeededGenerator) -> [TimedFrame] {
    let sameDuration = Bool.random(using: &random)
    let sameSize = Bool.random(using: &random)
    let hasOffsets = Bool.random(using: &random)
    let keys = Int.random(in: 0...2, using: &random)
    var time = MediaTime(ticks: start)
    return (0..<count).map { index in
        let duration = MediaSpan(ticks: sameDuration ? 3600 : Int64.random(in: 0...9000, using: &random))
        defer { time += duration }
        let size = sameSize ? 40 : Int.random(in: 0...90, using: &random)
        let offset = hasOffsets ? Int64.random(in: -7200...7200, using: &random) : 0
        return TimedFrame(
            track: TrackID(track), decodeTime: time, presentationTime: time + MediaSpan(ticks: offset),
            duration: duration, isKey: keys == 0 || (keys == 1 ? index == 0 : Bool.random(using: &random)),
            data: ByteBuffer(bytes: (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }))
    }
}

/// All that a frame says, for `==`.
struct FrameFacts: Equatable {
    var track: TrackID
    var decode: MediaTime
    var presentation: MediaTime
    var duration: MediaSpan
    var isKey: Bool
    var data: ByteBuffer

    init(_ f: TimedFrame) {
        (track, decode, presentation, duration) = (f.track, f.decodeTime, f.presentationTime, f.duration)
        (isKey, data) = (f.isKey, f.data)
    }
}
