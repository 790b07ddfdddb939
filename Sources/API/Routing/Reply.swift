import HTTPTypes
import Hummingbird
import Model
import NIOCore

extension Response {
    /// A JSON document.
    static func json(
        _ status: HTTPResponse.Status = .ok, _ value: JSONValue, contentType: String = "application/json",
        headers: HTTPFields = HTTPFields()
    ) throws -> Response {
        var headers = headers
        headers[.contentType] = contentType
        return Response(
            status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: try JSON.encode(value))))
    }

    static func text(_ text: String, contentType: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: contentType], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}

extension JSONValue {
    static func orNull(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
}
