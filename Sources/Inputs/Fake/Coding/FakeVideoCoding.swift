// Writes the fake source's H.264: parameter sets, intra and predicted pictures, and the message that pads them.
internal import Media

/// H.264 Constrained Baseline of a `FakePicture`, 25 fps. A picture's bytes depend on the picture, the one before it and
/// the frame number alone.
enum FakeVideoCoding {
    /// Six bits: the 50 frames of a group.
    private static let frameNumberBits = 6

    static let parameters = H264Parameters(
        sequenceParameterSets: [sequenceParameterSet()], pictureParameterSets: [pictureParameterSet()])

    /// ITU-T H.264 §7.3.2.1.1.
    private static func sequenceParameterSet() -> [UInt8] {
        var bits = BitWriter()
        bits.write(66, 8)  // Baseline …
        bits.write(0b1100_0000, 8)  // … and Constrained Baseline, Main
        bits.write(41, 8)  // level 4.1: 50 Mbit/s, for what `bitrate=` may ask
        bits.writeUnsigned(0)  // seq_parameter_set_id
        bits.writeUnsigned(frameNumberBits - 4)
        bits.writeUnsigned(2)  // pic_order_cnt_type: shown in the order of decoding
        bits.writeUnsigned(1)  // max_num_ref_frames
        bits.write(0, 1)  // no gaps in frame_num
        bits.writeUnsigned(FakePicture.columns - 1)
        bits.writeUnsigned(FakePicture.rows - 1)
        bits.write(0b11, 2)  // frame_mbs_only_flag, direct_8x8_inference_flag
        bits.write(0, 1)  // no cropping
        bits.write(1, 1)  // VUI (§E.1.1):
        bits.write(0, 4)  // no aspect ratio, overscan, signal type, chroma location
        bits.write(1, 1)  // timing_info_present_flag
        bits.write(1, 32)  // num_units_in_tick
        bits.write(UInt64(FakeClock.framesPerSecond * 2), 32)  // time_scale, in fields
        bits.write(1, 1)  // fixed_frame_rate_flag
        bits.write(0, 3)  // no HRD, no pic_struct
        bits.write(1, 1)  // bitstream_restriction_flag, so that players do not wait for reordering:
        bits.write(1, 1)  // motion vectors over the border
        for value in [0, 0, 0, 0, 0, 1] { bits.writeUnsigned(value) }  // no reordering, one frame of buffer
        bits.writeTrailing()
        return bits.nalUnit(header: 0x60 | H264NAL.sps)
    }

    /// ITU-T H.264 §7.3.2.2.
    private static func pictureParameterSet() -> [UInt8] {
        var bits = BitWriter()
        bits.writeUnsigned(0)
        bits.writeUnsigned(0)
        bits.write(0, 2)  // CAVLC, no picture order in the slice
        bits.writeUnsigned(0)  // one slice group
        bits.writeUnsigned(0)  // one reference picture
        bits.writeUnsigned(0)
        bits.write(0, 3)  // no weighted prediction
        bits.writeSigned(FakeMacroblock.quantiser - 26)
        bits.writeSigned(0)
        bits.writeSigned(0)
        bits.write(0b100, 3)  // deblocking is said in the slice; no constrained intra prediction, no redundant pictures
        bits.writeTrailing()
        return bits.nalUnit(header: 0x60 | H264NAL.pps)
    }

    /// An IDR picture; two in succession differ in idr_pic_id (§7.4.3).
    static func intraPicture(_ picture: FakePicture, group: Int64) -> [UInt8] {
        var bits = BitWriter(capacity: 6000)
        bits.writeUnsigned(0)  // first_mb_in_slice
        bits.writeUnsigned(7)  // I, all slices
        bits.writeUnsigned(0)
        bits.write(0, frameNumberBits)
        bits.writeUnsigned(Int(group & 1))  // idr_pic_id
        bits.write(0, 2)  // dec_ref_pic_marking
        bits.writeSigned(0)  // slice_qp_delta
        bits.writeUnsigned(1)  // disable_deblocking_filter_idc
        for cell in picture.cells { bits.write(FakeMacroblock.inIntraSlice(cell)) }
        bits.writeTrailing()
        return bits.nalUnit(header: 0x60 | H264NAL.idr)
    }

    /// A picture in which only what changed since the one before is coded. `number`: 1 to 49, its place in the group.
    static func predictedPicture(_ picture: FakePicture, after previous: FakePicture, number: Int) -> [UInt8] {
        var bits = BitWriter(capacity: 800)
        bits.writeUnsigned(0)
        bits.writeUnsigned(5)  // P, all slices
        bits.writeUnsigned(0)
        bits.write(UInt64(number), frameNumberBits)
        bits.write(0, 3)  // one reference picture, in its usual order; adaptive_ref_pic_marking_mode_flag
        bits.writeSigned(0)
        bits.writeUnsigned(1)
        var written = 0
        for index in 0..<FakePicture.changingCellCount where picture.cells[index] != previous.cells[index] {
            bits.writeUnsigned(index - written)  // mb_skip_run: all vectors are zero (§8.4.1.1)
            bits.write(FakeMacroblock.inPredictedSlice(picture.cells[index]))
            written = index + 1
        }
        bits.writeUnsigned(picture.cells.count - written)
        bits.writeTrailing()
        return bits.nalUnit(header: 0x60 | H264NAL.slice)
    }

    /// Names the messages as ours: user_data_unregistered begins with a UUID (§D.1.7).
    private static let identifier: [UInt8] = [
        0x5b, 0x1e, 0xd6, 0x12, 0xa4, 0x0f, 0x4c, 0x6f, 0x9a, 0x53, 0x77, 0x65, 0x69, 0x72, 0x66, 0x6b,
    ]

    /// A user data message (§7.3.2.3, §D.1.7) that says `text` and makes the NAL unit `size` bytes long or as little
    /// longer as it must be. Bytes below 4 in `text` are replaced, so nothing needs escaping.
    static func message(_ text: String, size: Int) -> [UInt8] {
        var payload = identifier
        for byte in text.utf8 { payload.append(byte < 4 ? UInt8(ascii: "?") : byte) }
        // NAL header, payload type and trailing byte; the payload's size takes a byte per 255.
        let room = size - 3
        let wanted = room - room / 256 - 1
        if payload.count < wanted { payload.append(contentsOf: repeatElement(0xff, count: wanted - payload.count)) }
        var unit: [UInt8] = []
        unit.reserveCapacity(payload.count + payload.count / 255 + 4)
        unit.append(H264NAL.sei)
        unit.append(5)
        unit.append(contentsOf: repeatElement(0xff, count: payload.count / 255))
        unit.append(UInt8(payload.count % 255))
        unit.append(contentsOf: payload)
        unit.append(0x80)
        return unit
    }
}
