public import Foundation
import Model
import Postgres

/// How often a content crashed an engine, as the beginning of a step finds it.
public struct PastCrashes: Sendable, Hashable {
    public var count: Int
    /// Name and version of the engine that crashed: `libvips 8.14.1`.
    public var engine: String

    public init(count: Int, engine: String) {
        self.count = count
        self.engine = engine
    }
}

/// A content that crashed native code, for operators.
public struct CrashRecord: Sendable, Hashable {
    /// Of the bytes; lower-case hex.
    public var sha256: String
    /// `scan`, `analyze` or `compress`.
    public var operation: String
    public var crashes: PastCrashes
    /// Of the last crash.
    public var error: RecordedError
    public var firstAt: Date
    public var lastAt: Date
}

/// Contents that crash native code, whoever sent them.
extension Catalog {
    /// Counts one crash. Crashes of another engine than this one are forgotten.
    ///
    /// - Parameters:
    ///   - sha256: of the bytes, lower-case hex.
    ///   - operation: what was done with them: `scan`, `analyze`, `compress`; at most 64 bytes.
    ///   - engine: name and version.
    /// - Returns: how often this content has now crashed this engine in this operation.
    public func noteCrash(
        of sha256: String, in operation: String, engine: String, error: RecordedError
    ) async throws -> Int {
        try await pool.withConnection { connection in
            let rows = try connection.query(
                Statement.crashNote,
                [.text(sha256), .text(operation), .text(engine), .text(error.code), .text(error.message)])
            return try found(rows, .asset)["crashes"]
        }
    }

    /// Forgets the crashes of a content: it may be tried again.
    ///
    /// - Parameter operation: nil: in all operations.
    /// - Returns: how many entries there were.
    @discardableResult
    public func forgetCrashes(of sha256: String, in operation: String?) async throws -> Int {
        try await pool.withConnection { connection in
            try connection.execute(Statement.crashesForget, [.text(sha256), .optional(operation)])
        }
    }

    /// What has crashed, the latest first.
    public func crashes(limit: Int) async throws -> [CrashRecord] {
        try await pool.withConnection { connection in
            try connection.query(Statement.crashesList, [.int(limit)]).map { try CrashRecord($0) }
        }
    }
}

extension Transaction {
    /// An asset with its content's past in an operation.
    mutating func asset(_ id: UUID, in operation: String) throws -> (asset: Asset, crashes: PastCrashes?) {
        let row = try found(query(Statement.imageForStep, [.uuid(id), .text(operation)]), .asset)
        let count: Int? = try row["crashes"]
        let crashes = try count.map { PastCrashes(count: $0, engine: try row["crashed_engine"]) }
        return (try assets([row])[0], crashes)
    }
}

extension CrashRecord {
    init(_ row: PostgresRow) throws {
        sha256 = try row["checksum"]
        operation = try row["operation"]
        crashes = PastCrashes(count: try row["crashes"], engine: try row["engine"])
        error = RecordedError(code: try row["code"], message: try row["message"])
        firstAt = try row["first_at"]
        lastAt = try row["last_at"]
    }
}
