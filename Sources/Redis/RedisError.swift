/// Why a command has no usable answer. The code says whose fault it is; the message is the server's or the system's.
public struct RedisError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: Sendable, Hashable {
        /// The connection broke or could not be made.
        case io
        /// No answer in time: the command may or may not have run.
        case timeout
        /// The server closed the connection.
        case closed
        /// Bytes that are not Redis' protocol.
        case badReply
        /// A replica refuses writes: the primary has moved.
        case readOnly
        /// The server reads its data set after a start.
        case loading
        /// A replica without its primary.
        case masterDown
        /// A blocked command was woken by `CLIENT UNBLOCK … ERROR` or by a role change.
        case unblocked
        /// A primary that too few replicas follow: `min-replicas-to-write`.
        case noReplicas
        case clusterDown
        /// Writes are refused because the last save failed.
        case misconfigured
        /// `maxmemory` is reached.
        case outOfMemory
        /// The key lives on another node of a cluster.
        case moved
        case noScript
        /// Wrong or missing user name or password.
        case wrongPassword
        /// Any other error reply.
        case other
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// An error reply: its first word is the code.
    init(reply: String) {
        let word = reply.prefix { $0 != " " }
        let code: Code =
            switch word {
            case "READONLY": .readOnly
            case "LOADING": .loading
            case "MASTERDOWN": .masterDown
            case "UNBLOCKED": .unblocked
            case "NOREPLICAS": .noReplicas
            case "CLUSTERDOWN", "TRYAGAIN": .clusterDown
            case "MISCONF": .misconfigured
            case "OOM": .outOfMemory
            case "MOVED", "ASK": .moved
            case "NOSCRIPT": .noScript
            case "WRONGPASS", "NOAUTH": .wrongPassword
            default: reply.contains("invalid password") ? .wrongPassword : .other
            }
        self.init(code, String(reply.prefix(500)))
    }

    /// The connection is of no further use: whether the command ran is not known.
    public var breaksConnection: Bool {
        switch code {
        case .io, .timeout, .closed, .badReply: true
        default: false
        }
    }

    /// The server refused the command, without having run it, because it is another server's: a new connection finds
    /// that one.
    public var isMisdirected: Bool {
        switch code {
        case .readOnly, .masterDown, .noReplicas, .moved, .clusterDown: true
        default: false
        }
    }

    /// The server cannot take the command just now; another connection, a little later, probably can.
    public var passes: Bool {
        switch code {
        case .io, .timeout, .closed, .badReply, .readOnly, .loading, .masterDown, .unblocked, .noReplicas,
            .clusterDown, .moved, .misconfigured:
            true
        case .outOfMemory, .noScript, .wrongPassword, .other: false
        }
    }

    public var description: String { "Redis: \(message)" }
}
