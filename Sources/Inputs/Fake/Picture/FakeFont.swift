// Capital letters, figures and some signs, three cells wide and five high.

/// The letters of the fake picture.
enum FakeFont {
    static let width = 3
    static let height = 5

    /// Rows from top to bottom of five octal digits, each digit's three bits from left to right.
    private static let shapes: [(Character, UInt16)] = [
        ("0", 0o75557), ("1", 0o26227), ("2", 0o71747), ("3", 0o71717), ("4", 0o55711), ("5", 0o74717), ("6", 0o74757),
        ("7", 0o71222), ("8", 0o75757), ("9", 0o75717), ("A", 0o25755), ("B", 0o65656), ("C", 0o34443), ("D", 0o65556),
        ("E", 0o74647), ("F", 0o74644), ("G", 0o34553), ("H", 0o55755), ("I", 0o72227), ("J", 0o11152), ("K", 0o55655),
        ("L", 0o44447), ("M", 0o57755), ("N", 0o65555), ("O", 0o25552), ("P", 0o65644), ("Q", 0o25573), ("R", 0o65655),
        ("S", 0o34216), ("T", 0o72222), ("U", 0o55557), ("V", 0o55552), ("W", 0o55775), ("X", 0o55255), ("Y", 0o55222),
        ("Z", 0o71247), ("-", 0o00700), ("_", 0o00007), (".", 0o00002), (":", 0o02020), ("/", 0o11244), ("+", 0o02720),
        (" ", 0o00000),
    ]

    private static let shapeOfByte: [UInt16] = {
        // What has no shape is a full block.
        var table = [UInt16](repeating: 0o77777, count: 256)
        for (character, shape) in shapes {
            for spelling in [character.uppercased(), character.lowercased()] {
                for byte in spelling.utf8 { table[Int(byte)] = shape }
            }
        }
        return table
    }()

    /// Whether the letter's cell is lit. `x` from 0 to 2, `y` from 0 to 4.
    static func isLit(_ letter: UInt8, x: Int, y: Int) -> Bool {
        shapeOfByte[Int(letter)] >> UInt16(14 - 3 * y - x) & 1 == 1
    }
}
