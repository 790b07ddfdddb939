public import ObjectStorage
import ZIP

/// How far writing an archive has come.
public struct ExportProgress: Sendable, Hashable {
    public var bytesWritten: Int64
    public var bytes: Int64
    /// Entries that are written, the manifest among them.
    public var entriesWritten: Int
    public var entries: Int

    /// 0…100.
    public var percent: Double { bytes == 0 ? 100 : Double(bytesWritten) * 100 / Double(bytes) }
}

extension ExportPlan {
    /// Bytes between two looks at `isCancelled`.
    private static let stepBytes: Int64 = 8 << 20

    /// Writes the whole archive into a session of the same store; the caller commits it. Blocks on the disk.
    ///
    /// - Parameters:
    ///   - checks: whether each content is held against its CRC-32 on the way. Without, the kernel copies the bytes
    ///     and this process never sees them.
    ///   - isCancelled: asked about every 8 MiB and after each entry.
    ///   - progress: told as often.
    /// - Throws: ``ExportError``. The session may only be aborted then.
    public func write(
        from store: DirectoryStore, to session: PutSession, checks: Bool = true,
        isCancelled: () -> Bool = { false }, progress: (ExportProgress) -> Void = { _ in }
    ) throws(ExportError) {
        var done = ExportProgress(bytesWritten: 0, bytes: bytes, entriesWritten: 0, entries: zip.entries.count)
        try writing { () throws(StorageError) in try session.reserve(bytes: bytes) }
        // One buffer for all entries: small enough to stay in the processor's cache between reading and writing.
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 262_144, alignment: 4096)
        defer { buffer.deallocate() }
        for segment in zip.segments {
            if isCancelled() { throw .cancelled }
            switch segment {
            case .literal(let bytes):
                try writing { () throws(StorageError) in try session.write(bytes) }
                done.bytesWritten += Int64(bytes.count)
            case .entry(_, .bytes(let bytes), _):
                try writing { () throws(StorageError) in try session.write(bytes) }
                done.bytesWritten += Int64(bytes.count)
                done.entriesWritten += 1
            case .entry(let index, .object(let key), _):
                let object = try open(key, entry: index, in: store)
                object.adviseSequential()
                var checksum = ZipChecksum()
                var position: Int64 = 0
                while position < object.size {
                    if isCancelled() { throw .cancelled }
                    let end = min(position + Self.stepBytes, object.size)
                    if checks {
                        try copy(object, position..<end, entry: index, to: session, buffer, &checksum)
                    } else {
                        try copy(object, position..<end, entry: index, to: session)
                    }
                    done.bytesWritten += end - position
                    position = end
                    if position < object.size { progress(done) }
                }
                if checks { try check(index, found: checksum.value) }
                done.entriesWritten += 1
            }
            progress(done)
        }
        done.entriesWritten = done.entries
        progress(done)
    }

    private func copy(
        _ object: ObjectReader, _ range: Range<Int64>, entry index: Int, to session: PutSession,
        _ buffer: UnsafeMutableRawBufferPointer, _ checksum: inout ZipChecksum
    ) throws(ExportError) {
        var position = range.lowerBound
        while position < range.upperBound {
            let wanted = Int(min(Int64(buffer.count), range.upperBound - position))
            let target = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
            let count: Int
            do throws(StorageError) {
                count = try object.read(at: position, into: target)
            } catch {
                throw .storage(entry: zip.entries[index].name, error)
            }
            guard count == wanted else {
                throw .content(zip.shortContent(of: index, found: UInt64(position) + UInt64(count)))
            }
            let piece = UnsafeRawBufferPointer(target)
            checksum.update(piece)
            try writing { () throws(StorageError) in try session.write(piece) }
            position += Int64(count)
        }
    }

    private func copy(
        _ object: ObjectReader, _ range: Range<Int64>, entry index: Int, to session: PutSession
    ) throws(ExportError) {
        let wanted = range.upperBound - range.lowerBound
        var copied: Int64 = 0
        try writing { () throws(StorageError) in
            copied = try session.append(contentsOf: object.descriptor, from: range.lowerBound, count: wanted)
        }
        guard copied == wanted else {
            throw .content(zip.shortContent(of: index, found: UInt64(range.lowerBound + copied)))
        }
    }

    private func writing(_ body: () throws(StorageError) -> Void) throws(ExportError) {
        do throws(StorageError) {
            try body()
        } catch {
            throw .storage(entry: nil, error)
        }
    }
}
