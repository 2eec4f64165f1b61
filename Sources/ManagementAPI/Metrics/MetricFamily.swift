// Counters and gauges in the Prometheus text format.
package import NIOCore

/// One metric with all its samples.
package struct MetricFamily: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable { case counter, gauge }

    package struct Sample: Hashable, Sendable {
        package var labels: [(name: String, value: String)]
        package var value: Double

        package init(_ value: Double, labels: [(name: String, value: String)] = []) {
            self.labels = labels
            self.value = value
        }

        package static func == (a: Sample, b: Sample) -> Bool {
            a.value == b.value && a.labels.elementsEqual(b.labels) { $0 == $1 }
        }

        package func hash(into hasher: inout Hasher) {
            hasher.combine(value)
            for label in labels {
                hasher.combine(label.name)
                hasher.combine(label.value)
            }
        }
    }

    /// Name with the unit as its last word, such as `weir_input_bytes_total`.
    package var name: String
    package var kind: Kind
    package var help: String
    package var samples: [Sample]

    package init(_ name: String, _ kind: Kind, help: String, samples: [Sample]) {
        self.name = name
        self.kind = kind
        self.help = help
        self.samples = samples
    }
}

extension MetricFamily {
    /// Content type of the page (Prometheus exposition format 0.0.4).
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Writes families in the Prometheus text format.
    package static func page(_ families: [MetricFamily]) -> ByteBuffer {
        var page = ByteBuffer()
        for family in families where !family.samples.isEmpty {
            page.writeString(
                "# HELP \(family.name) \(escaped(family.help, quotes: false))\n# TYPE \(family.name) \(family.kind.rawValue)\n"
            )
            for sample in family.samples {
                page.writeString(family.name)
                if !sample.labels.isEmpty {
                    let labels = sample.labels.map { "\($0.name)=\"\(escaped($0.value))\"" }
                    page.writeString("{\(labels.joined(separator: ","))}")
                }
                page.writeString(" \(number(sample.value))\n")
            }
        }
        return page
    }

    /// Escapes `\`, line feeds and, in label values, `"`. By scalars: a character that joins one of them with what
    /// follows, such as `\r\n`, needs it too.
    private static func escaped(_ value: String, quotes: Bool = true) -> String {
        var result = String.UnicodeScalarView()
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": result.append(contentsOf: "\\\\".unicodeScalars)
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            case "\"" where quotes: result.append(contentsOf: "\\\"".unicodeScalars)
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return value == value.rounded() && value.magnitude < 1e15 ? String(Int64(value)) : String(value)
    }
}
