// What this process uses of the machine: CPU over the last seconds and resident memory, from /proc.
import CLinux
import Glibc
import NIOConcurrencyHelpers
import NIOCore

/// CPU and memory of this process. May be used from any thread.
final class ProcessStatistics: Sendable {
    private struct Sample {
        var time: NIODeadline
        var cpuSeconds: Double
        var percent: Double
    }

    private let now: @Sendable () -> NIODeadline
    private let last: NIOLockedValueBox<Sample>
    let started: NIODeadline

    init(now: @escaping @Sendable () -> NIODeadline) {
        self.now = now
        started = now()
        last = NIOLockedValueBox(Sample(time: now(), cpuSeconds: Self.cpuSeconds(), percent: 0))
    }

    /// Seconds since the process's statistics began.
    var uptime: Double { Double((now() - started).nanoseconds) / 1e9 }

    /// Percent of one core, averaged over at least two seconds before the call.
    var cpuPercent: Double {
        let time = now()
        return last.withLockedValue { last in
            let elapsed = Double((time - last.time).nanoseconds) / 1e9
            if elapsed >= 2 {
                let cpu = Self.cpuSeconds()
                last = Sample(time: time, cpuSeconds: cpu, percent: (cpu - last.cpuSeconds) / elapsed * 100)
            }
            return (last.percent * 10).rounded() / 10
        }
    }

    /// Resident bytes; 0 where /proc cannot be read.
    var residentBytes: UInt64 {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 128)
        guard fgets(&buffer, Int32(buffer.count), file) != nil else { return 0 }
        let text = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        let fields = String(decoding: text, as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pages = UInt64(fields[1]) else { return 0 }
        return pages * UInt64(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static func cpuSeconds() -> Double {
        Double(weir_process_cpu_nanoseconds()) / 1e9
    }
}
