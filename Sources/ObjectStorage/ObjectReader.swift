internal import CrashPoints
internal import Glibc

/// An object that is open for reading; calls block on the disk, and may be made from several threads at once.
public final class ObjectReader: Sendable {
    public let key: StorageKey
    /// In bytes; it does not change.
    public let size: Int64
    private let file: Descriptor

    init(key: StorageKey, path: String) throws(StorageError) {
        CrashPoint.pass("before a file is opened")
        self.key = key
        let file = try storing(key) { () throws(SystemFailure) in try Descriptor.open(path, O_RDONLY | O_NONBLOCK) }
        var facts = stat()
        try storing(key) { () throws(SystemFailure) in try call("fstat") { Int(fstat(file.number, &facts)) } }
        guard facts.st_mode & S_IFMT == S_IFREG else { throw .notFound(key) }
        self.file = file
        size = Int64(facts.st_size)
    }

    /// The open file, for a process that reads the bytes itself; open as long as the reader lives.
    public var descriptor: Int32 { file.number }

    /// Fills the buffer from an offset on.
    ///
    /// - Returns: bytes read; fewer than the buffer holds only at the object's end, 0 behind it.
    public func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(StorageError) -> Int {
        try storing(key) { () throws(SystemFailure) in
            var filled = 0
            while filled < buffer.count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
                let count = try call("read") {
                    pread(file.number, rest.baseAddress, rest.count, Int(offset) + filled)
                }
                if count == 0 { break }
                filled += count
            }
            return filled
        }
    }

    /// The bytes of a range, which must lie within `0..<size`.
    ///
    /// - Throws: ``StorageError`` `.badRange`.
    public func read(_ range: Range<Int64>) throws(StorageError) -> [UInt8] {
        guard range.lowerBound >= 0, range.upperBound <= size else { throw .badRange(key, size: size) }
        var failure: StorageError?
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            do throws(StorageError) {
                count = try read(at: range.lowerBound, into: UnsafeMutableRawBufferPointer(buffer))
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        guard bytes.count == range.count else { throw .io(operation: "read", code: EIO) }
        return bytes
    }

    /// All bytes of the object at once; for small ones.
    public func readAll() throws(StorageError) -> [UInt8] { try read(0..<size) }

    /// Tells the disk that the object will be read from beginning to end.
    public func adviseSequential() {
        _ = posix_fadvise(file.number, 0, 0, POSIX_FADV_SEQUENTIAL)
    }
}
