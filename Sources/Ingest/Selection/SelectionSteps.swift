// The steps of the choice between inputs: play one, lose one, call up the next.
import Media

extension InputSelection {
    mutating func play(_ index: Int, reason: String, at now: Duration, into effects: inout [Effect]) {
        if let lastActive, lastActive != index { counters.switches += 1 }
        active = index
        lastActive = index
        noteMedia(of: index, at: now)
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
    }

    /// An input does not work: it is tried again later. When it played, a ready one takes over.
    mutating func lose(
        _ index: Int, because trouble: String, at now: Duration, using random: inout some RandomNumberGenerator,
        into effects: inout [Effect]
    ) {
        inputs[index].isOpen = false
        inputs[index].isFirstTry = false
        inputs[index].deliversSince = nil
        inputs[index].trouble = trouble
        inputs[index].failures += 1
        inputs[index].retryAt =
            inputs[index].isHopeless ? nil : now + Self.backOff(failures: inputs[index].failures, using: &random)
        guard active == index else { return }
        active = nil
        let reason = "input \(index + 1) is lost: \(trouble)"
        if let ready = ranking.first(where: { isReady($0, at: now) }) {
            play(ready, reason: reason, at: now, into: &effects)
        } else {
            effects.append(.pause(reason: reason))
        }
    }

    /// It delivers at this moment, so that it can take over at once.
    func isReady(_ index: Int, at now: Duration) -> Bool {
        let input = inputs[index]
        return input.isOpen && input.deliversSince != nil && now - input.lastSign < Self.silence
            && (!input.choice.isBackup || input.choice.isHot)
    }

    /// Calls up, best first, what is better than the one that plays, down to the first of which it is not known yet
    /// whether it works.
    mutating func callUp(at now: Duration, into effects: inout [Effect]) {
        for index in ranking where !inputs[index].choice.isBackup {
            guard isBetter(index, than: active) else { return }
            call(index, at: now, into: &effects)
            let input = inputs[index]
            if input.isOpen, input.isFirstTry, now - input.lastSign < input.choice.sourceTimeout { return }
        }
    }

    mutating func call(_ index: Int, at now: Duration, into effects: inout [Effect]) {
        guard !inputs[index].isCalled, !inputs[index].isHopeless else { return }
        inputs[index].isCalled = true
        inputs[index].isFirstTry = true
        open(index, at: now, into: &effects)
    }

    mutating func open(_ index: Int, at now: Duration, into effects: inout [Effect]) {
        guard !inputs[index].isOpen else { return }
        inputs[index].isOpen = true
        inputs[index].deliversSince = nil
        inputs[index].lastSign = now
        inputs[index].retryAt = nil
        effects.append(.open(index))
    }

    mutating func noteMedia(of index: Int, at now: Duration) {
        lastMediaAt = now
        if !inputs[index].choice.isBackup { lastInputMediaAt = now }
    }

    /// Time counts as with media up to `silence` after the last frame of the input that plays.
    mutating func count(until now: Duration) {
        let span = now - countedUntil
        guard span > .zero else { return }
        var withMedia = Duration.zero
        if let active, let lastMediaAt {
            withMedia = min(span, max(.zero, lastMediaAt + Self.silence - countedUntil))
            if active == ranking.first { counters.onPrimary += withMedia } else { counters.onOthers += withMedia }
        }
        counters.withoutData += span - withMedia
        countedUntil = now
    }
}
