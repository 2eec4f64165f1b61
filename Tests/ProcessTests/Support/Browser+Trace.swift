// What a page cost the browser's main thread, task by task, from the browser's own trace.
import Foundation
import Testing

extension Browser {
    /// One task of the page's main thread.
    struct PageTask: Sendable {
        /// Microseconds of the trace's clock.
        var start: Int64
        /// Milliseconds of the thread's time, which other programs on the machine do not count into.
        var cost: Double
    }

    private struct TraceEvent: Decodable, Sendable {
        var name: String
        var pid: Int
        var tid: Int
        var ts: Int64
        var tdur: Double?
        var args: Arguments?
        struct Arguments: Decodable, Sendable {
            var data: Data?
            struct Data: Decodable, Sendable {
                var url: String?
                var message: String?
            }
        }
        var thread: [Int] { [pid, tid] }
    }

    private struct TraceEntry: Decodable {
        struct Message: Decodable {
            var method: String
            var params: TraceEvent
        }
        var message: Message
    }

    /// The tasks of the main thread that runs the console's scripts before and after the page called
    /// `console.timeStamp(mark)`. May be called once in a browser's life.
    func mainThreadTasks(around mark: String) async throws -> (before: [PageTask], after: [PageTask]) {
        let events = try await performanceLog().compactMap { entry -> TraceEvent? in
            // Other lines of this log have other forms.
            guard let line = try? JSONDecoder().decode(TraceEntry.self, from: Data(entry.message.utf8)),
                line.message.method == "Tracing.dataCollected"
            else { return nil }
            return line.message.params
        }
        let moment = try #require(events.first { $0.name == "TimeStamp" && $0.args?.data?.message == mark })
        let tasks = events.filter { $0.thread == moment.thread && $0.name == "ThreadControllerImpl::RunTask" }
            .map { PageTask(start: $0.ts, cost: ($0.tdur ?? 0) / 1000) }.sorted { $0.start < $1.start }
        return (tasks.filter { $0.start < moment.ts }, tasks.filter { $0.start >= moment.ts })
    }
}
