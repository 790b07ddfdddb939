import HTTPTypes
import Hummingbird
import Model
import NIOCore
import Observability

/// What needs no key: whether this process is alive and ready, its figures, and the description of the API.
extension APIServices {
    var serviceRoutes: [Route] {
        [
            Route(.get, "/health", scope: nil) { _ in try .json(.ok, ["status": "ok"]) },
            Route(.get, "/health/ready", scope: nil) { _ in
                let report = await readiness.report()
                return Response(
                    status: report.isReady ? .ok : .serviceUnavailable, headers: [.contentType: "application/json"],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: report.json)))
            },
            Route(.get, "/metrics", scope: nil) { _ in
                await watermark.look()
                return .text(metrics.exposition(), contentType: Metrics.contentType)
            },
            Route(.get, "/openapi.json", scope: nil) { _ in
                .text(String(decoding: PackageResources.openapi_json, as: UTF8.self), contentType: "application/json")
            },
        ]
    }
}
