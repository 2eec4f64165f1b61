// How far a long command is, on a terminal; silent where nobody looks.
import ArchiveStorage
import Glibc

/// One line on standard error that is written again and again.
final class ProgressBar {
    private static let width = 30
    private let isShown: Bool
    private var lastPercent = -1

    /// - Parameter isWanted: false for `--json`.
    init(isWanted: Bool) { isShown = isWanted && isatty(STDERR_FILENO) == 1 }

    func show(_ progress: ArchiveProgress) {
        guard isShown else { return }
        let share = progress.total > 0 ? min(1, Double(progress.done) / Double(progress.total)) : 1
        let percent = Int(share * 100)
        guard percent != lastPercent else { return }
        lastPercent = percent
        let filled = Int(share * Double(Self.width))
        let bar = String(repeating: "#", count: filled) + String(repeating: "·", count: Self.width - filled)
        let number = String(repeating: " ", count: max(0, 3 - String(percent).count)) + String(percent)
        // Back to the begin of the line, and the rest of a longer one erased (ECMA-48 EL).
        print("\r[\(bar)] \(number) %  \(progress.path)\u{1B}[K", terminator: "", to: &StandardError.stream)
    }

    /// Leaves the line: what is printed next begins at the left.
    func end() {
        guard isShown, lastPercent >= 0 else { return }
        print("\r\u{1B}[K", terminator: "", to: &StandardError.stream)
    }
}
