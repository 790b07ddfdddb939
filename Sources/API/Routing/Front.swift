import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Model
import NIOCore
import Observability

/// Where every request comes in and every response goes out: finds the route, checks who asks, turns errors into
/// problems, and keeps the log and the figures.
struct Front: HTTPResponder {
    typealias Context = CallContext

    let table: RouteTable
    let authenticator: Authenticator
    let figures: RequestFigures
    let logger: Logger

    /// A request with a longer body, or one of unknown length, lasts until the body is written.
    private static let streamBytes = 1 << 20

    func respond(to request: Request, context: CallContext) async throws -> Response {
        let started = ContinuousClock.now
        let id = Self.requestID(request.headers)
        let path = String((request.head.path ?? "").prefix { $0 != "?" && $0 != "#" })
        var logger = logger
        logger[metadataKey: "request"] = "\(id)"
        let seen = Seen(method: request.method, path: path, started: started, logger: logger)
        figures.open.add(amount: 1)

        var (response, template, subject) = await answer(request, path: path, id: id, context: context, logger: logger)
        if request.method == .head { response = response.createHeadResponse() }
        Self.secure(&response.headers, id: id)
        let status = response.status.code
        let body = response.body
        guard body.contentLength.map({ $0 > Self.streamBytes }) ?? true else {
            finish(seen, template, status, subject, outcome: nil)
            return response
        }
        response.body = ResponseBody(contentLength: body.contentLength) { [template, subject] writer in
            do {
                try await body.write(writer)
                finish(seen, template, status, subject, outcome: nil)
            } catch {
                finish(seen, template, status, subject, outcome: "cut short")
                throw error
            }
        }
        return response
    }

    private struct Seen {
        let method: HTTPRequest.Method
        let path: String
        let started: ContinuousClock.Instant
        let logger: Logger
    }

    private func answer(
        _ request: Request, path: String, id: String, context: CallContext, logger: Logger
    ) async -> (response: Response, template: String, subject: String?) {
        var template = "none"
        var subject: String?
        do {
            switch table.match(request.method, path) {
            case .none:
                throw Problem.notFound("There is nothing at this path; /openapi.json lists what there is.")
            case .wrongMethod(let fitting, let allowed):
                template = fitting
                var problem = Problem(
                    .methodNotAllowed, "method_not_allowed", "Method not allowed",
                    "This path does not answer to \(request.method.rawValue.prefix(20)).",
                    allowed: allowed.joined(separator: ", "))
                problem.headers[.allow] = allowed.joined(separator: ", ")
                throw problem
            case .found(let route, let parameters):
                template = route.template
                let principal = try await principal(of: request, for: route)
                subject = principal.subject
                let call = Call(
                    request: request, channel: context.channel, id: id, path: path, parameters: parameters,
                    principal: principal, logger: logger)
                return (try await route.handler(call), template, subject)
            }
        } catch {
            let problem = Problem(cause: error)
            if problem.isFault {
                logger.log(
                    level: problem.status == .internalServerError ? .error : .warning, "Request failed",
                    metadata: ["error": "\(error)", "route": "\(template)"])
            }
            return (Self.response(to: problem, path: path), template, subject)
        }
    }

    private func principal(of request: Request, for route: Route) async throws -> Principal {
        guard let scope = route.scope else { return Principal(tenant: "", scopes: [], subject: "anybody") }
        let principal = try await authenticator.principal(of: request.headers)
        guard principal.has(scope) else { throw Problem.forbidden(needs: scope) }
        return principal
    }

    private static func response(to problem: Problem, path: String) -> Response {
        let instance = String(path.unicodeScalars.prefix(500).map { $0.value < 0x20 ? "\u{FFFD}" : Character($0) })
        let reply = try? Response.json(
            problem.status, problem.json(instance: instance), contentType: Problem.contentType, headers: problem.headers
        )
        return reply ?? Response(status: problem.status)
    }

    /// The client's own id when it is a short plain word, else a new one.
    private static func requestID(_ headers: HTTPFields) -> String {
        if let id = headers[.xRequestID], (1...128).contains(id.utf8.count),
            id.utf8.allSatisfy({ $0.isLetterOrDigit || [0x2D, 0x2E, 0x5F, 0x3A].contains($0) })
        {
            return id
        }
        return UUID().uuidString.lowercased()
    }

    private static func secure(_ headers: inout HTTPFields, id: String) {
        headers[.xRequestID] = id
        headers[.xContentTypeOptions] = "nosniff"
        headers[.referrerPolicy] = "no-referrer"
        headers[.xFrameOptions] = "DENY"
        if headers[.contentSecurityPolicy] == nil {
            headers[.contentSecurityPolicy] = "default-src 'none'; frame-ancestors 'none'"
        }
        if headers[.cacheControl] == nil { headers[.cacheControl] = "no-store" }
    }

    private func finish(_ seen: Seen, _ template: String, _ status: Int, _ subject: String?, outcome: String?) {
        let duration = seen.started.duration(to: .now)
        figures.open.add(amount: -1)
        figures.count(seen.method, template, status, duration)
        var metadata: Logger.Metadata = [
            "method": "\(seen.method.rawValue)", "path": "\(seen.path)", "route": "\(template)", "status": "\(status)",
            "ms": "\(duration / .milliseconds(1))",
        ]
        if let subject { metadata["key"] = "\(subject)" }
        if let outcome { metadata["outcome"] = "\(outcome)" }
        let isQuiet = template == "/health" || template == "/health/ready" || template == "/metrics"
        seen.logger.log(level: isQuiet ? .debug : .info, "Request", metadata: metadata)
    }
}

extension UInt8 {
    var isLetterOrDigit: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
