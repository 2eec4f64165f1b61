// Makes transport streams that ffmpeg cannot be made to send: field pictures, any clock, any map.
import MPEGTS
import Media

/// Writes bits, most significant first.
struct BitWriter {
    var bytes: [UInt8] = []
    private var bits = 0

    mutating func write(_ value: Int, _ count: Int) {
        for shift in stride(from: count - 1, through: 0, by: -1) {
            if bits % 8 == 0 { bytes.append(0) }
            bytes[bytes.count - 1] |= UInt8(value >> shift & 1) << UInt8(7 - bits % 8)
            bits += 1
        }
    }

    mutating func unsigned(_ value: Int) {
        let width = Int.bitWidth - (value + 1).leadingZeroBitCount
        write(0, width - 1)
        write(value + 1, width)
    }
}

/// An interlaced SPS (main profile, 720×576) and its PPS.
let interlacedSPS: [UInt8] = {
    var bits = BitWriter()
    bits.bytes = [0x67, 77, 0, 30]
    var tail = BitWriter()
    // Id, frame_num of 4 bits, order count of type 0 with 4 bits, one reference.
    for value in [0, 0, 0, 0, 1] { tail.unsigned(value) }
    tail.write(0, 1)
    tail.unsigned(44)
    tail.unsigned(17)
    tail.write(0, 1)  // frame_mbs_only_flag
    tail.write(0, 1)
    tail.write(1, 1)
    tail.write(0, 2)
    tail.write(1, 1)
    bits.bytes += tail.bytes
    return bits.bytes
}()
let interlacedPPS: [UInt8] = [0x68, 0xce, 0x3c, 0x80]

func field(isIDR: Bool, frameNumber: Int, isBottom: Bool, filling: Int = 40) -> [UInt8] {
    var bits = BitWriter()
    bits.unsigned(0)
    bits.unsigned(isIDR ? 7 : 5)
    bits.unsigned(0)
    bits.write(frameNumber, 4)
    bits.write(1, 1)
    bits.write(isBottom ? 1 : 0, 1)
    bits.write(0xff, 8)
    return [isIDR ? 0x65 : 0x61] + bits.bytes + [UInt8](repeating: 0xa5, count: filling)
}

func annexB(_ nals: [[UInt8]]) -> [UInt8] { nals.flatMap { [0, 0, 0, 1] + $0 } }

/// One programme, made of PES packets: H.264 on PID 0x100 unless another map is given.
struct StreamBuilder {
    var bytes: [UInt8] = []
    private var counters: [UInt16: UInt8] = [:]

    init(_ entries: [(type: UInt8, pid: UInt16)] = [(0x1b, 0x100)]) {
        section([0, 0xb0, 13, 0, 1, 0xc1, 0, 0, 0, 1, 0xf0, 0], pid: 0)
        map(entries)
    }

    /// The PMT, with the PCR on PID 0x100.
    mutating func map(_ entries: [(type: UInt8, pid: UInt16)], version: UInt8 = 0) {
        let list = entries.flatMap { [$0.type, 0xe0 | UInt8($0.pid >> 8), UInt8($0.pid & 255), 0xf0, 0] }
        let length = UInt8(13 + list.count)
        section([2, 0xb0, length, 0, 1, 0xc1 | version << 1, 0, 0, 0xe1, 0, 0xf0, 0] + list, pid: 0x1000)
    }

    private mutating func section(_ body: [UInt8], pid: UInt16) {
        var crc: UInt32 = 0xffff_ffff
        for byte in body {
            crc ^= UInt32(byte) << 24
            for _ in 0..<8 { crc = crc & 0x8000_0000 == 0 ? crc << 1 : crc << 1 ^ 0x04c1_1db7 }
        }
        let check = (0..<4).map { UInt8(truncatingIfNeeded: crc >> UInt32(24 - 8 * $0)) }
        packets([0] + body + check, pid: pid, adaptation: [])
    }

    mutating func pes(
        _ payload: [UInt8], at time: Int64?, pcr: Int64? = nil, isMarked: Bool = false, isBounded: Bool = false,
        pid: UInt16 = 0x100
    ) {
        var stamp: [UInt8] = []
        if let time {
            stamp = [
                0x21 | UInt8(time >> 30 & 7) << 1, UInt8(truncatingIfNeeded: time >> 22),
                UInt8(truncatingIfNeeded: time >> 15) << 1 | 1, UInt8(truncatingIfNeeded: time >> 7),
                UInt8(truncatingIfNeeded: time << 1) | 1,
            ]
        }
        let length = isBounded ? payload.count + 3 + stamp.count : 0
        let header: [UInt8] =
            [
                0, 0, 1, pid == 0x100 ? 0xe0 : 0xc0, UInt8(length >> 8), UInt8(length & 255), 0x80,
                time == nil ? 0 : 0x80, UInt8(stamp.count),
            ]
        var adaptation: [UInt8] = []
        if let pcr {
            adaptation = [isMarked ? 0x90 : 0x10]
            adaptation += [25, 17, 9, 1].map { UInt8(truncatingIfNeeded: pcr >> Int64($0)) }
            adaptation += [UInt8(pcr & 1) << 7 | 0x7e, 0]
        }
        packets(header + stamp + payload, pid: pid, adaptation: adaptation)
    }

    private mutating func packets(_ unit: [UInt8], pid: UInt16, adaptation: [UInt8]) {
        var rest = unit[...]
        var isFirst = true
        while !rest.isEmpty {
            var field = isFirst && !adaptation.isEmpty ? [UInt8(adaptation.count)] + adaptation : []
            let length = min(rest.count, 184 - field.count)
            let stuffing = 184 - field.count - length
            if stuffing > 0 {
                if field.isEmpty { field = stuffing == 1 ? [0] : [1, 0] }
                field += [UInt8](repeating: 0xff, count: 184 - field.count - length)
                field[0] = UInt8(field.count - 1)
            }
            let counter = counters[pid, default: 0]
            counters[pid] = (counter + 1) & 15
            bytes += [
                0x47, (isFirst ? 0x40 : 0) | UInt8(pid >> 8), UInt8(pid & 255), (field.isEmpty ? 0x10 : 0x30) | counter,
            ]
            bytes += field + rest.prefix(length)
            rest = rest.dropFirst(length)
            isFirst = false
        }
    }
}
