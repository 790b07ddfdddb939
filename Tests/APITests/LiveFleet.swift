import Catalog
import Foundation
import JobQueue
import Logging
import Model
import ObjectStorage
import Postgres
import Redis
import TestServers

/// A `flotilla-api` process with a Redis, a PostgreSQL and a storage folder of its own, and the record and the queue
/// that it works with, for looking behind it.
final class LiveFleet: Sendable {
    /// One for all tests that do not stop a server. A task, as the first test to come starts it for the others.
    static let shared = Task { try await LiveFleet() }

    let redis: RedisServer
    let catalog: Catalog
    let queue: JobQueue
    let store: DirectoryStore
    let database: String
    /// Of the tenant `default`, with every scope.
    let key: String
    let api: LiveAPI
    let environment: [String: String]

    /// - Parameter postgres: for tests that stop it; nil: the shared one.
    init(
        redisArguments: [String] = [], settings: [String: String] = [:], database postgres: PostgresServer? = nil
    ) async throws {
        let redis = try RedisServer(arguments: redisArguments)
        let url = try (postgres ?? PostgresServer.shared.get()).makeDatabase()
        database = String(url.split(separator: "/").last ?? "")
        let folder = try ChildServer.temporaryFolder()
        environment = [
            "FLOTILLA_REDIS_URL": redis.url, "FLOTILLA_DATABASE_URL": url,
            "FLOTILLA_STORAGE_URL": "file://\(folder)/store",
            "FLOTILLA_RECIPES": Repository.root + "/jobs", "FLOTILLA_LOG_LEVEL": "debug",
        ].merging(settings) { $1 }
        self.redis = redis
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        catalog = Catalog(
            pool: PostgresPool(PostgresOptions(url: url, applicationName: "test"), connections: 2), logger: logger)
        queue = JobQueue(client: RedisClient(try RedisURL(redis.url), name: "test"))
        api = try await LiveAPI(environment)
        store = try DirectoryStore(location: "file://\(folder)/store", syncs: false)
        key = try await catalog.createAPIKey(
            tenant: "default", name: "test", scopes: ["read", "write", "operate", "admin"]
        ).key
    }

    func psql(_ sql: String) throws -> String { try PostgresServer.shared.get().psql(sql, database: database) }

    /// A tenant of its own with a key, so that a test sees nothing of the others.
    func makeTenant(
        scopes: [String] = ["read", "write"], maxBytes: Int64? = nil
    ) async throws -> (tenant: String, key: String) {
        let tenant = "t-" + UUID().uuidString.lowercased().prefix(12)
        try await catalog.putTenant(id: tenant, name: tenant, maxBytes: maxBytes)
        return (tenant, try await catalog.createAPIKey(tenant: tenant, name: "test", scopes: scopes).key)
    }

    /// Files in the storage folder whose path holds `part`; unfinished uploads lie in `.tmp`.
    func stored(_ part: String) throws -> [String] {
        let all = try FileManager.default.subpathsOfDirectory(atPath: store.root)
        return all.filter { path in
            var isFolder: ObjCBool = false
            return path.contains(part)
                && FileManager.default.fileExists(atPath: store.root + "/" + path, isDirectory: &isFolder)
                && !isFolder.boolValue
        }
    }
}

/// A `flotilla-api` process.
final class LiveAPI: Sendable {
    let server: ChildServer
    let url: String

    init(_ environment: [String: String], within limit: Duration = .seconds(30)) async throws {
        let program = try BuiltProducts.path(of: "flotilla-api")
        let port = try FreePort.next()
        let all = environment.merging(["FLOTILLA_API_ADDR": "127.0.0.1:\(port)"]) { $1 }
        server = try ChildServer.start([program], environment: all, within: limit) { FreePort.answers(port) }
        url = "http://127.0.0.1:\(port)"
    }

    /// Peak resident memory in bytes.
    var peakBytes: Int {
        let status = (try? String(contentsOfFile: "/proc/\(server.pid)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return (line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first).flatMap { Int($0) }.map {
            $0 << 10
        } ?? 0
    }

    /// A request with curl, which shares no code with the server.
    ///
    /// - Parameters:
    ///   - key: nil: no credentials.
    ///   - json: the request's body.
    func request(
        _ method: String, _ path: String, key: String?, json: String? = nil, headers: [String] = [],
        curl options: [String] = []
    ) async throws -> Answer {
        let folder = try ChildServer.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var arguments = [
            "curl", "-sS", "--path-as-is", "-g", "-m", "60", "-D", folder + "/head", "-o", folder + "/body", "-w",
            "%{http_code}",
        ]
        arguments += method == "HEAD" ? ["-I"] : ["-X", method]
        if let key { arguments += ["-H", "Authorization: Bearer \(key)"] }
        if let json {
            try Data(json.utf8).write(to: URL(filePath: folder + "/json"))
            arguments += ["-H", "Content-Type: application/json", "--data-binary", "@" + folder + "/json"]
        }
        for header in headers { arguments += ["-H", header] }
        let output = try await ChildServer.outputAsync(of: arguments + options + [url + path])
        let head = (try? String(contentsOfFile: folder + "/head", encoding: .utf8)) ?? ""
        let body = (try? Data(contentsOf: URL(filePath: folder + "/body"))) ?? Data()
        return Answer(status: Int(output.suffix(3)) ?? 0, head: head, body: body, curl: output)
    }
}

/// What came back.
struct Answer: Sendable {
    let status: Int
    let headers: [String: String]
    let body: Data
    /// What curl itself had to say.
    let curl: String

    init(status: Int, head: String, body: Data, curl: String) {
        self.status = status
        self.body = body
        self.curl = curl
        var headers: [String: String] = [:]
        for line in head.split(separator: "\r\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 {
                headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
            }
        }
        self.headers = headers
    }

    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSONValue { (try? JSON.decode(JSONValue.self, from: body)) ?? .null }
    var id: String { json["id"]?.string ?? "no id in: \(text)" }
    /// The last part of a problem's `type`.
    var problem: String? { json["type"]?.string.map { String($0.split(separator: ":").last ?? "") } }
}

/// This repository.
enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path(percentEncoded: false).trimmingSuffix("/")
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}
