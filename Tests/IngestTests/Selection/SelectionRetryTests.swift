// Back-off, inputs that cannot work, the backup, and the counters.
import Ingest
import Testing

struct SelectionRetryTests {
    @Test(
        "each back-off lies within a fifth of its step",
        arguments: [(1, 500), (2, 1000), (3, 2000), (4, 4000), (5, 8000), (6, 15_000), (7, 15_000), (Int.max, 15_000)])
    func backOff(failures: Int, milliseconds: Int) {
        var random = Even()
        let waits = (0..<1000).map { _ in InputSelection.backOff(failures: failures, using: &random) }
        #expect(waits.allSatisfy { $0 >= .milliseconds(milliseconds * 8 / 10) })
        #expect(waits.allSatisfy { $0 <= .milliseconds(milliseconds * 12 / 10) })
        #expect(Set(waits).count > 100)
    }

    @Test func anInputThatEndsAtOnceIsTriedEverMoreSeldomAndNeverForgotten() {
        var line = SelectionDriver(SelectionDriver.line(1))
        #expect(line.start() == [.open(0)])
        var waits: [Double] = []
        for _ in 0..<12 {
            let before = line.now
            // It delivers a key frame and breaks.
            _ = line.key(0)
            _ = line.end(0)
            while line.state(0) == .waiting {
                let effects = line.wait(0.25)
                #expect(effects == [] || effects == [.open(0)])
            }
            waits.append((line.now - before) / .seconds(1))
        }
        #expect(waits[0] <= 0.75)
        #expect(waits.suffix(6).allSatisfy { (12...18.25).contains($0) })
        #expect(line.machine.state(of: 0).retries == 12)
    }

    @Test func whoWasSoundForAWhileBeginsAnew() {
        var line = SelectionDriver(SelectionDriver.line(1))
        _ = line.start()
        for _ in 0..<6 {
            _ = line.end(0)
            _ = line.wait(19)
        }
        _ = line.wait(10.25, delivering: [0])
        _ = line.end(0)
        #expect(line.wait(0.75) == [.open(0)])
    }

    @Test func whenAllAreDeadAllAreTriedForEver() {
        var line = SelectionDriver(SelectionDriver.line(3) + [Choice(priority: .max, isBackup: true)])
        _ = line.start()
        for index in 0..<3 { _ = line.end(index, .unreachable) }
        var opened = [0, 0, 0, 0]
        for _ in 0..<4000 {
            for effect in line.wait(0.25) {
                guard case .open(let index) = effect else {
                    Issue.record("\(effect)")
                    continue
                }
                opened[index] += 1
                #expect(line.end(index, .unreachable) == [])
            }
        }
        // A thousand seconds in steps of at most 18 s and a tick.
        #expect(opened.allSatisfy { $0 >= 1000 / 19 })
    }

    @Test func theNextInputsAreCalledUpWhileTheBackupPlays() {
        var line = SelectionDriver(SelectionDriver.line(3) + [Choice(priority: .max, isBackup: true)])
        _ = line.start()
        #expect(line.end(0) == [.open(1)])
        #expect(line.wait(3.25).contains(.open(3)))
        #expect(line.key(3) == [.play(3, reason: "the stream starts with input 4")])
        #expect(line.end(1) == [.open(2)])
        let effects = line.key(2)
        #expect(effects.first == .play(2, reason: "input 3 delivers and is better than input 4"))
        #expect(effects.dropFirst() == [.close(3)])
    }

    @Test func theBackupFillsAfterTheGraceAndGivesWay() {
        var line = SelectionDriver([Choice(priority: 1), Choice(priority: .max, isBackup: true)])
        #expect(line.start() == [.open(0)])
        #expect(line.wait(2.75) == [])
        #expect(line.wait(0.25) == [.open(1)])
        _ = line.key(1)
        #expect(line.machine.active == 1)
        #expect(line.key(0) == [.play(0, reason: "input 1 delivers and is better than input 2"), .close(1)])
        #expect(line.end(0) == [.pause(reason: "input 1 is lost: gone")])
        #expect(!line.wait(2.75).contains(.open(1)))
        #expect(line.wait(0.25).contains(.open(1)))
    }

    @Test func aBackupWithATimeOfItsOwnFillsBeforeTheInputIsLost() {
        var line = SelectionDriver([
            Choice(priority: 1), Choice(priority: .max, isBackup: true, fillsAfter: .seconds(5)),
        ])
        _ = line.start()
        _ = line.key(0)
        #expect(line.wait(4.75) == [])
        #expect(line.wait(0.25) == [.open(1)])
        #expect(line.key(1) == [.play(1, reason: "input 1 is silent: input 2 fills in")])
        #expect(line.wait(10, delivering: [1]) == [])
        #expect(line.key(0) == [.play(0, reason: "input 1 delivers and is better than input 2"), .close(1)])
    }

    @Test func theBackupThatEndsBeginsAgain() {
        var line = SelectionDriver([Choice(priority: 1), Choice(priority: .max, isBackup: true)])
        _ = line.start()
        _ = line.end(0, .misconfigured)
        _ = line.wait(3)
        _ = line.key(1)
        #expect(line.end(1) == [.pause(reason: "input 2 is lost: gone")])
        #expect(line.wait(0.75) == [.open(1)])
        #expect(line.key(1) == [.play(1, reason: "input 2 delivers")])
    }

    @Test func whatCannotWorkIsNotTriedAgain() {
        var line = SelectionDriver(SelectionDriver.line(3))
        _ = line.start()
        #expect(line.end(0, .misconfigured, "no such scheme") == [.open(1)])
        #expect(line.state(0) == .failed)
        #expect(line.machine.state(of: 0).trouble == "no such scheme")
        #expect(line.end(1, .misconfigured) == [.open(2)])
        _ = line.key(2)
        #expect(line.wait(300, delivering: [2]) == [])
        #expect(line.end(2) == [.pause(reason: "input 3 is lost: gone")])
        #expect(line.wait(1) == [.open(2)])
        #expect(line.machine.state(of: 0).retries == 0)
    }

    @Test func aWorseInputThatCannotWorkIsNotTriedAtTheNextLossEither() {
        var line = SelectionDriver(SelectionDriver.line(2))
        _ = line.start()
        _ = line.key(0)
        _ = line.end(0)
        _ = line.end(1, .misconfigured)
        _ = line.wait(1)
        #expect(line.key(0) == [.play(0, reason: "input 1 delivers")])
        #expect(line.end(0) == [.pause(reason: "input 1 is lost: gone")])
        #expect(line.state(1) == .failed)
    }

    @Test func secondsAreCountedByWhoPlays() {
        var line = SelectionDriver(SelectionDriver.line(2, timeout: .seconds(10)))
        _ = line.start()
        _ = line.wait(4)
        _ = line.wait(20, delivering: [0])
        #expect(line.machine.counters.withoutData == .milliseconds(4250))
        #expect(line.machine.counters.onPrimary == .milliseconds(19_750))
        // Two seconds of silence still count as the primary's.
        _ = line.wait(10)
        #expect(line.machine.counters.onPrimary == .milliseconds(21_750))
        #expect(line.machine.counters.withoutData == .milliseconds(12_250))
        _ = line.key(1)
        _ = line.wait(5, delivering: [1])
        #expect(line.machine.counters.onOthers == .seconds(5))
        #expect(line.machine.counters.switches == 1)
        #expect(line.machine.active == 1)
        #expect(line.machine.hasMedia(at: line.now))
        #expect(!line.machine.hasMedia(at: line.now + .seconds(2)))
    }

    @Test func oneLongSpanCountsAsManyShortOnes() {
        var random = Even()
        var machine = InputSelection([Choice(priority: 1)], at: .zero)
        _ = machine.start(at: .zero)
        _ = machine.delivered(0, withKeyFrame: true, at: .seconds(1))
        _ = machine.tick(at: .seconds(31), using: &random)
        #expect(machine.counters.withoutData == .seconds(29))
        #expect(machine.counters.onPrimary == .seconds(2))
    }

    @Test func aStreamWithoutInputsStandsStill() {
        var line = SelectionDriver([])
        #expect(line.start() == [])
        #expect(line.wait(10) == [])
        #expect(line.machine.counters.withoutData == .seconds(10))
    }
}
