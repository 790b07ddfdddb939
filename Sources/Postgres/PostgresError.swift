/// Why a statement or a connection failed. Its text never has parameter values or secrets in it.
public struct PostgresError: Error, Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// No connection could be made, or it broke; whether an unconfirmed COMMIT took place is unknown.
        case connectionLost
        /// The server is starting, stopping, or out of connections, memory or disk.
        case unavailable
        /// All connections of the pool stayed busy for the wait limit.
        case noFreeConnection
        /// Two transactions collided (40001, 40P01); running the whole transaction again is right.
        case serialization
        case uniqueViolation(constraint: String)
        case foreignKeyViolation(constraint: String)
        case checkViolation(constraint: String)
        /// The statement ran longer than the limit and was cancelled by the server.
        case statementTimeout
        /// A value that PostgreSQL cannot store: text with a NUL byte. `position` counts from 1.
        case unstorableValue(position: Int)
        /// A row was read for a column that is missing or has another type.
        case column(String)
        /// The URL is not one.
        case invalidURL
        /// The pool was closed.
        case closed
        /// Anything else the server said.
        case server(sqlState: String)
    }

    public var kind: Kind
    public var message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// Whether the same call may succeed later without anybody changing anything.
    public var isTransient: Bool {
        switch kind {
        case .connectionLost, .unavailable, .noFreeConnection, .serialization, .statementTimeout: true
        default: false
        }
    }
}

extension PostgresError: CustomStringConvertible {
    public var description: String { "PostgreSQL: \(message)" }
}

extension PostgresError {
    /// - Parameters:
    ///   - primary: the server's first line. Those of class 22 (data) quote values, so they are left out.
    ///   - constraint: name of the violated constraint or index, if the server told one.
    init(sqlState: String, primary: String, constraint: String?) {
        let name = constraint ?? "unnamed"
        switch sqlState {
        case "23505": self.init(.uniqueViolation(constraint: name), "unique constraint \(name) is violated")
        case "23503": self.init(.foreignKeyViolation(constraint: name), "foreign key \(name) is violated")
        case "23514": self.init(.checkViolation(constraint: name), "check constraint \(name) is violated")
        case "40001", "40P01": self.init(.serialization, "two transactions collided (\(sqlState))")
        case "57014": self.init(.statementTimeout, "the statement was cancelled: \(primary)")
        case let state where state.hasPrefix("08"): self.init(.connectionLost, "connection failed (\(state))")
        case let state where state.hasPrefix("53") || state.hasPrefix("57P") || state.hasPrefix("58"):
            self.init(.unavailable, "the server cannot serve now (\(state)): \(primary)")
        case let state where state.hasPrefix("22") || state.hasPrefix("23"):
            self.init(.server(sqlState: state), "the server refused a value (\(state))")
        default: self.init(.server(sqlState: sqlState), "\(primary) (\(sqlState))")
        }
    }
}
