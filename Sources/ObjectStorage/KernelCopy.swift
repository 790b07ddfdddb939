internal import CLinuxFile
internal import Glibc

/// Copies between files without bringing the bytes into this process.
enum KernelCopy {
    private static let stepBytes: Int64 = 64 << 20

    /// Copies to the end of `target`; where the kernel cannot (other file systems, old kernels), by reading and writing.
    ///
    /// - Returns: bytes copied; fewer than `count` when the source ended.
    static func copy(from source: Int32, at offset: Int64, count: Int64, to target: Int32) throws(SystemFailure)
        -> Int64
    {
        var position = offset
        var left = count
        while left > 0 {
            let copied: Int
            do throws(SystemFailure) {
                copied = try call("copy_file_range") {
                    clf_copy(source, &position, target, Int(min(left, stepBytes)))
                }
            } catch {
                guard [EXDEV, EINVAL, ENOSYS, EOPNOTSUPP].contains(error.code) else { throw error }
                return try count - left + byHand(from: source, at: position, count: left, to: target)
            }
            if copied == 0 { break }
            left -= Int64(copied)
        }
        return count - left
    }

    private static func byHand(
        from source: Int32, at offset: Int64, count: Int64, to target: Int32
    ) throws(SystemFailure) -> Int64 {
        var buffer = [UInt8](repeating: 0, count: 262_144)
        var done: Int64 = 0
        while done < count {
            let wanted = Int(min(count - done, Int64(buffer.count)))
            let got = try call("read") { pread(source, &buffer, wanted, Int(offset + done)) }
            if got == 0 { break }
            var written = 0
            while written < got {
                let done = written
                written += try buffer.withUnsafeBufferPointer { bytes throws(SystemFailure) in
                    try call("write") { write(target, bytes.baseAddress.map { $0 + done }, got - done) }
                }
            }
            done += Int64(got)
        }
        return done
    }
}
