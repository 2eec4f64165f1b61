// Decides which of a stream's inputs plays. No socket, clock or task in here.

/// Chooses among the inputs of a stream: the best that delivers, in the order of the `input` lines (docs/configuration.md) or by
/// their `priority=`.
///
/// Each input is in one of these states:
/// ```
///            open effect            frames                play effect
///   closed ──────────────► opened ─────────► delivering ──────────────► playing
///     ▲                      │                   │                         │
///     │   ended, or silent for source_timeout    │                         │
///     └──── (retry with back-off) ◄──────────────┴─────────────────────────┘
/// ```
/// - The best input is opened first. When it ends or is silent for its `source_timeout`, the next one is opened, and so on;
///   those before it are tried again and again meanwhile.
/// - While a worse input plays, every better one is tried again with back-off; once it delivers a key frame, it plays.
///   Inputs of equal priority do not replace one another.
/// - `backup` plays while no input delivers, and gives way to the first that does.
/// - A `hot` input stays open, and is played at once when a better one is lost.
///
/// Times are monotonic, counted from any origin. The same events at the same times with the same random numbers give the
/// same effects.
package struct InputSelection: Sendable {
    struct Input: Sendable {
        var choice: Choice
        var isOpen = false
        /// When it was opened or delivered last.
        var lastSign = Duration.zero
        /// Since when it delivers; nil before the first frame of a session.
        var deliversSince: Duration?
        var retryAt: Duration?
        var retries = 0
        /// Attempts since it was last sound; sets the back-off.
        var failures = 0
        var trouble: String?
        /// It may be used: nothing better than it is working, so it has been called up.
        var isCalled = false
        /// It has not failed since it was called up: the next one waits for what becomes of it.
        var isFirstTry = false
        /// It cannot work as it is configured.
        var isHopeless = false
    }

    var inputs: [Input]
    /// Inputs from best to worst.
    let ranking: [Int]
    package internal(set) var active: Int?
    package internal(set) var counters = Counters()
    var lastActive: Int?
    var countedUntil: Duration
    let startedAt: Duration
    var lastMediaAt: Duration?
    /// The same, of inputs that are no backup.
    var lastInputMediaAt: Duration?

    /// - Parameter choices: in the order of the configuration.
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
        callUp(at: now, into: &effects)
        for index in ranking where inputs[index].choice.isHot { call(index, at: now, into: &effects) }
        return effects
    }

    /// Frames of an input came; `withKeyFrame`: the stream could begin to play it now.
    package mutating func delivered(_ index: Int, withKeyFrame: Bool, at now: Duration) -> [Effect] {
        guard inputs.indices.contains(index), inputs[index].isOpen else { return [] }
        count(until: now)
        inputs[index].lastSign = now
        let since = inputs[index].deliversSince ?? now
        inputs[index].deliversSince = since
        inputs[index].trouble = nil
        if now - since >= Self.soundAfter { inputs[index].failures = 0 }
        if active == index {
            noteMedia(of: index, at: now)
            return []
        }
        let isDecodable = withKeyFrame || (isIdle && now - since >= Self.keyFramePatience)
        guard isDecodable, inputs[index].choice.isBackup ? mayFill(index, at: now) : isBetter(index, than: active)
        else {
            return []
        }
        var effects: [Effect] = []
        let reason: String
        if let old = active {
            reason =
                inputs[index].choice.isBackup
                ? "input \(old + 1) is silent: input \(index + 1) fills in"
                : "input \(index + 1) delivers and is better than input \(old + 1)"
        } else {
            reason =
                lastActive == nil ? "the stream starts with input \(index + 1)" : "input \(index + 1) delivers"
        }
        play(index, reason: reason, at: now, into: &effects)
        return effects
    }

    /// An input's session ended by itself.
    package mutating func ended(
        _ index: Int, _ failure: InputFailure, at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        guard inputs.indices.contains(index), inputs[index].isOpen else { return [] }
        count(until: now)
        var effects: [Effect] = []
        inputs[index].isHopeless = failure.code == .misconfigured
        lose(index, because: failure.message, at: now, using: &random, into: &effects)
        callUp(at: now, into: &effects)
        return effects
    }

    private static func words(_ silence: Duration) -> String {
        let (seconds, attoseconds) = silence.components
        return seconds < 1 ? "\(attoseconds / 1_000_000_000_000_000) ms" : "\(seconds) s"
    }

    /// Time has passed: sees silent inputs and due retries. Call it a few times a second.
    package mutating func tick(at now: Duration, using random: inout some RandomNumberGenerator) -> [Effect] {
        count(until: now)
        var effects: [Effect] = []
        for index in ranking where inputs[index].isOpen {
            let silence = now - inputs[index].lastSign
            let timeout = inputs[index].choice.sourceTimeout
            guard silence >= timeout else { continue }
            let trouble = "no media for \(Self.words(silence))"
            inputs[index].trouble = trouble
            let hasDelivered = inputs[index].deliversSince != nil
            guard hasDelivered || silence >= max(timeout, Self.openPatience) else { continue }
            effects.append(.close(index))
            lose(index, because: trouble, at: now, using: &random, into: &effects)
        }
        for index in ranking {
            guard let due = inputs[index].retryAt, due <= now, mayTry(index) else { continue }
            inputs[index].retries += 1
            open(index, at: now, into: &effects)
        }
        callUp(at: now, into: &effects)
        for index in ranking where inputs[index].choice.isBackup && mayFill(index, at: now) {
            call(index, at: now, into: &effects)
        }
        return effects
    }

    /// What an operator sees of an input.
    package func state(of index: Int) -> (state: InputState, trouble: String?, retries: Int) {
        let input = inputs[index]
        let state: InputState =
            active == index
            ? .playing
            : input.isOpen ? .probing : input.isHopeless ? .failed : input.retryAt != nil ? .waiting : .standby
        return (state, input.trouble, input.retries)
    }

    /// True while the active input delivers.
    package func hasMedia(at now: Duration) -> Bool {
        active != nil && lastMediaAt.map { now - $0 < Self.silence } ?? false
    }

    // MARK: Order

    /// Nothing plays, or only the filler.
    var isIdle: Bool { active.map { inputs[$0].choice.isBackup } ?? true }

    func isBetter(_ index: Int, than other: Int?) -> Bool {
        guard let other else { return true }
        let (mine, theirs) = (inputs[index].choice, inputs[other].choice)
        if mine.isBackup != theirs.isBackup { return theirs.isBackup }
        return mine.priority < theirs.priority
    }

    /// A retry makes sense while the input could take over.
    func mayTry(_ index: Int) -> Bool {
        inputs[index].isCalled && !inputs[index].isOpen && (isBetter(index, than: active) || inputs[index].choice.isHot)
    }

    /// The inputs have been silent long enough for this backup.
    func mayFill(_ index: Int, at now: Duration) -> Bool {
        guard active != index else { return false }
        let silence = now - (lastInputMediaAt ?? startedAt)
        guard let after = inputs[index].choice.fillsAfter else { return active == nil && silence >= Self.backupGrace }
        return isIdle || !hasMedia(at: now) ? silence >= after : false
    }
}
