import Crypto
import Model
import NIOPosix
import ObjectStorage

/// An object of the store as the source of an asset.
enum StoredSource {
    /// Reads an object for its hash, checksum and type, and gives it a second key without copying its bytes.
    ///
    /// - Throws: ``StorageError`` `.notFound`; 413 above `maxBytes`, 422 for an empty object.
    static func copy(
        _ source: StorageKey, to target: StorageKey, in store: DirectoryStore, maxBytes: Int64, blocking: NIOThreadPool
    ) async throws -> UploadIntake.Facts {
        try await blocking.runIfActive {
            let reader = try store.open(source)
            guard reader.size <= maxBytes else { throw Problem.tooLarge(maxBytes: maxBytes) }
            guard reader.size > 0 else { throw Problem.invalid("source", "The stored object is empty.") }
            reader.adviseSequential()
            var sha256 = Crypto.SHA256()
            var crc32 = CRC32()
            var head: [UInt8] = []
            var offset: Int64 = 0
            while offset < reader.size {
                let piece = try reader.read(offset..<min(offset + Int64(UploadIntake.pieceBytes), reader.size))
                sha256.update(data: piece)
                crc32.update(piece)
                if offset == 0 { head = Array(piece.prefix(Model.MediaType.sniffLength)) }
                offset += Int64(piece.count)
            }
            try store.copy(source, to: target)
            return UploadIntake.Facts(
                bytes: offset, sha256: Model.SHA256.hexadecimal(digest: Array(sha256.finalize())),
                crc32: crc32.finalize(), type: Model.MediaType.sniff(head))
        }
    }
}
