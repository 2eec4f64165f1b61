// The sentences of the manual's page on cluster ingest, each as a scenario in Scenarios/*.txt with its exact trace.
// WEIR_WRITE_TRACES=1 writes the traces anew after a rule was changed on purpose; read the difference before it is kept.
import Foundation
import Simulation
import Testing

@Suite struct ScenarioTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Scenarios")
    static let names = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return files.filter { $0.hasSuffix(".txt") }.sorted()
    }()
    static let writes = ProcessInfo.processInfo.environment["WEIR_WRITE_TRACES"] != nil

    @Test func `the scenarios are there`() { #expect(Self.names.count >= 20) }

    @Test(arguments: names) func `a sentence of the manual holds`(name: String) throws {
        let file = Self.folder.appending(path: name)
        let text = try String(contentsOf: file, encoding: .utf8)
        let scenario: TextScenario
        do { scenario = try TextScenario(text) } catch {
            Issue.record("\(name), \(error)")
            return
        }
        #expect(!scenario.sentences.isEmpty, "\(name) names no sentence")
        let outcome = scenario.play()
        for failure in outcome.failures { Issue.record("\(name), \(failure)") }
        if Self.writes {
            let script = text.components(separatedBy: "\ntrace\n")[0]
            let whole = ([script, "trace"] + outcome.trace).joined(separator: "\n") + "\n"
            try Data(whole.utf8).write(to: file)
            return
        }
        for (line, (expected, happened)) in zip(scenario.expectedTrace, outcome.trace).enumerated()
        where expected != happened {
            Issue.record("\(name), line \(line + 1) of the trace: expected '\(expected)', happened '\(happened)'")
            return
        }
        #expect(scenario.expectedTrace.count == outcome.trace.count, "\(name): the traces differ in length")
    }

    @Test func `a mistake in a scenario is told with its line`() {
        for (text, line, part) in [
            ("group a b\nat 0s boot c", 2, "'c' is not in the group"),
            ("group a\n\nat soon boot a", 3, "'soon' is no time"),
            ("group a\nat 1s dance a", 2, "'dance' is no action"),
            ("group a\nat 2s boot a at 1s crash a", 2, "time goes back"),
            ("group a\nat 2s expect cam01 flies", 2, "'flies' is no expectation"),
        ] {
            do {
                _ = try TextScenario(text)
                Issue.record("was read: \(text)")
            } catch {
                #expect(error.line == line)
                #expect(error.description.contains(part), "\(error)")
            }
        }
    }

    @Test func `an expectation that does not hold fails`() throws {
        let scenario = try TextScenario(
            "group a b  fetch 1s  stale 3s\nstream cam capture_at=b\nat 0s boot a b\nat 4s expect cam on a")
        #expect(scenario.play().failures == ["line 4: cam is captured by [b]"])
    }
}
