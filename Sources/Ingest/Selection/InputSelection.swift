// Decides which of a stream's inputs plays. No socket, clock or task in here.

/// Chooses among the inputs of a stream (COMPATIBILITY «Input selection»).
///
/// Each input is in one of these states:
/// ```
///            open effect            frames                play effect
///   closed ──────────────► opened ─────────► delivering ──────────────► playing
///     ▲                      │                   │                         │
///     │   ended, or silent for source_timeout    │                         │
///     └──── (retry with back-off) ◄──────────────┴─────────────────────────┘
/// ```
/// - The best input is opened first. When it ends or is silent for its `source_timeout`, the next one is opened, and so on.
/// - While a worse input plays, every better one is tried again with back-off; once it delivers a key frame, it plays.
///   Inputs of equal priority do not replace one another.
/// - `backup` plays while no input delivers, and gives way to the first that does.
/// - A `hot` input stays open, and is played at once when a better one is lost.
///
/// Times are monotonic, counted from any origin. The same events at the same times with the same random numbers give the
/// same effects.
package struct InputSelection: Sendable {
    /// What the configuration says of one input.
    package struct Choice: Hashable, Sendable {
        /// 1 is best.
        package var priority: Int
        package var sourceTimeout: Duration
        package var isHot: Bool
        /// A filler for when all others are silent.
        package var isBackup: Bool

        package init(
            priority: Int, sourceTimeout: Duration = .seconds(60), isHot: Bool = false, isBackup: Bool = false
        ) {
            self.priority = priority
            self.sourceTimeout = sourceTimeout
            self.isHot = isHot
            self.isBackup = isBackup
        }
    }

    package enum Effect: Hashable, Sendable {
        case open(Int)
        case close(Int)
        /// Frames of this input are the stream's from its next key frame on.
        case play(Int, reason: String)
        /// No input delivers: the stream has no media.
        case pause(reason: String)
    }

    /// What an operator sees of an input.
    package enum InputState: String, Hashable, Sendable {
        case standby, waiting, probing, playing
    }

    package struct Counters: Hashable, Sendable {
        package var switches = 0
        package var onPrimary = Duration.zero
        package var onOthers = Duration.zero
        package var withoutData = Duration.zero
        package init() {}
    }

    /// How long an input without media waits before the `backup` fills in.
    package static let backupGrace = Duration.seconds(3)
    /// Silence after which a playing stream counts as being without media, though it is not yet switched.
    package static let silence = Duration.seconds(2)

    private struct Input: Sendable {
        var choice: Choice
        var isOpen = false
        /// When it was opened or delivered last.
        var lastSign = Duration.zero
        var hasDelivered = false
        var retryAt: Duration?
        var retries = 0
        /// Attempts since it last delivered; sets the back-off.
        var failures = 0
        var trouble: String?
        /// It may be used: nothing better than it is working, so it has been called up.
        var isCalled = false
    }

    private var inputs: [Input]
    /// Inputs from best to worst.
    private let ranking: [Int]
    package private(set) var active: Int?
    package private(set) var counters = Counters()
    private var countedUntil: Duration
    private let startedAt: Duration
    private var lastMediaAt: Duration?

    /// - Parameter choices: in the order of the configuration; at least one.
    package init(_ choices: [Choice], at now: Duration) {
        inputs = choices.map { Input(choice: $0) }
        ranking = choices.indices.sorted { first, second in
            let (a, b) = (choices[first], choices[second])
            if a.isBackup != b.isBackup { return b.isBackup }
            return a.priority == b.priority ? first < second : a.priority < b.priority
        }
        startedAt = now
        countedUntil = now
    }

    /// Opens the best input, and those that are kept hot.
    package mutating func start(at now: Duration) -> [Effect] {
        var effects: [Effect] = []
        if let best = ranking.first { call(best, at: now, into: &effects) }
        for index in ranking where inputs[index].choice.isHot { call(index, at: now, into: &effects) }
        return effects
    }

    /// Frames of an input came; `withKeyFrame`: the stream could begin to play it now.
    package mutating func delivered(_ index: Int, withKeyFrame: Bool, at now: Duration) -> [Effect] {
        guard inputs.indices.contains(index), inputs[index].isOpen else { return [] }
        count(until: now)
        inputs[index].lastSign = now
        inputs[index].hasDelivered = true
        inputs[index].failures = 0
        inputs[index].trouble = nil
        if active == index {
            lastMediaAt = now
            return []
        }
        guard withKeyFrame, isBetter(index, than: active) else { return [] }
        return play(index, at: now)
    }

    /// An input's session ended by itself.
    package mutating func ended(
        _ index: Int, _ failure: InputFailure, at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        guard inputs.indices.contains(index), inputs[index].isOpen else { return [] }
        count(until: now)
        inputs[index].isOpen = false
        return lose(index, because: failure.message, isFinal: failure.code == .misconfigured, at: now, using: &random)
    }

    /// Time has passed: sees silent inputs and due retries. Call it a few times a second.
    package mutating func tick(at now: Duration, using random: inout some RandomNumberGenerator) -> [Effect] {
        count(until: now)
        var effects: [Effect] = []
        for index in ranking where inputs[index].isOpen {
            let silence = now - inputs[index].lastSign
            guard silence >= inputs[index].choice.sourceTimeout else { continue }
            inputs[index].isOpen = false
            effects.append(.close(index))
            effects += lose(
                index, because: "no media for \(silence.components.seconds) s", isFinal: false, at: now, using: &random)
        }
        for index in ranking {
            guard let due = inputs[index].retryAt, due <= now, mayTry(index) else { continue }
            inputs[index].retryAt = nil
            inputs[index].retries += 1
            open(index, at: now, into: &effects)
        }
        if active == nil, let backup = ranking.first(where: { inputs[$0].choice.isBackup }), !inputs[backup].isCalled,
            now - (lastMediaAt ?? startedAt) >= Self.backupGrace
        {
            call(backup, at: now, into: &effects)
        }
        return effects
    }

    /// What an operator sees of an input.
    package func state(of index: Int) -> (state: InputState, trouble: String?, retries: Int) {
        let input = inputs[index]
        let state: InputState =
            active == index ? .playing : input.isOpen ? .probing : input.retryAt != nil ? .waiting : .standby
        return (state, input.trouble, input.retries)
    }

    /// True while the active input delivers.
    package func hasMedia(at now: Duration) -> Bool {
        active != nil && lastMediaAt.map { now - $0 < Self.silence } ?? false
    }

    // MARK: Steps

    private func isBetter(_ index: Int, than other: Int?) -> Bool {
        guard let other else { return true }
        let (mine, theirs) = (inputs[index].choice, inputs[other].choice)
        if mine.isBackup != theirs.isBackup { return theirs.isBackup }
        return mine.priority < theirs.priority
    }

    private mutating func play(_ index: Int, at now: Duration) -> [Effect] {
        var effects: [Effect] = []
        let reason: String
        if let old = active {
            reason = "input \(index + 1) delivers again and is better than input \(old + 1)"
            counters.switches += 1
        } else if lastMediaAt == nil {
            reason = "the stream starts with input \(index + 1)"
        } else {
            reason = "input \(index + 1) delivers"
            counters.switches += 1
        }
        active = index
        lastMediaAt = now
        effects.append(.play(index, reason: reason))
        // What is worse is not needed any more, unless it is kept hot; what is equal neither.
        for other in ranking where other != index && !isBetter(other, than: index) && !inputs[other].choice.isHot {
            inputs[other].isCalled = false
            inputs[other].retryAt = nil
            if inputs[other].isOpen {
                inputs[other].isOpen = false
                effects.append(.close(other))
            }
        }
        return effects
    }

    /// An input does not work: it is tried again later, and the next one is called up if nothing plays.
    private mutating func lose(
        _ index: Int, because reason: String, isFinal: Bool, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        var effects: [Effect] = []
        inputs[index].trouble = reason
        inputs[index].failures += 1
        inputs[index].retryAt = isFinal ? nil : now + backOff(failures: inputs[index].failures, using: &random)
        if active == index {
            active = nil
            if let hot = ranking.first(where: { $0 != index && inputs[$0].isOpen && inputs[$0].hasDelivered }) {
                counters.switches += 1
                active = hot
                lastMediaAt = now
                return [.play(hot, reason: "input \(index + 1) is lost: \(reason)")]
            }
            effects.append(.pause(reason: "input \(index + 1) is lost: \(reason)"))
        }
        guard active == nil else { return effects }
        if let next = ranking.first(where: { !inputs[$0].isCalled && !inputs[$0].choice.isBackup }) {
            call(next, at: now, into: &effects)
        }
        return effects
    }

    private mutating func call(_ index: Int, at now: Duration, into effects: inout [Effect]) {
        guard !inputs[index].isCalled else { return }
        inputs[index].isCalled = true
        open(index, at: now, into: &effects)
    }

    private mutating func open(_ index: Int, at now: Duration, into effects: inout [Effect]) {
        guard !inputs[index].isOpen else { return }
        inputs[index].isOpen = true
        inputs[index].hasDelivered = false
        inputs[index].lastSign = now
        inputs[index].retryAt = nil
        effects.append(.open(index))
    }

    /// A retry makes sense while the input could take over.
    private func mayTry(_ index: Int) -> Bool {
        inputs[index].isCalled && !inputs[index].isOpen && (isBetter(index, than: active) || inputs[index].choice.isHot)
    }

    /// | failures | 1 | 2 | 3 | 4 | 5 | 6 and more |
    /// |---|---|---|---|---|---|---|
    /// | seconds | 0.5 | 1 | 2 | 4 | 8 | 15 |
    ///
    /// each ± 20 %, so that many streams of one lost source do not knock at the same moment.
    private func backOff(failures: Int, using random: inout some RandomNumberGenerator) -> Duration {
        let seconds = min(15, 0.5 * Double(1 << min(failures - 1, 5)))
        return .milliseconds(Int64(seconds * Double.random(in: 800...1200, using: &random)))
    }

    private mutating func count(until now: Duration) {
        let span = now - countedUntil
        guard span > .zero else { return }
        countedUntil = now
        if let active, hasMedia(at: now) {
            if active == ranking.first { counters.onPrimary += span } else { counters.onOthers += span }
        } else {
            counters.withoutData += span
        }
    }
}
