import HTTPTypes
import Hummingbird

/// One call of the API: a method on a path template, what it needs, and what runs.
struct Route: Sendable {
    let method: HTTPRequest.Method
    /// As in the OpenAPI document: `/v1/batches/{id}`.
    let template: String
    /// Nil: no credentials are needed.
    let scope: Scope?
    /// Whether HEAD is answered as GET without its body.
    let answersHead: Bool
    let handler: @Sendable (Call) async throws -> Response
    fileprivate let segments: [Substring]

    init(
        _ method: HTTPRequest.Method, _ template: String, scope: Scope?, answersHead: Bool = true,
        _ handler: @escaping @Sendable (Call) async throws -> Response
    ) {
        self.method = method
        self.template = template
        self.scope = scope
        self.answersHead = answersHead && method == .get
        self.handler = handler
        segments = template.split(separator: "/")
    }
}

/// All routes, found by method and path.
struct RouteTable: Sendable {
    let routes: [Route]

    enum Match {
        case found(Route, parameters: [String: Substring])
        case wrongMethod(template: String, allowed: [String])
        case none
    }

    /// - Parameter path: raw, without the query. Empty segments never match, so `//` and a trailing slash are not found.
    func match(_ method: HTTPRequest.Method, _ path: String) -> Match {
        guard path.hasPrefix("/"), path.utf8.count <= 4096 else { return .none }
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        let fitting = routes.filter { Self.fits($0.segments, segments) }
        guard let first = fitting.first else { return .none }
        let exact = fitting.first { $0.method == method }
        guard let route = exact ?? (method == .head ? fitting.first { $0.answersHead } : nil) else {
            var allowed = fitting.map(\.method.rawValue)
            if fitting.contains(where: \.answersHead), !allowed.contains("HEAD") { allowed.append("HEAD") }
            return .wrongMethod(template: first.template, allowed: allowed.sorted())
        }
        var parameters: [String: Substring] = [:]
        for (pattern, value) in zip(route.segments, segments) where pattern.hasPrefix("{") {
            parameters[String(pattern.dropFirst().dropLast())] = value
        }
        return .found(route, parameters: parameters)
    }

    private static func fits(_ pattern: [Substring], _ path: [Substring]) -> Bool {
        pattern.count == path.count
            && zip(pattern, path).allSatisfy { pattern, value in
                pattern.hasPrefix("{") ? !value.isEmpty : pattern == value
            }
    }
}
