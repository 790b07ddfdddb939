internal import Glibc

/// Reads a process's resident memory from procfs: the highest since the last look, and now.
struct MemoryProbe: Sendable {
    private let status: Int32
    private let reset: Int32

    init(pid: Int32) {
        status = open("/proc/\(pid)/status", O_RDONLY | O_CLOEXEC)
        reset = open("/proc/\(pid)/clear_refs", O_WRONLY | O_CLOEXEC)
    }

    func close() {
        if status >= 0 { Glibc.close(status) }
        if reset >= 0 { Glibc.close(reset) }
    }

    /// Bytes; zeros where procfs cannot be read. Starts a new peak.
    func take() -> (peak: Int64, resident: Int64) {
        guard status >= 0 else { return (0, 0) }
        let found = withUnsafeTemporaryAllocation(byteCount: 4_096, alignment: 1) { buffer in
            let count = pread(status, buffer.baseAddress, buffer.count, 0)
            let text = UnsafeRawBufferPointer(buffer)[..<max(count, 0)]
            return (Self.number(after: "VmHWM:", in: text), Self.number(after: "VmRSS:", in: text))
        }
        // "5" resets the peak: proc(5), /proc/pid/clear_refs.
        if reset >= 0 { _ = [UInt8(ascii: "5")].withUnsafeBytes { pwrite(reset, $0.baseAddress, 1, 0) } }
        return (found.0 * 1_024, found.1 * 1_024)
    }

    /// How many processes the kernel has killed for memory since it started, anywhere on this machine.
    static func outOfMemoryKills() -> Int64 {
        let file = open("/proc/vmstat", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return 0 }
        defer { Glibc.close(file) }
        return withUnsafeTemporaryAllocation(byteCount: 32_768, alignment: 1) { buffer in
            let count = pread(file, buffer.baseAddress, buffer.count, 0)
            return number(after: "oom_kill ", in: UnsafeRawBufferPointer(buffer)[..<max(count, 0)])
        }
    }

    private static func number(after name: StaticString, in text: Slice<UnsafeRawBufferPointer>) -> Int64 {
        let name = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        var rest = text
        while let first = rest.first {
            let line = rest.prefix { $0 != UInt8(ascii: "\n") }
            rest = rest.dropFirst(line.count + 1)
            guard first == name[0], line.starts(with: name) else { continue }
            return line.reduce(0) { $1 >= 48 && $1 <= 57 ? $0 * 10 + Int64($1 - 48) : $0 }
        }
        return 0
    }
}
