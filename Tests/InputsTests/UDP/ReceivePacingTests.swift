// How long a receiving thread rests.
import Testing

@testable import Inputs

struct ReceivePacingTests {
    @Test(
        arguments: [
            (0, 0, 0),  // woken by a command: at once to the next round
            (1, 0, 20), (31, 3, 17), (1, 20, 0), (1, 30, 0),
            (32, 0, 2),  // a fast socket
            (128, 0, 0), (500, 0, 0),  // a socket with more waiting
        ] as [(Int, Int32, Int32)])
    func rest(fullest: Int, elapsed: Int32, rest: Int32) {
        #expect(ReceivePacing().rest(fullestSocket: fullest, elapsedMilliseconds: elapsed) == rest)
    }
}
