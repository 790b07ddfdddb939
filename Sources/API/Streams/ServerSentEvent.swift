import Model
import NIOCore

/// One event of a `text/event-stream` (WHATWG HTML §9.2).
struct ServerSentEvent: Sendable, Hashable {
    var id: Int64?
    var name: String
    /// Each of its lines becomes a `data:` line.
    var data: [UInt8]

    static let contentType = "text/event-stream"
    /// Keeps proxies from closing a quiet stream, and shows at the next write that a client has left.
    static let comment = ByteBuffer(string: ": still here\n\n")

    func write(to out: inout ByteBuffer) {
        if let id { out.writeString("id: \(id)\n") }
        out.writeString("event: ")
        out.writeBytes(name.utf8.filter { $0 != 0x0A && $0 != 0x0D })
        out.writeString("\n")
        for line in data.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            out.writeString("data: ")
            out.writeBytes(line)
            out.writeString("\n")
        }
        out.writeString("\n")
    }
}
