// How long a receiving thread rests.
import Testing

@testable import Inputs

struct ReceivePacingTests {
    @Test(
        arguments: [
            (0, 40, 0, 0),  // woken by a command: at once to the next round
            (1, 40, 0, 40), (64, 40, 3, 37), (1, 40, 40, 0), (1, 40, 60, 0),
            (80, 40, 0, 32), (40, 10, 0, 16),  // fast sockets: 64 gather
            (1, 5000, 0, 40), (100, 5000, 0, 25),  // after a silence
            (100, 0, 0, 0), (127, 1, 0, 0),
            (128, 40, 0, 0), (500, 40, 0, 0),  // a socket with more waiting
        ] as [(Int, Int32, Int32, Int32)])
    func rest(fullest: Int, interval: Int32, elapsed: Int32, rest: Int32) {
        #expect(ReceivePacing().rest(fullestSocket: fullest, interval: interval, elapsed: elapsed) == rest)
    }
}
