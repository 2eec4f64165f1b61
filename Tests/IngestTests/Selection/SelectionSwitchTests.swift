// Who plays when: start, loss, silence, return.
import Ingest
import Testing

struct SelectionSwitchTests {
    @Test func theBestIsOpenedAloneAndPlaysFromItsKeyFrame() {
        var line = SelectionDriver(SelectionDriver.line(3))
        #expect(line.start() == [.open(0)])
        #expect(line.frames(0) == [])
        #expect(line.machine.active == nil)
        #expect(line.key(0) == [.play(0, reason: "the stream starts with input 1")])
        #expect(line.wait(120, delivering: [0]) == [])
        #expect((0..<3).map { line.state($0) } == [.playing, .standby, .standby])
    }

    @Test func priorityGoesBeforeTheOrder() {
        var line = SelectionDriver([Choice(priority: 3), Choice(priority: 1), Choice(priority: 2)])
        #expect(line.start() == [.open(1)])
        #expect(line.end(1) == [.open(2)])
        #expect(line.end(2) == [.open(0)])
    }

    @Test func anEndSwitchesToTheNext() {
        var line = SelectionDriver(SelectionDriver.line(2))
        _ = line.start()
        _ = line.key(0)
        #expect(line.end(0) == [.pause(reason: "input 1 is lost: gone"), .open(1)])
        #expect(line.key(1) == [.play(1, reason: "input 2 delivers")])
        #expect(line.machine.counters.switches == 1)
    }

    @Test func silenceSwitchesAfterSourceTimeoutAndNotBefore() {
        var line = SelectionDriver(SelectionDriver.line(2, timeout: .seconds(20)))
        _ = line.start()
        _ = line.key(0)
        #expect(line.wait(19.75) == [])
        #expect(
            line.wait(0.25) == [.close(0), .pause(reason: "input 1 is lost: no media for 20 s"), .open(1)])
    }

    @Test func aSilenceBelowASecondIsSaidInMilliseconds() {
        var line = SelectionDriver(SelectionDriver.line(2, timeout: .milliseconds(500)))
        _ = line.start()
        _ = line.key(0)
        #expect(
            line.wait(0.5) == [.close(0), .pause(reason: "input 1 is lost: no media for 500 ms"), .open(1)])
    }

    @Test func inputsThatAreDeadInARowAreOpenedOneAfterTheOther() {
        var line = SelectionDriver(SelectionDriver.line(4))
        #expect(line.start() == [.open(0)])
        #expect(line.end(0, .unreachable) == [.open(1)])
        #expect(line.end(1, .unreachable) == [.open(2)])
        #expect(line.end(2, .unreachable) == [.open(3)])
        #expect(line.key(3) == [.play(3, reason: "the stream starts with input 4")])
    }

    @Test func theFailuresOfOneInputDoNotCallUpMoreThanTheNext() {
        var line = SelectionDriver(SelectionDriver.line(3))
        _ = line.start()
        #expect(line.end(0) == [.open(1)])
        for _ in 0..<4 {
            #expect(line.wait(5) == [.open(0)])
            #expect(line.end(0) == [])
        }
    }

    @Test func whileNothingComesTheNextIsCalledAfterSourceTimeoutAndTheFirstStaysOpen() {
        var line = SelectionDriver(SelectionDriver.line(2, timeout: .seconds(1)))
        _ = line.start()
        #expect(line.wait(0.75) == [])
        #expect(line.wait(0.25) == [.open(1)])
        #expect(line.machine.state(of: 0).trouble == "no media for 1 s")
        // A key frame that comes late still finds the input open.
        #expect(line.wait(8.75) == [])
        #expect(line.key(0) == [.play(0, reason: "the stream starts with input 1"), .close(1)])
    }

    @Test func aSilentInputIsClosedAndOpenedAgainForEver() {
        var line = SelectionDriver(SelectionDriver.line(1, timeout: .seconds(1)))
        #expect(line.start() == [.open(0)])
        let effects = line.wait(600)
        #expect(effects.filter { $0 == .open(0) }.count >= 600 / (10 + 18))
        #expect(effects.filter { $0 == .close(0) }.count >= 600 / (10 + 18))
        #expect(line.key(0).count == (line.state(0) == .waiting ? 0 : 1))
    }

    @Test func aBetterInputIsProbedAndPlaysAtItsKeyFrame() {
        var line = SelectionDriver(SelectionDriver.line(3))
        _ = line.start()
        _ = line.key(0)
        _ = line.end(0)
        _ = line.key(1)
        #expect(line.wait(1, delivering: [1]) == [.open(0)])
        #expect(line.state(0) == .probing)
        #expect(line.frames(0) == [])
        #expect(line.machine.active == 1)
        #expect(
            line.key(0) == [.play(0, reason: "input 1 delivers and is better than input 2"), .close(1)])
        #expect(line.machine.counters.switches == 2)
        #expect(line.state(1) == .standby)
    }

    @Test func allBetterOnesAreProbedWhileAHotOnePlays() {
        var line = SelectionDriver([
            Choice(priority: 1), Choice(priority: 2), Choice(priority: 3, isHot: true),
        ])
        #expect(line.start() == [.open(0), .open(2)])
        _ = line.key(0)
        _ = line.key(2)
        #expect(line.end(0) == [.play(2, reason: "input 1 is lost: gone"), .open(1)])
        #expect(line.key(1) == [.play(1, reason: "input 2 delivers and is better than input 3")])
        #expect(line.state(2) == .probing)
    }

    @Test func aHotInputThatIsSilentItselfDoesNotTakeOver() {
        var line = SelectionDriver([Choice(priority: 1), Choice(priority: 2, isHot: true)])
        _ = line.start()
        _ = line.key(0)
        _ = line.key(1)
        _ = line.wait(5, delivering: [0])
        #expect(line.end(0) == [.pause(reason: "input 1 is lost: gone")])
        #expect(line.key(1) == [.play(1, reason: "input 2 delivers")])
    }

    @Test func aHotInputThatIsLostWhileAnotherPlaysIsTriedAgain() {
        var line = SelectionDriver([Choice(priority: 1), Choice(priority: 2, isHot: true)])
        _ = line.start()
        _ = line.key(0)
        #expect(line.end(1) == [])
        #expect(line.wait(1, delivering: [0]) == [.open(1)])
    }

    @Test func equalPrioritiesDoNotReturn() {
        var line = SelectionDriver([Choice(priority: 1), Choice(priority: 1)])
        #expect(line.start() == [.open(0)])
        _ = line.key(0)
        #expect(line.end(0) == [.pause(reason: "input 1 is lost: gone"), .open(1)])
        #expect(line.key(1) == [.play(1, reason: "input 2 delivers")])
        #expect(line.wait(300, delivering: [1]) == [])
        #expect(line.end(1) == [.pause(reason: "input 2 is lost: gone"), .open(0)])
    }

    @Test func twoHotEqualsTakeTurnsAtOnce() {
        var line = SelectionDriver([Choice(priority: 1, isHot: true), Choice(priority: 1, isHot: true)])
        #expect(line.start() == [.open(0), .open(1)])
        _ = line.key(0)
        #expect(line.key(1) == [])
        #expect(line.end(0) == [.play(1, reason: "input 1 is lost: gone")])
        #expect(line.wait(1, delivering: [1]) == [.open(0)])
        #expect(line.key(0) == [])
        #expect(line.end(1) == [.play(0, reason: "input 2 is lost: gone")])
    }

    @Test func theLostInputMayReturnBeforeTheNextDelivers() {
        var line = SelectionDriver(SelectionDriver.line(2))
        _ = line.start()
        _ = line.key(0)
        _ = line.end(0)
        #expect(line.wait(1) == [.open(0)])
        #expect(line.key(0) == [.play(0, reason: "input 1 delivers"), .close(1)])
        // The same input as before: no switch.
        #expect(line.machine.counters.switches == 0)
        #expect(line.key(1) == [])
    }

    @Test func anInputWithoutKeyFramesPlaysWhenThereIsNothingElse() {
        var line = SelectionDriver(SelectionDriver.line(2))
        _ = line.start()
        for _ in 0..<40 {
            #expect(line.frames(0) == [])
            #expect(line.wait(0.25) == [])
        }
        #expect(line.frames(0) == [.play(0, reason: "the stream starts with input 1")])
    }

    @Test func eventsOfClosedOrUnknownInputsDoNothing() {
        var line = SelectionDriver(SelectionDriver.line(2))
        _ = line.start()
        #expect(line.key(1) == [] && line.key(7) == [] && line.end(1) == [] && line.end(-1) == [])
    }
}
