// Standard error as a text stream, for what is not the command's answer.
import Glibc

struct StandardError: TextOutputStream {
    /// Writes go straight to the descriptor, so there is no state that threads could share.
    static var stream: StandardError {
        get { StandardError() }
        set { _ = newValue }
    }

    func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}
