import CLibpq
import CrashPoints
import Glibc

/// One session with a server. Its calls block, so it lives on a thread of its own: see ``PostgresPool``.
///
/// Statements are prepared at first use and kept for the session, so pass constant SQL and put every value into a
/// parameter.
public struct PostgresConnection: ~Copyable {
    private let handle: OpaquePointer
    private let options: PostgresOptions
    private var prepared: [String: String] = [:]

    private static let maxPrepared = 512

    private init(adopting handle: OpaquePointer, options: PostgresOptions) {
        self.handle = handle
        self.options = options
    }

    deinit { PQfinish(handle) }

    /// Connects, and sets the session up (UTC, UTF-8, statement timeout).
    ///
    /// - Throws: ``PostgresError`` `.invalidURL`, `.connectionLost` or `.unavailable`.
    public static func open(_ options: PostgresOptions) throws(PostgresError) -> PostgresConnection {
        guard let parsed = PQconninfoParse(options.url, nil) else {
            throw PostgresError(.invalidURL, "the database URL is not one; write postgres://user@host:5432/database")
        }
        PQconninfoFree(parsed)
        let settings: [(String, String)] = [
            ("dbname", options.url),
            ("application_name", options.applicationName),
            ("connect_timeout", String(max(1, options.connectTimeout.wholeMilliseconds / 1_000))),
            ("client_encoding", "UTF8"),
            ("tcp_user_timeout", "10000"),
            ("keepalives_idle", "10"), ("keepalives_interval", "3"), ("keepalives_count", "3"),
        ]
        let handle = withCStrings(settings.map(\.0)) { names in
            withCStrings(settings.map(\.1)) { values in PQconnectdbParams(names, values, 1) }
        }
        guard let handle else { throw PostgresError(.unavailable, "no memory for a connection") }
        var connection = PostgresConnection(adopting: handle, options: options)
        guard PQstatus(handle) == CONNECTION_OK else {
            let text = String(cString: PQerrorMessage(handle)).split(separator: "\n").last.map { String($0) } ?? ""
            throw PostgresError(.connectionLost, "cannot connect: \(text)")
        }
        // Without a processor of ours libpq writes notices to standard error.
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        try connection.query(
            """
            SELECT set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO, YMD', false),
                   set_config('bytea_output', 'hex', false), set_config('statement_timeout', $1, false)
            """, [.text(String(options.statementTimeout.wholeMilliseconds))])
        return connection
    }

    /// False once the server has gone; the connection is then spent.
    public var isUsable: Bool { PQstatus(handle) == CONNECTION_OK }

    /// Runs one statement and returns its rows.
    @discardableResult
    public mutating func query(
        _ sql: String, _ values: [PostgresValue] = []
    ) throws(PostgresError) -> PostgresRows {
        PostgresRows(try run(sql, values))
    }

    /// Runs one statement and returns how many rows it touched.
    @discardableResult
    public mutating func execute(_ sql: String, _ values: [PostgresValue] = []) throws(PostgresError) -> Int {
        try run(sql, values).affectedRows
    }

    /// Runs a text of several statements without parameters: migrations and transaction commands only.
    public mutating func runScript(_ sql: String) throws(PostgresError) {
        CrashPoint.pass("before PostgreSQL")
        guard PQsendQuery(handle, sql) == 1 else { throw lost() }
        CrashPoint.pass("sent to PostgreSQL")
        _ = try awaitResult()
    }

    /// Whether the server has closed this idle connection; costs one system call and no round trip.
    ///
    /// An idle server says nothing but its farewell (and, rarely, a changed setting), so any input counts.
    mutating func wasClosedWhileIdle() -> Bool {
        guard isUsable, PQtransactionStatus(handle) == PQTRANS_IDLE else { return true }
        var descriptor = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
        return poll(&descriptor, 1, 0) > 0
    }

    private mutating func run(_ sql: String, _ values: [PostgresValue]) throws(PostgresError) -> PostgresResult {
        var texts: [String?] = []
        for (index, value) in values.enumerated() { texts.append(try value.wireText(position: index + 1)) }
        let name = try prepare(sql)
        CrashPoint.pass("before PostgreSQL")
        let sent = withCStrings(texts) { pointers in
            PQsendQueryPrepared(handle, name, Int32(texts.count), pointers, nil, nil, 0)
        }
        guard sent == 1 else { throw lost() }
        return try awaitResult()
    }

    private mutating func prepare(_ sql: String) throws(PostgresError) -> String {
        if let name = prepared[sql] { return name }
        if prepared.count >= Self.maxPrepared {
            try runScript("DEALLOCATE ALL")
            prepared.removeAll()
        }
        let name = "s\(prepared.count)"
        guard PQsendPrepare(handle, name, sql, 0, nil) == 1 else { throw lost() }
        _ = try awaitResult()
        prepared[sql] = name
        return name
    }

    /// Waits for the whole answer, at most five seconds beyond the statement timeout.
    private mutating func awaitResult() throws(PostgresError) -> PostgresResult {
        let limit = options.statementTimeout
        let deadline = limit > .zero ? ContinuousClock.now + limit + .seconds(5) : nil
        var last: PostgresResult?
        var failure: PostgresError?
        while true {
            while PQisBusy(handle) == 1 { try waitForInput(until: deadline) }
            guard let next = PQgetResult(handle) else { break }
            let result = PostgresResult(adopting: next)
            if failure == nil { failure = result.failure }
            last = result
        }
        if let failure { throw isUsable ? failure : PostgresError(.connectionLost, failure.message) }
        guard let last, isUsable else { throw lost() }
        return last
    }

    private mutating func waitForInput(until deadline: ContinuousClock.Instant?) throws(PostgresError) {
        var waitMs: Int32 = -1
        if let deadline {
            waitMs = Int32(clamping: (deadline - .now).wholeMilliseconds + 1)
            if waitMs <= 0 {
                shutdown(PQsocket(handle), Int32(SHUT_RDWR))
                _ = PQconsumeInput(handle)
                throw PostgresError(.connectionLost, "the server did not answer in time")
            }
        }
        var descriptor = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
        let ready = poll(&descriptor, 1, waitMs)
        if ready > 0, PQconsumeInput(handle) == 0 { throw lost() }
    }

    private func lost() -> PostgresError {
        PostgresError(.connectionLost, isUsable ? "the command could not be sent" : "the connection broke")
    }
}

/// Lends NUL-terminated copies of the texts, with a null at the end, for the length of `body`.
private func withCStrings<R>(_ texts: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> R) -> R {
    let copies: [UnsafeMutablePointer<CChar>?] = texts.map { $0.map { strdup($0) } ?? nil } + [nil]
    defer { copies.forEach { free($0) } }
    return copies.map { UnsafePointer($0) }.withUnsafeBufferPointer { pointers in
        // The array has at least its closing null, so it has an address.
        body(pointers.baseAddress!)  // force unwrap: sound, see above
    }
}
