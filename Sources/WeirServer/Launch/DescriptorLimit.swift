// Lets the process have as many files and sockets as the system permits it.
import CLinux
import Logging

/// The bound of open descriptors that a process begins with is that of a shell, often 1024: a descriptor for each viewer, input
/// and file would reach it soon.
enum DescriptorLimit {
    /// Raises the soft bound to the hard one (getrlimit(2)), which is the administrator's.
    static func raise(_ logger: Logger) {
        let before = weir_descriptor_limit()
        let now = weir_raise_descriptor_limit()
        // The server runs with what it has then; systems that refuse it have their reasons.
        guard now >= 0 else { return logger.debug("at most \(before) descriptors: raising it failed, errno \(-now)") }
        logger.debug("at most \(now) descriptors, \(before) before")
    }
}
