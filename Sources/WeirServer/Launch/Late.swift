// Parts that need one another: the one made first is given a place where the other will be.
import NIOConcurrencyHelpers

/// A value that is known only after those that refer to it.
final class Late<Value: Sendable>: Sendable {
    private let box = NIOLockedValueBox<Value?>(nil)

    var value: Value? { box.withLockedValue { $0 } }

    func set(_ value: Value) { box.withLockedValue { $0 = value } }
}
