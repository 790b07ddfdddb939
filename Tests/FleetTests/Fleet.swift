import Foundation
import Model
import TestServers

/// A whole fleet for one test: Redis, PostgreSQL, the API and one worker of each kind, all real and all private.
final class Fleet: Sendable {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    let redis: RedisServer
    let environment: [String: String]
    let database: String
    let url: String
    let key: String
    private let folder: String
    private let api: ChildServer

    init() throws {
        let postgres = try PostgresServer.shared.get()
        redis = try RedisServer(arguments: ["--appendonly", "yes", "--appendfsync", "everysec"])
        database = try postgres.makeDatabase()
        folder = try ChildServer.temporaryFolder()
        try FileManager.default.createDirectory(atPath: folder + "/scratch", withIntermediateDirectories: true)
        let port = try FreePort.next()
        url = "http://127.0.0.1:\(port)"
        let environment = [
            "FLOTILLA_REDIS_URL": redis.url, "FLOTILLA_DATABASE_URL": database,
            "FLOTILLA_STORAGE_URL": "file://" + folder + "/storage", "FLOTILLA_SCRATCH": folder + "/scratch",
            "FLOTILLA_RECIPES": Fleet.root + "/jobs", "FLOTILLA_CLAMAV_DB": try SignatureFolder.shared.get(),
            "FLOTILLA_LABEL_MODEL": ProcessInfo.processInfo.environment["FLOTILLA_LABEL_MODEL"]
                ?? Fleet.root + "/.run/models/efficientnet-lite0.onnx",
            "FLOTILLA_API_ADDR": "127.0.0.1:\(port)", "FLOTILLA_RECONCILE_SECONDS": "0.5",
            "FLOTILLA_RECONCILE_AGE_SECONDS": "5", "FLOTILLA_BACKOFF_BASE_SECONDS": "0.2",
        ]
        self.environment = environment
        let flotilla = try BuiltProducts.path(of: "flotilla")
        _ = try ChildServer.output(of: [flotilla, "migrate"], environment: environment)
        key = try ChildServer.output(
            of: [flotilla, "keys", "create", "--name", "test", "--scopes", "all", "--quiet"], environment: environment
        ).trimmingCharacters(in: .whitespacesAndNewlines)
        api = try ChildServer.start(
            [try BuiltProducts.path(of: "flotilla-api")], environment: environment,
            ready: { Fleet.answers("http://127.0.0.1:\(port)/health/ready") })
    }

    deinit {
        api.stop()
        redis.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Starts a worker and waits until it is ready.
    func worker(_ kind: QueueName, _ extra: [String: String] = [:]) throws -> ChildServer {
        let port = try FreePort.next()
        return try ChildServer.start(
            [try BuiltProducts.path(of: "flotilla-\(kind.rawValue)-worker")],
            environment: environment.merging(extra) { $1 }.merging(["FLOTILLA_METRICS_ADDR": "127.0.0.1:\(port)"]) {
                $1
            },
            within: .seconds(60), ready: { Fleet.answers("http://127.0.0.1:\(port)/health/ready") })
    }

    func workers() throws -> [QueueName: ChildServer] {
        try Dictionary(uniqueKeysWithValues: QueueName.allCases.map { ($0, try worker($0)) })
    }

    /// One HTTP call with the key; the body of the answer, whatever its status.
    @discardableResult
    func call(_ method: String, _ path: String, json: String? = nil, file: String? = nil) throws -> JSONValue {
        var command = ["curl", "-sS", "-X", method, "-H", "Authorization: Bearer \(key)"]
        if let json { command += ["-H", "Content-Type: application/json", "-d", json] }
        if let file { command += ["-T", file] }
        let text = try ChildServer.output(of: command + [url + path])
        return text.isEmpty ? .null : try JSON.decode(JSONValue.self, from: text)
    }

    func flotilla(_ arguments: String...) throws -> String {
        try ChildServer.output(
            of: [try BuiltProducts.path(of: "flotilla")] + arguments, environment: environment)
    }

    /// Makes a batch of files under given names; returns its id.
    func batch(
        of files: [(name: String, path: String)], recipe: String = "bulk-rename", keywords: [String] = []
    ) throws -> String {
        let words = try JSON.string(JSONValue.array(keywords.map { .string($0) }))
        let made = try call("POST", "/v1/batches", json: #"{"recipe":"\#(recipe)","keywords":\#(words)}"#)
        let id = try required(made["id"]?.string, "no batch: \(made)")
        for file in files {
            let answer = try call("PUT", "/v1/batches/\(id)/assets/\(Self.encoded(file.name))", file: file.path)
            _ = try required(answer["sha256"]?.string, "\(file.name) was not taken: \(answer)")
        }
        return id
    }

    func start(_ batch: String) throws { try call("POST", "/v1/batches/\(batch)/start") }

    /// Waits until the batch has ended, and returns it.
    @discardableResult
    func finished(_ batch: String, within limit: Duration = .seconds(180)) throws -> JSONValue {
        let deadline = ContinuousClock.now + limit
        while true {
            let state = try call("GET", "/v1/batches/\(batch)")
            let status = state["status"]?.string ?? ""
            if BatchStatus(rawValue: status)?.isFinal == true { return state }
            guard ContinuousClock.now < deadline else {
                throw ServerFailure("the batch did not end within \(limit): \(state)\n\(api.log.suffix(2000))")
            }
            usleep(50_000)
        }
    }

    func assets(_ batch: String) throws -> [String: JSONValue] {
        let page = try call("GET", "/v1/batches/\(batch)/assets?limit=200")
        let items = try required(page["items"]?.array, "no assets: \(page)")
        return Dictionary(items.map { ($0["original_name"]?.string ?? "", $0) }, uniquingKeysWith: { $1 })
    }

    func download(_ batch: String, to path: String) throws {
        _ = try ChildServer.output(
            of: [
                "curl", "-sf", "-H", "Authorization: Bearer \(key)", "-o", path, url + "/v1/batches/\(batch)/export",
            ])
    }

    static func media(_ name: String) -> String { root + "/Tests/Media/" + name }

    private static func answers(_ url: String) -> Bool {
        let status = try? ChildServer.output(of: [
            "curl", "-s", "-m", "3", "-o", "/dev/null", "-w", "%{http_code}", url,
        ])
        return status == "200"
    }

    private static func encoded(_ name: String) -> String {
        var allowed = CharacterSet.alphanumerics
        allowed.insert(charactersIn: "-_.~")
        return name.addingPercentEncoding(withAllowedCharacters: allowed) ?? name
    }
}

/// A value that a test cannot go on without.
func required<T>(_ value: T?, _ reason: @autoclosure () -> String) throws -> T {
    guard let value else { throw ServerFailure(reason()) }
    return value
}
