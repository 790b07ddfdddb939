import FFmpeg
import Glibc
import Model

/// Bytes of an output: writing them, copying them, and their checksums.
enum OutputFile {
    private static let blockBytes = 1 << 20

    static func clear(_ descriptor: Int32) throws(OperationFailure) {
        guard ftruncate(descriptor, 0) == 0 else { throw failure(errno) }
    }

    static func size(_ descriptor: Int32) throws(OperationFailure) -> Int64 {
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { throw failure(errno) }
        return Int64(facts.st_size)
    }

    /// What the content says it is.
    static func type(_ descriptor: Int32) -> MediaType {
        var head = [UInt8](repeating: 0, count: MediaType.sniffLength)
        let got = pread(descriptor, &head, head.count, 0)
        return MediaType.sniff(head.prefix(max(0, got)))
    }

    static func write(_ packet: borrowing Packet, to descriptor: Int32) throws(OperationFailure) {
        try clear(descriptor)
        try packet.withBytes { (bytes) throws(OperationFailure) in try put(bytes, to: descriptor, at: 0) }
    }

    static func copy(from source: Int32, to target: Int32, cancellation: Cancellation) throws {
        try clear(target)
        try blocks(of: source, cancellation: cancellation) { bytes, offset in
            try put(bytes, to: target, at: offset)
        }
    }

    /// Length, SHA-256 (lower-case hex) and CRC-32 of what is really in the file.
    static func checksums(
        _ descriptor: Int32, cancellation: Cancellation
    ) throws -> (bytes: Int64, sha256: String, crc32: UInt32) {
        var sha = SHA256()
        var crc = CRC32()
        var count: Int64 = 0
        try blocks(of: descriptor, cancellation: cancellation) { bytes, _ in
            sha.update(bytes)
            crc.update(bytes)
            count += Int64(bytes.count)
        }
        return (count, SHA256.hexadecimal(digest: sha.finalize()), crc.finalize())
    }

    private static func blocks(
        of descriptor: Int32, cancellation: Cancellation, _ body: (UnsafeRawBufferPointer, Int64) throws -> Void
    ) throws {
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: blockBytes, alignment: 16)
        defer { block.deallocate() }
        var offset: Int64 = 0
        while true {
            try cancellation.check("read")
            let got = pread(descriptor, block.baseAddress, block.count, Int(offset))
            if got < 0 {
                if errno == EINTR { continue }
                throw failure(errno)
            }
            if got == 0 { return }
            try body(UnsafeRawBufferPointer(rebasing: block[..<got]), offset)
            offset += Int64(got)
        }
    }

    private static func put(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int64
    ) throws(OperationFailure) {
        var done = 0
        while done < bytes.count {
            let put = pwrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, Int(offset) + done)
            if put < 0 {
                if errno == EINTR { continue }
                throw failure(errno)
            }
            done += put
        }
    }

    private static func failure(_ code: Int32) -> OperationFailure {
        OperationFailure(FFmpegError(.io, "file", "errno \(code)", status: -code), structure: .unknown)
    }
}
