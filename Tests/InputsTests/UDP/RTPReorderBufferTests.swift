// RTP packets arrive in any order; out they go by sequence number, or are counted as lost.
import Testing

@testable import Inputs

struct RTPReorderBufferTests {
    struct Row: CustomTestStringConvertible {
        var arrivals: [UInt16]
        var out: [UInt16]
        var lost: UInt64
        var dropped: UInt64
        var testDescription: String { "\(arrivals)" }
    }

    static let rows = [
        Row(arrivals: [1, 2, 3], out: [1, 2, 3], lost: 0, dropped: 0),
        Row(arrivals: [1, 3, 2, 4], out: [1, 2, 3, 4], lost: 0, dropped: 0),
        Row(arrivals: [1, 4, 3, 2, 5], out: [1, 2, 3, 4, 5], lost: 0, dropped: 0),
        // Repeated, whether used already or still held.
        Row(arrivals: [1, 1, 3, 3, 2], out: [1, 2, 3], lost: 0, dropped: 2),
        // Four places: the fifth held packet gives 2 up; when it comes after all it is too late.
        Row(arrivals: [1, 3, 4, 5, 6, 7, 2, 8], out: [1, 3, 4, 5, 6, 7, 8], lost: 1, dropped: 1),
        Row(arrivals: [1, 4, 5, 6, 7, 8], out: [1, 4, 5, 6, 7, 8], lost: 2, dropped: 0),
        // The number wraps, in order and out of it.
        Row(arrivals: [65534, 65535, 0, 1], out: [65534, 65535, 0, 1], lost: 0, dropped: 0),
        Row(arrivals: [65534, 0, 65535, 1], out: [65534, 65535, 0, 1], lost: 0, dropped: 0),
        // A sender that started anew (RFC 3550 A.1).
        Row(arrivals: [1, 2, 30000, 30001], out: [1, 2, 30000, 30001], lost: 0, dropped: 0),
        Row(arrivals: [30000, 5, 6], out: [30000, 5, 6], lost: 0, dropped: 0),
    ]

    @Test(arguments: rows)
    func order(_ row: Row) {
        var buffer = RTPReorderBuffer(capacity: 4, patience: 1_000_000)
        let out = run(row.arrivals, &buffer)
        #expect(out == row.out)
        #expect(buffer.lost == row.lost)
        #expect(buffer.dropped == row.dropped)
        #expect(buffer.heldCount == 0)
    }

    @Test func patienceEnds() {
        var buffer = RTPReorderBuffer(capacity: 100, patience: 1000)
        let inOrder = run([10, 12, 13], &buffer, now: 500)
        #expect(inOrder == [10])
        let (early, late) = (buffer.giveUp(at: 1499), buffer.giveUp(at: 1500))
        #expect(!early && late)
        let out = [buffer.next(), buffer.next(), buffer.next()]
        #expect(out == [[12], [13], nil])
        #expect(buffer.lost == 1)
    }

    @Test func anotherSenderStartsAnew() {
        var buffer = RTPReorderBuffer()
        let first = [buffer.arrival(of: 7, from: 1), buffer.arrival(of: 9, from: 1)]
        #expect(first == [.deliver, .hold])
        buffer.hold([9], sequence: 9, at: 0)
        let second = [buffer.arrival(of: 500, from: 2), buffer.arrival(of: 501, from: 2)]
        #expect(second == [.restart, .deliver])
        #expect(buffer.heldCount == 0)
    }

    @Test func heldPacketsAreBounded() {
        var buffer = RTPReorderBuffer(capacity: 8, patience: .max)
        _ = run([0] + (1..<2000).map { UInt16($0 * 2) }, &buffer)
        #expect(buffer.heldCount <= 8)
        #expect(buffer.lost > 1900)
    }

    /// As the receiver does it; a payload is its number's low byte, and stands for the number.
    private func run(_ arrivals: [UInt16], _ buffer: inout RTPReorderBuffer, now: UInt64 = 0) -> [UInt16] {
        var out: [UInt16] = []
        func drain(_ buffer: inout RTPReorderBuffer) {
            while let held = buffer.next() {
                out.append(held.count == 2 ? UInt16(held[0]) << 8 | UInt16(held[1]) : UInt16(held[0]))
            }
        }
        for number in arrivals {
            switch buffer.arrival(of: number, from: 1) {
            case .deliver, .restart:
                out.append(number)
                drain(&buffer)
            case .hold:
                let payload = number < 256 ? [UInt8(number)] : [UInt8(number >> 8), UInt8(number & 0xFF)]
                buffer.hold(payload, sequence: number, at: now)
                if buffer.giveUp(at: now) { drain(&buffer) }
            case .drop: break
            }
        }
        return out
    }
}
