public import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
public import Settings

/// `GET /health`, `/health/ready` and `/metrics` for a worker, on an address of their own.
///
/// One request a connection, at most 8 KiB of header and five seconds; a request's body is not read.
public struct HealthServer: Sendable {
    private typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

    private static let maxConnections = 64
    private static let deadline: TimeAmount = .seconds(5)

    private let listener: NIOAsyncChannel<Connection, Never>
    private let readiness: Readiness
    private let metrics: Metrics
    private let logger: Logger

    /// Where it listens, with the real port when 0 was asked for.
    public let address: Settings.SocketAddress

    /// Binds the address.
    ///
    /// - Throws: ``SettingError`` when the address cannot be bound.
    public static func bind(
        _ address: Settings.SocketAddress, metrics: Metrics, readiness: Readiness, logger: Logger
    ) async throws(SettingError) -> HealthServer {
        do {
            let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: address.host, port: address.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        var limits = NIOHTTPDecoderLimitConfiguration()
                        limits.maxHeaderFieldSize = 4 << 10
                        limits.maxHeaderListSize = 8 << 10
                        limits.maxHeaderFieldCount = 64
                        try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                            withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
                        channel.eventLoop.scheduleTask(in: deadline) { channel.close(promise: nil) }
                        return try Connection(wrappingChannelSynchronously: channel)
                    }
                }
            let port = listener.channel.localAddress?.port ?? address.port
            let host = address.host.contains(":") ? "[\(address.host)]" : address.host
            return HealthServer(
                listener: listener, readiness: readiness, metrics: metrics, logger: logger,
                address: Settings.SocketAddress("\(host):\(port)") ?? address)
        } catch {
            throw SettingError(
                variable: "FLOTILLA_METRICS_ADDR", problem: "cannot listen on \(address): \(error)")
        }
    }

    /// Answers until the task is cancelled.
    public func run() async throws {
        try await withTaskCancellationHandler {
            try await listener.executeThenClose { connections in
                try await withThrowingDiscardingTaskGroup { group in
                    let open = OpenCount()
                    for try await connection in connections {
                        guard open.enter(limit: Self.maxConnections) else {
                            connection.channel.close(promise: nil)
                            continue
                        }
                        group.addTask {
                            await answer(connection)
                            open.leave()
                        }
                    }
                }
            }
        } onCancel: {
            listener.channel.close(promise: nil)
        }
    }

    private func answer(_ connection: Connection) async {
        do {
            try await connection.executeThenClose { inbound, outbound in
                var parts = inbound.makeAsyncIterator()
                guard case .head(let head) = try await parts.next() else { return }
                let reply = await reply(to: head)
                var headers = HTTPHeaders()
                headers.add(name: "content-type", value: reply.contentType)
                headers.add(name: "content-length", value: "\(reply.body.utf8.count)")
                headers.add(name: "cache-control", value: "no-store")
                headers.add(name: "connection", value: "close")
                if reply.status == .methodNotAllowed { headers.add(name: "allow", value: "GET, HEAD") }
                try await outbound.write(
                    .head(HTTPResponseHead(version: .http1_1, status: reply.status, headers: headers)))
                if head.method != .HEAD {
                    try await outbound.write(.body(.byteBuffer(ByteBuffer(string: reply.body))))
                }
                try await outbound.write(.end(nil))
            }
        } catch {
            logger.debug("health connection ended", metadata: ["error": "\(error)"])
        }
    }

    private struct Reply {
        var status: HTTPResponseStatus
        var contentType = "application/json"
        var body: String
    }

    private func reply(to head: HTTPRequestHead) async -> Reply {
        guard head.method == .GET || head.method == .HEAD else {
            return Reply(
                status: .methodNotAllowed, body: #"{"error":"only GET and HEAD are answered here"}"#)
        }
        switch head.uri.prefix(while: { $0 != "?" }) {
        case "/health":
            return Reply(status: .ok, body: #"{"status":"ok"}"#)
        case "/health/ready":
            let report = await readiness.report()
            return Reply(status: report.isReady ? .ok : .serviceUnavailable, body: report.json)
        case "/metrics":
            return Reply(status: .ok, contentType: Metrics.contentType, body: metrics.exposition())
        default:
            return Reply(
                status: .notFound, body: #"{"error":"there is /health, /health/ready and /metrics"}"#)
        }
    }
}
