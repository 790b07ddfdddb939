import Testing

@testable import HelperProtocol

@Suite("Frames on the wire")
struct FrameTests {
    private func feed(_ bytes: [UInt8], _ reader: inout FrameReader) {
        bytes.withUnsafeBytes { reader.append($0) }
    }

    @Test("A frame survives any cut of the stream", arguments: [1, 2, 15, 16, 17, 40, 10_000])
    func cuts(size: Int) throws {
        let frames = [
            Frame(kind: .result, id: .max, body: Array("{}".utf8)), Frame(kind: .progress, id: 1, body: []),
            Frame(kind: .failure, id: 7, descriptorCount: 3, body: [UInt8](repeating: 9, count: 5_000)),
        ]
        let stream = frames.flatMap { $0.header + $0.body }
        var reader = FrameReader()
        var found: [Frame] = []
        for start in stride(from: 0, to: stream.count, by: size) {
            feed(Array(stream[start..<min(start + size, stream.count)]), &reader)
            while let frame = try reader.next() { found.append(frame) }
        }
        #expect(found == frames)
    }

    @Test(
        "Hostile headers are refused before anything is allocated for them",
        arguments: [
            (offset: 0, value: UInt8(1)),  // a body of 16 MiB and more
            (4, 0), (4, 99), (6, 1), (7, 255),
        ])
    func hostile(offset: Int, value: UInt8) {
        var header = Frame(kind: .result, id: 1, body: []).header
        header[offset] = value
        var reader = FrameReader()
        feed(header, &reader)
        #expect(throws: ProtocolViolation.self) { try reader.next() }
    }

    @Test("The largest body is 1 MiB, one byte more is refused")
    func largest() throws {
        var reader = FrameReader()
        let whole = Frame(kind: .result, id: 1, body: [UInt8](repeating: 32, count: Frame.maxBodyBytes))
        feed(whole.header + whole.body, &reader)
        #expect(try reader.next() == whole)
        feed(Frame(kind: .result, id: 1, body: [UInt8](repeating: 32, count: Frame.maxBodyBytes + 1)).header, &reader)
        #expect(throws: ProtocolViolation.self) { try reader.next() }
    }
}
