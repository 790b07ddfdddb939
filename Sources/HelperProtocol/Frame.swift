/// One message on the wire between a coordinator and its helper: 16 bytes of header, then JSON.
///
/// Header, big endian: length of the JSON in bytes (4), kind (1), number of descriptors that came with the first byte by
/// `SCM_RIGHTS` (1), zero (2), request id (8). Source of the shape: our own; see docs/architecture.md.
struct Frame: Sendable, Hashable {
    enum Kind: UInt8, Sendable {
        // Helper → coordinator.
        case hello = 1
        case progress = 2
        case result = 3
        case failure = 4
        // Coordinator → helper.
        case request = 16
        case cancel = 17
    }

    static let headerBytes = 16
    /// Larger bodies break the protocol, in both directions.
    static let maxBodyBytes = 1 << 20

    var kind: Kind
    var id: UInt64
    var descriptorCount = 0
    var body: [UInt8]

    /// The header; the body follows it on the wire.
    var header: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.headerBytes)
        withUnsafeBytes(of: UInt32(body.count).bigEndian) { bytes.append(contentsOf: $0) }
        bytes += [kind.rawValue, UInt8(descriptorCount), 0, 0]
        withUnsafeBytes(of: id.bigEndian) { bytes.append(contentsOf: $0) }
        return bytes
    }

    struct Header: Sendable, Hashable {
        var bodyBytes: Int
        var kind: Kind
        var descriptorCount: Int
        var id: UInt64

        /// - Parameter bytes: 16 bytes from the other side: hostile.
        init(_ bytes: UnsafeRawBufferPointer) throws(ProtocolViolation) {
            let length = Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt32.self)))
            guard length <= Frame.maxBodyBytes else { throw ProtocolViolation("a message of \(length) bytes") }
            guard let kind = Kind(rawValue: bytes[4]) else { throw ProtocolViolation("message kind \(bytes[4])") }
            guard bytes[6] == 0, bytes[7] == 0 else { throw ProtocolViolation("a malformed header") }
            bodyBytes = length
            self.kind = kind
            descriptorCount = Int(bytes[5])
            id = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
    }
}

/// The other side did not keep to the protocol.
struct ProtocolViolation: Error, Sendable, Hashable {
    var reason: String
    init(_ reason: String) { self.reason = reason }
}

/// Cuts a byte stream into frames. Never holds more than one frame and one read.
struct FrameReader: Sendable {
    private var buffer: [UInt8] = []
    private var start = 0

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next whole frame, nil when more bytes are needed.
    mutating func next() throws(ProtocolViolation) -> Frame? {
        guard buffer.count - start >= Frame.headerBytes else { return nil }
        let header: Frame.Header
        do {
            header = try buffer.withUnsafeBytes { bytes in
                try Frame.Header(UnsafeRawBufferPointer(rebasing: bytes[start..<start + Frame.headerBytes]))
            }
        } catch let violation as ProtocolViolation {
            throw violation
        } catch {
            throw ProtocolViolation("an unreadable header")
        }
        let end = start + Frame.headerBytes + header.bodyBytes
        guard buffer.count >= end else { return nil }
        let body = Array(buffer[(start + Frame.headerBytes)..<end])
        start = end
        return Frame(kind: header.kind, id: header.id, descriptorCount: header.descriptorCount, body: body)
    }
}
