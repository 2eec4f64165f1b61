// What the console costs the browser with very many streams, each update by itself.
import Foundation
import Testing

@Suite(.serialized)
struct ConsoleCostTests {
    /// Prints the figures that docs/performance.md has. They are no expectation: they depend on the machine.
    @Test("the main thread's work for 2000 streams: the first view, and each update by itself")
    func manyStreams() async throws {
        let server = try await WeirProcess((1...2000).map { "stream s\($0) { title T\($0); }\n" }.joined())
        try await Browser.use(isTraced: true) { browser in
            try await browser.look(width: 1280, height: 900, scheme: "light")
            try await browser.open(server.base + "/")
            try await browser.shows(["2000 of 2000 streams"])
            let refreshes =
                "performance.getEntriesByType('resource').filter((entry) => entry.name.endsWith('/dvrs')).length"
            let begin: Int = try await browser.run("console.timeStamp('first view'); return \(refreshes);")
            // Asked seldom, because each question is a task of the page too.
            var count = begin
            for _ in 0..<45 where count < begin + 8 {
                try await ContinuousClock().sleep(for: .seconds(4))  // house rule: the pause between two questions
                count = try await browser.run("return \(refreshes)")
            }
            #expect(count >= begin + 8)
            let (first, updates) = try await browser.mainThreadTasks(around: "first view")
            #expect(!first.isEmpty && !updates.isEmpty)
            report(first.map(\.cost), updates)
        }
    }

    private func report(_ first: [Double], _ updates: [Browser.PageTask]) {
        // What follows within a tenth of a second belongs to one update.
        var costs: [Double] = []
        var last: Int64?
        for task in updates {
            if let last, task.start - last < 100_000 {
                costs[costs.count - 1] += task.cost
            } else {
                costs.append(task.cost)
            }
            last = task.start
        }
        costs.sort()
        func text(_ milliseconds: Double?) -> String { String(format: "%.1f ms", milliseconds ?? 0) }
        print(
            "2000 streams: first view \(text(first.reduce(0, +))) of the main thread, its longest task \(text(first.max())); "
                + "then \(costs.count) updates, one of them \(text(costs.isEmpty ? nil : costs[costs.count / 2])) in the median, the longest \(text(costs.last)), its longest task "
                + "\(text(updates.map(\.cost).max()))")
    }
}
