// The libFuzzer entry: WEIR_FUZZ_TARGET says which parser gets the bytes. Built and run by scripts/fuzz.sh.
import FuzzChecks
import Glibc

private let target: FuzzTarget = {
    let name = getenv("WEIR_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
        let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
        say("WEIR_FUZZ_TARGET is '\(name)'; one of: \(names)")
        exit(2)
    }
    return target
}()

/// Called by libFuzzer with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func weirFuzzOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do throws(FuzzFinding) {
        try target.check(UnsafeRawBufferPointer(start: data, count: count))
    } catch {
        say("\(target.rawValue): \(error)")
        // libFuzzer keeps the input of a process that dies.
        abort()
    }
    return 0
}

private func say(_ sentence: String) {
    var line = sentence + "\n"
    line.withUTF8 { _ = write(2, $0.baseAddress, $0.count) }
}
