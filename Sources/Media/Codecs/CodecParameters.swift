// What each codec's decoder must know before the first frame. Parsing of the parameter sets is in the files beside this.

/// H.264 parameter sets, without start codes or lengths, with emulation prevention bytes as sent.
package struct H264Parameters: Hashable, Sendable {
    package var sequenceParameterSets: [[UInt8]]
    package var pictureParameterSets: [[UInt8]]
    package init(sequenceParameterSets: [[UInt8]], pictureParameterSets: [[UInt8]]) {
        self.sequenceParameterSets = sequenceParameterSets
        self.pictureParameterSets = pictureParameterSets
    }
}

/// H.265 parameter sets, without start codes or lengths, with emulation prevention bytes as sent.
package struct H265Parameters: Hashable, Sendable {
    package var videoParameterSets: [[UInt8]]
    package var sequenceParameterSets: [[UInt8]]
    package var pictureParameterSets: [[UInt8]]
    package init(
        videoParameterSets: [[UInt8]], sequenceParameterSets: [[UInt8]], pictureParameterSets: [[UInt8]]
    ) {
        self.videoParameterSets = videoParameterSets
        self.sequenceParameterSets = sequenceParameterSets
        self.pictureParameterSets = pictureParameterSets
    }
}

/// AAC: the AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1) and what was read from it.
package struct AACParameters: Hashable, Sendable {
    package var audioSpecificConfig: [UInt8]
    /// 2 = LC, 5 = SBR, 29 = PS.
    package var objectType: UInt8
    package var sampleRate: Int
    package var channelCount: Int
    /// At `sampleRate`: 1024, or 960 where the configuration says so; twice that where it says SBR.
    package var samplesPerFrame: Int
    package init(
        audioSpecificConfig: [UInt8], objectType: UInt8, sampleRate: Int, channelCount: Int, samplesPerFrame: Int = 1024
    ) {
        self.audioSpecificConfig = audioSpecificConfig
        self.objectType = objectType
        self.sampleRate = sampleRate
        self.channelCount = channelCount
        self.samplesPerFrame = samplesPerFrame
    }
}

/// MPEG-1/2 audio layers 1 to 3 (ISO/IEC 11172-3, 13818-3).
package struct MPEGAudioParameters: Hashable, Sendable {
    /// 1 to 3.
    package var layer: Int
    /// In Hz.
    package var sampleRate: Int
    package var channelCount: Int
    package var samplesPerFrame: Int
    package init(layer: Int, sampleRate: Int, channelCount: Int, samplesPerFrame: Int) {
        self.layer = layer
        self.sampleRate = sampleRate
        self.channelCount = channelCount
        self.samplesPerFrame = samplesPerFrame
    }
}

/// AC-3 (ETSI TS 102 366): the fields that the `dac3` box repeats.
package struct AC3Parameters: Hashable, Sendable {
    /// `fscod`, 0 to 2: 48, 44.1 or 32 kHz (§4.4.1.3).
    package var sampleRateCode: UInt8
    package var bitStreamID: UInt8
    package var bitStreamMode: UInt8
    package var audioCodingMode: UInt8
    package var hasLFE: Bool
    /// Half of `frmsizecod`, 0 to 18: the place of the bit rate in `AC3Header.bitRates` (§4.4.1.4, §F.4).
    package var bitRateCode: UInt8
    /// In Hz.
    package var sampleRate: Int
    package var channelCount: Int
    package init(
        sampleRateCode: UInt8, bitStreamID: UInt8, bitStreamMode: UInt8, audioCodingMode: UInt8, hasLFE: Bool,
        bitRateCode: UInt8, sampleRate: Int, channelCount: Int
    ) {
        self.sampleRateCode = sampleRateCode
        self.bitStreamID = bitStreamID
        self.bitStreamMode = bitStreamMode
        self.audioCodingMode = audioCodingMode
        self.hasLFE = hasLFE
        self.bitRateCode = bitRateCode
        self.sampleRate = sampleRate
        self.channelCount = channelCount
    }
}

/// E-AC-3 (ETSI TS 102 366 annex E): the fields that the `dec3` box repeats, for one independent substream.
package struct EAC3Parameters: Hashable, Sendable {
    /// `fscod`, 0 to 3: 48, 44.1 or 32 kHz; 3: half of one of them (§E.1.3.1).
    package var sampleRateCode: UInt8
    package var bitStreamID: UInt8
    package var bitStreamMode: UInt8
    package var audioCodingMode: UInt8
    package var hasLFE: Bool
    /// In kbit/s.
    package var dataRate: Int
    /// In Hz.
    package var sampleRate: Int
    package var channelCount: Int
    /// Samples in a frame: 256 per block, 1 to 6 blocks.
    package var samplesPerFrame: Int
    package init(
        sampleRateCode: UInt8, bitStreamID: UInt8, bitStreamMode: UInt8, audioCodingMode: UInt8, hasLFE: Bool,
        dataRate: Int, sampleRate: Int, channelCount: Int, samplesPerFrame: Int
    ) {
        self.sampleRateCode = sampleRateCode
        self.bitStreamID = bitStreamID
        self.bitStreamMode = bitStreamMode
        self.audioCodingMode = audioCodingMode
        self.hasLFE = hasLFE
        self.dataRate = dataRate
        self.sampleRate = sampleRate
        self.channelCount = channelCount
        self.samplesPerFrame = samplesPerFrame
    }
}

/// A track that is carried through: its MPEG-TS identity is kept whole, so that the way out can say it again.
package struct DataParameters: Hashable, Sendable {
    package enum Purpose: Hashable, Sendable { case scte35, teletext, dvbSubtitles, other }
    package var purpose: Purpose
    /// `stream_type` of the PMT (ISO/IEC 13818-1 table 2-34).
    package var streamType: UInt8
    /// The ES descriptors of the PMT entry, as sent.
    package var descriptors: [UInt8]
    /// True: the frames are private sections; false: PES payloads.
    package var isSections: Bool
    package init(purpose: Purpose, streamType: UInt8, descriptors: [UInt8], isSections: Bool) {
        self.purpose = purpose
        self.streamType = streamType
        self.descriptors = descriptors
        self.isSections = isSections
    }
}
