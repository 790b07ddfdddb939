import CLibpq

/// The rows of one result, in the server's order.
public struct PostgresRows: Sendable, RandomAccessCollection {
    private let result: PostgresResult

    init(_ result: PostgresResult) { self.result = result }

    public var startIndex: Int { 0 }
    public var endIndex: Int { result.rowCount }
    public subscript(position: Int) -> PostgresRow { PostgresRow(result: result, row: position) }
}

/// One row; columns are read by name: `let id: UUID = try row["id"]`.
public struct PostgresRow: Sendable {
    let result: PostgresResult
    let row: Int

    /// Reads a column as the type the caller asks for; ask for an Optional where null may stand.
    ///
    /// - Throws: ``PostgresError`` `.column` naming the column when it is missing, null or of another type.
    public subscript<T: PostgresDecodable>(column: String) -> T {
        get throws(PostgresError) {
            guard let index = result.columns[column] else {
                throw PostgresError(.column(column), "the result has no column \(column)")
            }
            guard let text = result.text(row: row, column: index) else {
                if let null = T.postgresNull { return null }
                throw PostgresError(.column(column), "column \(column) is null, which \(T.self) cannot be")
            }
            guard let value = T.decode(postgresText: text) else {
                throw PostgresError(.column(column), "column \(column) cannot be read as \(T.self)")
            }
            return value
        }
    }
}

/// Owns one `PGresult`.
///
/// `@unchecked Sendable`: after `PQgetResult` a result is only read, which libpq allows from any thread.
final class PostgresResult: @unchecked Sendable {
    private let handle: OpaquePointer
    let columns: [String: Int32]
    let rowCount: Int

    init(adopting handle: OpaquePointer) {
        self.handle = handle
        rowCount = Int(PQntuples(handle))
        var columns: [String: Int32] = [:]
        for index in 0..<PQnfields(handle) {
            if let name = PQfname(handle, index) { columns[String(cString: name)] = index }
        }
        self.columns = columns
    }

    deinit { PQclear(handle) }

    func text(row: Int, column: Int32) -> String? {
        guard PQgetisnull(handle, Int32(row), column) == 0, let start = PQgetvalue(handle, Int32(row), column) else {
            return nil
        }
        let bytes = UnsafeRawBufferPointer(start: start, count: Int(PQgetlength(handle, Int32(row), column)))
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Rows inserted, updated, deleted or selected.
    var affectedRows: Int {
        PQcmdTuples(handle).flatMap { Int(String(cString: $0)) } ?? 0
    }

    var failure: PostgresError? {
        let status = PQresultStatus(handle)
        guard status != PGRES_COMMAND_OK, status != PGRES_TUPLES_OK, status != PGRES_EMPTY_QUERY else { return nil }
        func field(_ code: Character) -> String? {
            guard let ascii = code.asciiValue else { return nil }
            return PQresultErrorField(handle, Int32(ascii)).map { String(cString: $0) }
        }
        // PG_DIAG_SQLSTATE, PG_DIAG_MESSAGE_PRIMARY and PG_DIAG_CONSTRAINT_NAME are these letters (postgres_ext.h).
        guard let state = field("C") else { return PostgresError(.connectionLost, "the connection broke") }
        return PostgresError(sqlState: state, primary: field("M") ?? "", constraint: field("n"))
    }
}
