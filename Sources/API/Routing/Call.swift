import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Model
import NIOCore

/// What Hummingbird knows of a request beside the request itself.
struct CallContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}

/// One request on its way to a route: who asks, for what, with which parameters in the path.
struct Call: Sendable {
    let request: Request
    let channel: any Channel
    let id: String
    /// Without the query, as it came: not percent-decoded.
    let path: String
    /// Raw values by the names in the route's template.
    let parameters: [String: Substring]
    let principal: Principal
    let logger: Logger

    var headers: HTTPFields { request.headers }
    var tenant: String { principal.tenant }

    /// A UUID in the path.
    ///
    /// - Throws: 404: what is no id names nothing.
    func uuid(_ name: String = "id") throws -> UUID {
        guard let text = parameters[name], text.utf8.count == 36, let id = UUID(uuidString: String(text)) else {
            throw Problem.notFound("There is nothing with this id.")
        }
        return id
    }

    /// A queue in the path.
    func queue() throws -> QueueName {
        guard let queue = parameters["queue"].flatMap({ QueueName(rawValue: String($0)) }) else {
            var problem = Problem.notFound("There is no such queue.")
            problem.field = "queue"
            problem.allowed = QueueName.allCases.map(\.rawValue).joined(separator: ", ")
            throw problem
        }
        return queue
    }
}
