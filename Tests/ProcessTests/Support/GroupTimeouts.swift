// Longer timeouts for tests in which a server must not be taken for dead because the machine is busy.
import Foundation

extension WeirGroup {
    /// Before any server is started.
    func setTimeouts(fetch: Int, stale: Int) throws {
        let text = try String(contentsOf: configuration, encoding: .utf8)
        let patient = text.replacing(
            /fetch_timeout \d+; stale_timeout \d+;/, with: "fetch_timeout \(fetch); stale_timeout \(stale);")
        try Data(patient.utf8).write(to: configuration)
    }
}
