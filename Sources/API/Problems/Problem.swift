import Foundation
import HTTPTypes
import Model

/// Why a request was not done, as RFC 9457 `application/problem+json`: what went wrong, where, and what is allowed.
///
/// `type` is `urn:flotilla:problem:<code>`; codes are stable, `detail` is for people and may change.
struct Problem: Error, Sendable {
    var status: HTTPResponse.Status
    /// Lower snake case.
    var code: String
    var title: String
    var detail: String
    /// The member, header or parameter that is wrong: `options.priority`, `jobs[3].queue`, `Range`.
    var field: String?
    /// What would be right there, in words.
    var allowed: String?
    /// Further members.
    var members: [String: JSONValue] = [:]
    var headers = HTTPFields()

    init(
        _ status: HTTPResponse.Status, _ code: String, _ title: String, _ detail: String, field: String? = nil,
        allowed: String? = nil
    ) {
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.field = field
        self.allowed = allowed
    }

    static let contentType = "application/problem+json"

    /// The document, about the request for `instance` (its path).
    func json(instance: String) -> JSONValue {
        var all = members
        all["type"] = .string("urn:flotilla:problem:\(code)")
        all["title"] = .string(title)
        all["status"] = .int(Int64(status.code))
        all["detail"] = .string(detail)
        all["instance"] = .string(instance)
        if let field { all["field"] = .string(field) }
        if let allowed { all["allowed"] = .string(allowed) }
        return .object(all)
    }
}

extension Problem {
    /// The request cannot be read at all.
    static func malformed(_ detail: String, field: String? = nil, allowed: String? = nil) -> Problem {
        Problem(.badRequest, "malformed_request", "Malformed request", detail, field: field, allowed: allowed)
    }

    /// The request can be read, but one value in it cannot be used.
    static func invalid(_ field: String, _ detail: String, allowed: String? = nil) -> Problem {
        Problem(.unprocessableContent, "invalid_value", "Invalid value", detail, field: field, allowed: allowed)
    }

    static func notFound(_ detail: String) -> Problem {
        Problem(.notFound, "not_found", "Not found", detail)
    }

    static func conflict(_ code: String, _ detail: String) -> Problem {
        Problem(.conflict, code, "Conflict with the current state", detail)
    }

    static func unauthorized(_ detail: String, error: String?) -> Problem {
        var problem = Problem(.unauthorized, "unauthorized", "Unauthorized", detail)
        problem.headers[.wwwAuthenticate] = #"Bearer realm="flotilla""# + (error.map { #", error="\#($0)""# } ?? "")
        return problem
    }

    static func forbidden(needs scope: Scope) -> Problem {
        var problem = Problem(
            .forbidden, "insufficient_scope", "Forbidden",
            "This key may not do that: it needs the scope “\(scope.rawValue)”.")
        problem.members["scope"] = .string(scope.rawValue)
        problem.headers[.wwwAuthenticate] =
            #"Bearer realm="flotilla", error="insufficient_scope", scope="\#(scope.rawValue)""#
        return problem
    }

    /// More bytes than are taken. The rest of the body is not wanted.
    static func tooLarge(maxBytes: Int64) -> Problem {
        var problem = Problem(
            .contentTooLarge, "too_large", "Content too large", "At most \(Bytes(maxBytes)) are taken here.")
        problem.members["max_bytes"] = .int(maxBytes)
        return problem
    }

    /// Something that the request needs is away for now.
    static func unavailable(_ code: String, _ detail: String, retryAfter seconds: Int = 2) -> Problem {
        var problem = Problem(.serviceUnavailable, code, "Temporarily unavailable", detail)
        problem.headers[.retryAfter] = String(seconds)
        return problem
    }

    /// A mistake of ours; the log has more under the same request id.
    static let unexpected = Problem(
        .internalServerError, "internal_error", "Internal error",
        "Something went wrong here. The log has more under this response's X-Request-Id.")
}
