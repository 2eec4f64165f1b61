// A scenario as text: a group, what happens to it at which time, what is expected, and the trace of it all.
import Cluster

/// Reads and plays a scenario.
///
///     says  the sentence of the manual that it proves
///     group a b c  fetch 1s  stale 3s
///     stream cam01 capture_at=b
///     at 0s boot all
///     at 4s expect cam01 on b
///     trace
///     0.003  b  starts cam01 epoch 0.0: first start; capture_at=b
///
/// `#` starts a comment. What follows `trace` is compared with what happened, line by line. The words are those of
/// `ScenarioAction` and `ScenarioExpectation`. A message takes exactly 1 ms unless `delay` says otherwise, so that a trace
/// depends on the rules and not on chance.
package struct TextScenario: Sendable {
    package struct Mistake: Error, CustomStringConvertible {
        package var line: Int
        package var text: String
        package var description: String { "line \(line): \(text)" }
    }
    struct Step: Sendable {
        var line: Int
        var time: Int64
        var action: ScenarioAction
    }

    /// The sentences that the scenario proves.
    package internal(set) var sentences: [String] = []
    package internal(set) var expectedTrace: [String] = []
    var peers: [ClusterPeer] = []
    var streams: [ClusterStream] = []
    var failback = FailbackPolicy.immediate
    var giveUpAfter = TimeSpan.seconds(30)
    var giveUpRetry = TimeSpan.seconds(300)
    var failbackBatch = 20
    var delay: Int64 = 1000
    var showsPolls = false
    var steps: [Step] = []

    package struct Outcome: Sendable {
        package var trace: [String]
        /// Expectations that did not hold and rules that were broken, with line or time.
        package var failures: [String]
    }

    /// Plays it on a world of its own.
    package func play() -> Outcome {
        var world = ClusterWorld(
            seed: 1,
            settings: peers.map {
                ClusterSettings(
                    own: $0.id, peers: peers, streams: streams, failback: failback, giveUpAfter: giveUpAfter,
                    giveUpRetry: giveUpRetry, failbackBatch: failbackBatch)
            })
        world.network.delay = delay...delay
        world.journal = Journal()
        world.showsPolls = showsPolls
        var failures: [String] = []
        for step in steps {
            world.run(until: step.time)
            if let failure = step.action.perform(on: &world) { failures.append("line \(step.line): \(failure)") }
        }
        failures += world.violations.map(\.description)
        return Outcome(trace: world.journal?.lines ?? [], failures: failures)
    }
}
