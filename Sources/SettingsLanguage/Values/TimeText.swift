// Spans of time as they are written: `3d`, `12h`, `30m`, `15`, `500ms`, `1h30m`, `2.5`.

/// Reads and writes spans of time. All are whole milliseconds between 0 and 100 years.
package enum TimeText {
    /// What a number without a unit means in a directive.
    package enum BareUnit: Int64, Sendable {
        case milliseconds = 1
        case seconds = 1000
    }

    static let units: [(name: String, milliseconds: Int64)] = [
        ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]
    static let limit: Int64 = 100 * 365 * 86_400_000

    /// The span, or nil when `text` is none, is negative, is finer than a millisecond or longer than 100 years.
    package static func parse(_ text: String, bare: BareUnit) -> Duration? {
        var rest = text.utf8[...]
        var total: Int64 = 0
        var isFirst = true
        repeat {
            guard let number = DecimalText.take(&rest) else { return nil }
            let name = String(
                decoding: rest.prefix { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }, as: UTF8.self)
            rest = rest.dropFirst(name.utf8.count)
            let unit: Int64
            if name.isEmpty, isFirst, rest.isEmpty {
                unit = bare.rawValue
            } else if let known = units.first(where: { $0.name == name }) {
                unit = known.milliseconds
            } else {
                return nil
            }
            guard let part = number.times(unit), part <= limit, total + part <= limit else { return nil }
            total += part
            isFirst = false
        } while !rest.isEmpty
        return .milliseconds(total)
    }

    /// The span in the largest unit that holds it whole; read back by `parse` with the same `bare`.
    package static func print(_ span: Duration, bare: BareUnit) -> String {
        let milliseconds = span.wholeMilliseconds
        if milliseconds % bare.rawValue == 0, milliseconds < 60_000 || bare == .milliseconds {
            return "\(milliseconds / bare.rawValue)"
        }
        for unit in units where unit.name != "w" && milliseconds % unit.milliseconds == 0 {
            return "\(milliseconds / unit.milliseconds)\(unit.name)"
        }
        return "\(milliseconds)ms"
    }
}

extension Duration {
    /// The span in milliseconds, rounded towards zero. Spans of settings are always whole milliseconds.
    package var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}

/// A decimal number with at most nine digits before and three after the point, kept exact.
struct DecimalText {
    private var thousandths: Int64

    static func take(_ text: inout Substring.UTF8View) -> DecimalText? {
        let whole = takeDigits(&text)
        guard let first = whole, first.digits <= 15 else { return nil }
        var thousandths = first.value * 1000
        if text.first == UInt8(ascii: ".") {
            text = text.dropFirst()
            guard let fraction = takeDigits(&text), fraction.digits <= 3 else { return nil }
            thousandths += fraction.value * [100, 10, 1][fraction.digits - 1]
        }
        return DecimalText(thousandths: thousandths)
    }

    /// The product when it is whole and fits.
    func times(_ factor: Int64) -> Int64? {
        let (product, overflow) = thousandths.multipliedReportingOverflow(by: factor)
        return overflow || product % 1000 != 0 ? nil : product / 1000
    }

    private static func takeDigits(_ text: inout Substring.UTF8View) -> (value: Int64, digits: Int)? {
        let digits = text.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard !digits.isEmpty, digits.count <= 15, let value = Int64(Substring(digits)) else { return nil }
        text = text[digits.endIndex...]
        return (value, digits.count)
    }
}
