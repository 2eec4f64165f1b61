// The clocks that the server hands to its parts: monotonic time for timeouts, UTC for media and archive.
import CLinux
package import Media
package import NIOCore

/// The clocks of a server, handed to all who need one.
package struct SystemClocks: Sendable {
    /// Monotonic time; decides timeouts.
    package var monotonic: @Sendable () -> NIODeadline
    /// Wall time; names media and archive positions, never decides a timeout.
    package var utc: @Sendable () -> MediaTime

    package init(monotonic: @escaping @Sendable () -> NIODeadline, utc: @escaping @Sendable () -> MediaTime) {
        self.monotonic = monotonic
        self.utc = utc
    }

    /// The machine's clocks.
    package static let machine = SystemClocks(
        monotonic: { NIODeadline.now() },
        utc: {
            let (seconds, nanoseconds) = weir_utc_nanoseconds().quotientAndRemainder(dividingBy: 1_000_000_000)
            return MediaTime(ticks: seconds * mediaTicksPerSecond + nanoseconds * 9 / 100_000)
        })
}
