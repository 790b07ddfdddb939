/// A connection inside BEGIN … COMMIT. It must not commit or roll back by itself.
public struct Transaction: ~Copyable {
    private var connection: PostgresConnection

    init(_ connection: consuming PostgresConnection) { self.connection = connection }

    consuming func release() -> PostgresConnection { connection }

    /// Runs one statement and returns its rows.
    @discardableResult
    public mutating func query(
        _ sql: String, _ values: [PostgresValue] = []
    ) throws(PostgresError) -> PostgresRows {
        try connection.query(sql, values)
    }

    /// Runs one statement and returns how many rows it touched.
    @discardableResult
    public mutating func execute(_ sql: String, _ values: [PostgresValue] = []) throws(PostgresError) -> Int {
        try connection.execute(sql, values)
    }

    /// Runs a text of several statements without parameters: migrations only.
    public mutating func runScript(_ sql: String) throws(PostgresError) { try connection.runScript(sql) }

    /// Runs `body` so that, when it throws, only its own changes are undone and the transaction goes on.
    public mutating func savepoint<T>(_ body: (inout Transaction) throws -> T) throws -> T {
        try connection.runScript("SAVEPOINT inner_part")
        do {
            let value = try body(&self)
            try connection.runScript("RELEASE SAVEPOINT inner_part")
            return value
        } catch {
            if connection.isUsable { try connection.runScript("ROLLBACK TO SAVEPOINT inner_part") }
            throw error
        }
    }
}

/// What a transaction sees of others that run at the same time.
public enum Isolation: String, Sendable {
    case readCommitted = "READ COMMITTED"
    case repeatableRead = "REPEATABLE READ"
    case serializable = "SERIALIZABLE"
}

enum TransactionOutcome<T> {
    case finished(T)
    /// Certainly not committed, and worth running again.
    case again(PostgresError)
}

extension PostgresConnection {
    /// One try. Throws what `body` threw, after ROLLBACK, unless running again may help.
    ///
    /// A connection lost at COMMIT is thrown: whether the commit took place is unknown.
    static func attempt<T>(
        on connection: inout PostgresConnection?, _ isolation: Isolation,
        _ body: (inout Transaction) throws -> T
    ) throws -> TransactionOutcome<T> {
        guard var session = connection.take() else { throw PostgresError(.connectionLost, "no connection") }
        do throws(PostgresError) {
            try session.runScript("BEGIN ISOLATION LEVEL \(isolation.rawValue)")
        } catch {
            if error.kind == .connectionLost { return .again(error) }
            throw error
        }
        var transaction = Transaction(session)
        let result = Result { try body(&transaction) }
        var after = transaction.release()
        switch result {
        case .success(let value):
            do throws(PostgresError) {
                try after.runScript("COMMIT")
            } catch {
                // A deferred constraint or a serialization failure at COMMIT: the server has rolled back already.
                let isKept = after.isUsable
                if isKept { connection = consume after }
                if isKept, error.kind == .serialization { return .again(error) }
                throw error
            }
            connection = consume after
            return .finished(value)
        case .failure(let error):
            let isKept = after.isUsable && (try? after.runScript("ROLLBACK")) != nil
            if isKept { connection = consume after }
            if let known = error as? PostgresError, !isKept || known.kind == .serialization { return .again(known) }
            throw error
        }
    }
}
