// Counts what a player of fake:// saw: frames lost, repeated, out of order, damaged and late.
package import Media

/// The account of a sequence of decoded frames. Frame numbers rise by one in a stream without fault.
package struct StripTally: Hashable, Sendable {
    package private(set) var frames = 0
    /// Numbers jumped over, counted from the highest seen: one that comes after all was still missing at its place.
    package private(set) var lost: Int64 = 0
    /// A number shown twice in succession.
    package private(set) var repeated = 0
    /// A number below the one before it.
    package private(set) var backward = 0
    /// Frames whose strip could not be read.
    package private(set) var damaged = 0
    /// Frames seen more than `lateLimit` after their instant.
    package private(set) var late = 0
    package private(set) var first: Int64?
    package private(set) var last: Int64?
    private var highest: Int64?
    private let lateLimit: MediaSpan
    private var damagedInSuccession: Int64 = 0

    package init(lateLimit: MediaSpan = .seconds(10)) {
        self.lateLimit = lateLimit
    }

    /// Every frame between the first and the last was seen once, in order and whole.
    package var isPerfect: Bool {
        frames > 0 && lost == 0 && repeated == 0 && backward == 0 && damaged == 0 && late == 0
    }

    /// The UTC instant at which a frame is shown.
    package static func instant(of number: Int64) -> MediaTime { MediaTime(ticks: number * 3600) }

    /// The frame that is shown at `seconds` since 1970.
    package static func number(at seconds: Double) -> Int64 { Int64(seconds * 25) }

    /// - `number`: nil for a damaged strip. `arrival`: when the frame was seen, if it matters.
    package mutating func saw(_ number: Int64?, at arrival: MediaTime? = nil) {
        frames += 1
        guard let number else {
            damaged += 1
            damagedInSuccession += 1
            return
        }
        if let arrival, arrival - Self.instant(of: number) > lateLimit { late += 1 }
        if first == nil { first = number }
        if let last {
            if number == last { repeated += 1 }
            if number < last { backward += 1 }
        }
        if let highest, number > highest + 1 {
            // A damaged frame stands where a number is missing; it is not counted as lost as well.
            let missing = number - highest - 1
            lost += missing - min(damagedInSuccession, missing)
        }
        damagedInSuccession = 0
        last = number
        highest = max(highest ?? number, number)
    }
}
