// A selection machine with a clock in seconds and a seeded generator, so that a test reads as a time line.
import Ingest

typealias Effect = InputSelection.Effect
typealias Choice = InputSelection.Choice

/// A generator whose values rise evenly from the least to the greatest, and begin again.
struct Even: RandomNumberGenerator {
    var step: UInt64 = 0
    mutating func next() -> UInt64 {
        step &+= 1
        return step &* 0x9e37_79b9_7f4a_7c15
    }
}

struct SelectionDriver {
    var machine: InputSelection
    var random = Even()
    var now = Duration.zero

    init(_ choices: [Choice]) {
        machine = InputSelection(choices, at: .zero)
    }

    static func line(_ count: Int, timeout: Duration = .seconds(60)) -> [Choice] {
        (0..<count).map { Choice(priority: $0 + 1, sourceTimeout: timeout) }
    }

    mutating func start() -> [Effect] { machine.start(at: now) }

    mutating func key(_ index: Int) -> [Effect] { machine.delivered(index, withKeyFrame: true, at: now) }
    mutating func frames(_ index: Int) -> [Effect] { machine.delivered(index, withKeyFrame: false, at: now) }

    mutating func end(_ index: Int, _ code: InputFailure.Code = .ended, _ message: String = "gone") -> [Effect] {
        machine.ended(index, InputFailure(code: code, message: message), at: now, using: &random)
    }

    /// Ticks every quarter of a second for `seconds`; those in `delivering` send a key frame before each tick.
    mutating func wait(_ seconds: Double, delivering: [Int] = []) -> [Effect] {
        var effects: [Effect] = []
        for _ in 0..<Int(seconds * 4) {
            now += .milliseconds(250)
            for index in delivering { effects += key(index) }
            effects += machine.tick(at: now, using: &random)
        }
        return effects
    }

    func state(_ index: Int) -> InputSelection.InputState { machine.state(of: index).state }
}
