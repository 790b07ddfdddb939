import Crypto
import HTTPTypes
import Hummingbird
import Model
import NIOCore
import NIOPosix
import ObjectStorage
import Synchronization

/// Takes the bytes of one upload into the store: hashes and counts them on the way, and looks at the first ones.
///
/// Nothing is visible in the store before ``commit(as:)``; an intake that is dropped leaves nothing.
final class UploadIntake: Sendable {
    /// What is known of the bytes when all have come.
    struct Facts: Sendable {
        var bytes: Int64
        /// Lower-case hex.
        var sha256: String
        var crc32: UInt32
        var type: Model.MediaType
    }

    /// Bytes that are hashed and written at a time. All that an upload holds in memory is this much and what the
    /// network has ready.
    static let pieceBytes = 256 << 10

    private struct State {
        var sha256 = Crypto.SHA256()
        var crc32 = CRC32()
        var head: [UInt8] = []
        var bytes: Int64 = 0
    }

    private let session: PutSession
    private let blocking: NIOThreadPool
    private let state = Mutex(State())

    private init(session: PutSession, blocking: NIOThreadPool) {
        self.session = session
        self.blocking = blocking
    }

    /// - Parameter expecting: bytes to come, if known: refused at once when they would not fit.
    static func begin(
        in store: DirectoryStore, expecting: Int64?, blocking: NIOThreadPool
    ) async throws -> UploadIntake {
        let session = try await blocking.runIfActive { try store.beginPut(expecting: expecting ?? 0) }
        return UploadIntake(session: session, blocking: blocking)
    }

    /// Reads the body to its end.
    ///
    /// - Parameters:
    ///   - announced: what `Content-Length` says.
    ///   - accepts: whether a file of this type is taken; asked once, as soon as the head is there.
    ///   - read: told about bytes as they come.
    /// - Throws: 413 above `maxBytes`, 400 when the length is not the announced one, 415, and what the connection says.
    func receive(
        _ body: RequestBody, announced: Int64?, maxBytes: Int64, accepts: (Model.MediaType) throws -> Void,
        read: (Int) -> Void
    ) async throws -> Facts {
        var piece = ByteBuffer()
        piece.reserveCapacity(Self.pieceBytes)
        var total: Int64 = 0
        var isChecked = false
        for try await bytes in body {
            total += Int64(bytes.readableBytes)
            guard total <= maxBytes else { throw Problem.tooLarge(maxBytes: maxBytes) }
            read(bytes.readableBytes)
            piece.writeImmutableBuffer(bytes)
            guard piece.readableBytes >= Self.pieceBytes else { continue }
            try await take(piece)
            piece.clear()
            if !isChecked {
                try accepts(facts().type)
                isChecked = true
            }
        }
        if piece.readableBytes > 0 { try await take(piece) }
        if let announced, announced != total {
            throw Problem.malformed(
                "The body has \(total) bytes where Content-Length says \(announced).", field: "Content-Length")
        }
        guard total > 0 else { throw Problem.malformed("The body is empty; it must be the file's bytes.") }
        let facts = facts()
        try accepts(facts.type)
        return facts
    }

    /// Makes the bytes an object, safe on disk.
    func commit(as key: StorageKey) async throws {
        try await blocking.runIfActive { [session] in _ = try session.commit(as: key) }
    }

    /// Drops the bytes at once instead of when the last reference is gone.
    func abort() async {
        _ = try? await blocking.runIfActive { [session] in session.abort() }
    }

    private func take(_ piece: ByteBuffer) async throws {
        try await blocking.runIfActive { [self] in
            try piece.withUnsafeReadableBytes { bytes in
                try session.write(bytes)
                state.withLock { state in
                    state.sha256.update(bufferPointer: bytes)
                    state.crc32.update(bytes)
                    state.bytes += Int64(bytes.count)
                    let wanted = Model.MediaType.sniffLength - state.head.count
                    if wanted > 0 { state.head.append(contentsOf: bytes.prefix(wanted)) }
                }
            }
        }
    }

    private func facts() -> Facts {
        state.withLock { state in
            Facts(
                bytes: state.bytes, sha256: Model.SHA256.hexadecimal(digest: Array(state.sha256.finalize())),
                crc32: state.crc32.finalize(), type: Model.MediaType.sniff(state.head))
        }
    }
}
