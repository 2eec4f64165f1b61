// Amounts as they are written: sizes `500G`, rates `50M`, shares `90%`, whole numbers.

/// Reads and writes amounts with a unit letter.
package enum QuantityText {
    static let letters = ["K", "M", "G", "T", "P"]

    /// Bytes: a number, or one with `K`, `M`, `G`, `T`, `P` for powers of 1024, as `df -h` and `du -h` show them.
    package static func parseBytes(_ text: String) -> Int64? { parse(text, base: 1024) }

    /// A rate per second: a number, or one with `K`, `M`, `G`, `T`, `P` for powers of 1000.
    package static func parseRate(_ text: String) -> Int64? { parse(text, base: 1000) }

    package static func printBytes(_ value: Int64) -> String { print(value, base: 1024) }

    package static func printRate(_ value: Int64) -> String { print(value, base: 1000) }

    /// `1%` to `100%`; the number.
    package static func parseShare(_ text: String) -> Int? {
        guard text.hasSuffix("%"), let value = parseWhole(String(text.dropLast())), (1...100).contains(value) else {
            return nil
        }
        return value
    }

    /// Decimal digits only: no sign, no space.
    package static func parseWhole(_ text: String) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text)
    }

    /// `true`, `yes`, `on`, `1` and their opposites.
    package static func parseSwitch(_ text: String) -> Bool? {
        switch text {
        case "true", "yes", "on", "1": true
        case "false", "no", "off", "0": false
        default: nil
        }
    }

    private static func parse(_ text: String, base: Int64) -> Int64? {
        var rest = text.utf8[...]
        guard let number = DecimalText.take(&rest) else { return nil }
        let letter = String(decoding: rest, as: UTF8.self)
        if letter.isEmpty { return number.times(1) }
        guard let power = letters.firstIndex(of: letter) else { return nil }
        return number.times((0...power).reduce(1) { factor, _ in factor * base })
    }

    private static func print(_ value: Int64, base: Int64) -> String {
        var value = value
        var letter = ""
        for next in letters where value != 0 && value % base == 0 {
            value /= base
            letter = next
        }
        return "\(value)\(letter)"
    }
}
