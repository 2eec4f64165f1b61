// What the fake source shows in a frame: the strip, date and time of day in UTC, and the stream's name.
internal import Media

/// The picture as 48 × 27 cells of 16 × 16 pixels.
///
/// ```
/// row 0        the strip: frame number and check, for machines
/// rows 2-6     2026-11-21
/// rows 8-12    05:58:00.04
/// rows 14-18   the stream's name
/// rows 20-24   … its second line
/// ```
struct FakePicture: Sendable {
    static let columns = 48
    static let rows = 27
    /// Cells from here on are the same in all frames of a stream: the name.
    static let changingCellCount = 13 * columns
    /// Letters in a line: each is three cells and a gap.
    static let lettersPerLine = 12

    private(set) var cells: [FakeCell]

    /// The picture without strip and time. A name longer than two lines shows its begin and its end.
    init(name: String) {
        cells = Array(repeating: .blank, count: Self.columns * Self.rows)
        let letters = Array(name.utf8)
        if letters.count <= Self.lettersPerLine {
            draw(letters, atRow: 17)
        } else {
            draw(Array(letters.prefix(Self.lettersPerLine)), atRow: 14)
            draw(Array(letters.dropFirst(Self.lettersPerLine).suffix(Self.lettersPerLine)), atRow: 20)
        }
    }

    /// The picture of a frame, drawn into one of the same stream.
    func showing(frame: Int64) -> FakePicture {
        var picture = self
        for index in 0..<Self.changingCellCount { picture.cells[index] = .blank }
        for (column, isOne) in FakeStrip.cells(frame).enumerated() { picture.cells[column] = isOne ? .bright : .dark }
        let time = FakeClock.text(frame)
        picture.draw(time.date, atRow: 2)
        picture.draw(time.clock, atRow: 8)
        return picture
    }

    /// One line of text, in the middle.
    private mutating func draw(_ letters: [UInt8], atRow top: Int) {
        let pitch = FakeFont.width + 1
        let left = (Self.columns - (letters.count * pitch - 1)) / 2
        for (index, letter) in letters.enumerated() {
            for y in 0..<FakeFont.height {
                let start = (top + y) * Self.columns + left + index * pitch
                for x in 0..<FakeFont.width where FakeFont.isLit(letter, x: x, y: y) { cells[start + x] = .bright }
            }
        }
    }
}
