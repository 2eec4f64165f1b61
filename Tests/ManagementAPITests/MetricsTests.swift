// The metrics page: its format, its escaping, and that docs/metrics.md names every metric.
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing

@testable import ManagementAPI

private func page(_ families: [MetricFamily]) -> String { String(buffer: MetricFamily.page(families)) }

@Test func format() {
    let family = MetricFamily(
        "weir_x_total", .counter, help: "What it is",
        samples: [.init(1), .init(2.5, labels: [("a", "b"), ("c", "d")])])
    #expect(
        page([family]) == """
            # HELP weir_x_total What it is
            # TYPE weir_x_total counter
            weir_x_total 1
            weir_x_total{a="b",c="d"} 2.5

            """)
    #expect(page([MetricFamily("weir_x", .gauge, help: "h", samples: [])]) == "", "no family without a sample")
}

/// "label_value can be any sequence of UTF-8 characters, but the backslash, double-quote, and line feed characters have
/// to be escaped" (Prometheus exposition format 0.0.4), also where Unicode joins them with what follows.
@Test(arguments: [
    (#"a\b"#, #"a\\b"#), (#"a"b"#, #"a\"b"#), ("a\nb", #"a\nb"#), ("a\r\nb", "a\r\\nb"), ("\"\u{301}", "\\\"\u{301}"),
    ("\\\u{301}", "\\\\\u{301}"), ("é💡{}=,", "é💡{}=,"),
])
func labelValuesAreEscaped(value: String, written: String) {
    let text = page([MetricFamily("m", .gauge, help: "h", samples: [.init(0, labels: [("l", value)])])])
    #expect(Array(text.unicodeScalars) == Array("# HELP m h\n# TYPE m gauge\nm{l=\"\(written)\"} 0\n".unicodeScalars))
}

@Test(
    arguments: [
        (0, "0"), (-3, "-3"), (1e14, "100000000000000"), (0.25, "0.25"), (1e300, "1e+300"), (.infinity, "+Inf"),
        (-.infinity, "-Inf"), (.nan, "NaN"),
    ] as [(Double, String)])
func numbers(value: Double, written: String) {
    #expect(page([MetricFamily("m", .gauge, help: "h", samples: [.init(value)])]).hasSuffix("m \(written)\n"))
}

@Test func helpIsOneLine() {
    #expect(
        page([MetricFamily("m", .gauge, help: "a\\b\nc", samples: [.init(1)])]).hasPrefix("# HELP m a\\\\b\\nc\n# TYPE")
    )
}

@Test func thePageHasFactsAndWhatTheServerAdds() async throws {
    let text = try await RichServer().application.test(.router) { client in
        try await client.execute(uri: "/metrics", method: .get) { response in
            #expect(response.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
            return String(buffer: response.body)
        }
    }
    #expect(text.contains("\nweir_stream_bitrate_kbit{stream=\"news/hd\"} 500\n"))
    #expect(text.contains("\nweir_input_retries_total{stream=\"cam01\",input=\"1\"} 8\n"))
    #expect(text.contains("\nweir_extra_total 1\n"))
    let counters = [
        ("bytes", 1_000_000), ("kernel_drops", 1), ("lost_packets", 2), ("damaged_frames", 4), ("resyncs", 5),
    ]
    for (name, value) in counters {
        #expect(text.contains("\nweir_input_\(name)_total{stream=\"cam01\",input=\"0\"} \(value)\n"), "\(name)")
    }
    // Each line has the form of the format, each family stands once and before its samples.
    var families: [String] = []
    for line in text.split(separator: "\n") {
        if line.hasPrefix("# TYPE ") { families.append(String(line.split(separator: " ")[2])) }
        if line.hasPrefix("#") { continue }
        let sample = #/^([a-z_]+)(\{[a-z_]+="(?:[^"\\\n]|\\.)*"(?:,[a-z_]+="(?:[^"\\\n]|\\.)*")*\})? -?[0-9.e+-]+$/#
        let match = try #require(line.wholeMatch(of: sample), "\(line)")
        #expect(families.last == String(match.1))
    }
    #expect(Set(families).count == families.count)
}

/// docs/architecture.md lists the queues; what they let go shows in metrics that operators can look up.
@Test func everyQueueHasABoundAPolicyAndAMetric() throws {
    let docs = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "docs")
    let pages = try ["metrics.md", "archive.md"].map {
        try String(contentsOf: docs.appending(path: $0), encoding: .utf8)
    }
    let text = try String(contentsOf: docs.appending(path: "architecture.md"), encoding: .utf8)
    let section = try #require(
        text.components(separatedBy: "\n## Queues\n").last?.components(separatedBy: "\n## ").first)
    let rows = section.split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst(2)
    #expect(rows.count > 10)
    for row in rows {
        let cells = row.dropFirst(2).components(separatedBy: " | ")
        try #require(cells.count == 4 && cells.allSatisfy { !$0.isEmpty }, "\(row)")
        let metrics = cells[3].matches(of: #/`(weir_[a-z0-9_]+)`/#).map { $0.1 }
        #expect(!metrics.isEmpty || cells[3].hasPrefix("none: "), "\(row)")
        for metric in metrics {
            // Those of the archive share a prefix, which stands before their list.
            let names = [metric, metric.replacing("weir_archive_", with: "")]
            #expect(
                pages.contains { page in names.contains { page.contains("`\($0)`") } }, "\(metric) is not explained")
        }
    }
}

@Test func everyMetricIsDocumentedWithItsKind() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    let text = try String(contentsOf: root.appending(path: "docs/metrics.md"), encoding: .utf8)
    let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `weir_") }.map {
        $0.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
    }
    let server = RichServer()
    let families = MetricFamily.families(streams: server.streams(), server: server.serverFacts())
    // Those of other rooms have tables of their own behind the first.
    let own = rows.prefix(families.count)
    #expect(own.map { $0[0] } == families.map { "`\($0.name)`" })
    #expect(own.map { $0[1] } == families.map(\.kind.rawValue))
    let labels = families.map { $0.samples[0].labels.map { "`\($0.name)`" }.joined(separator: ", ") }
    #expect(own.map { $0[2] } == labels)
    #expect(families.filter { $0.kind == .counter }.allSatisfy { $0.name.hasSuffix("_total") })
}
