// Tables for a terminal of 80 columns.

enum TextTable {
    static let width = 80

    /// Cells in columns. A cell that is too wide pushes the others to the right rather than being cut: names must be whole.
    static func row(_ cells: [String], _ widths: [Int]) -> String {
        var line = ""
        for (cell, width) in zip(cells, widths) {
            line += cell
            line += String(repeating: " ", count: max(1, width - cell.count))
        }
        while line.last == " " { line.removeLast() }
        return line
    }

    /// Words on as many indented lines as they need; a word alone may be longer.
    static func wrapped(_ text: String, indent: Int = 4) -> [String] {
        let margin = String(repeating: " ", count: indent)
        var lines: [String] = []
        var line = ""
        for word in text.split(whereSeparator: \.isWhitespace) {
            if !line.isEmpty, indent + line.count + 1 + word.count > width {
                lines.append(margin + line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        if !line.isEmpty { lines.append(margin + line) }
        return lines
    }
}
