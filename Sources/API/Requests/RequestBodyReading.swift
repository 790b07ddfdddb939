import HTTPTypes
import Hummingbird
import Model
import NIOCore
import NIOHTTPTypes

extension Call {
    /// What `Content-Length` announces; nil for a body of unknown length.
    ///
    /// - Throws: 400 for anything that is not one plain number.
    func announcedLength() throws -> Int64? {
        guard let text = headers[.contentLength] else { return nil }
        guard (1...19).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let length = Int64(text)
        else { throw Problem.malformed("Content-Length must be one whole number.", field: "Content-Length") }
        return length
    }

    /// Tells a client that waits for it (`Expect: 100-continue`) to send its body.
    func letBodyCome() async throws {
        guard let expectation = headers[.expect] else { return }
        guard expectation.lowercased() == "100-continue" else {
            throw Problem(
                .expectationFailed, "expectation_failed", "Expectation failed", "This expectation cannot be met.",
                field: "Expect", allowed: "100-continue")
        }
        try await channel.writeAndFlush(HTTPResponsePart.head(HTTPResponse(status: .continue)))
    }

    /// The body as a JSON tree.
    ///
    /// - Throws: 413 above `maxBytes`, 415 for another content type, 400 for what is no JSON.
    func json(maxBytes: Int) async throws -> (value: JSONValue, bytes: [UInt8]) {
        if let type = headers[.contentType] {
            let media = type.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
            // What curl says of any data unless told otherwise; a bearer token makes forged forms harmless.
            let isCurlDefault = media == "application/x-www-form-urlencoded"
            guard media == "application/json" || media.hasSuffix("+json") || isCurlDefault else {
                throw Problem(
                    .unsupportedMediaType, "unsupported_media_type", "Unsupported media type",
                    "The body must be JSON.", field: "Content-Type", allowed: "application/json")
            }
        }
        if let announced = try announcedLength(), announced > maxBytes {
            throw Problem.tooLarge(maxBytes: Int64(maxBytes))
        }
        try await letBodyCome()
        var bytes: [UInt8] = []
        for try await piece in request.body {
            guard bytes.count + piece.readableBytes <= maxBytes else {
                throw Problem.tooLarge(maxBytes: Int64(maxBytes))
            }
            bytes.append(contentsOf: piece.readableBytesView)
        }
        guard !bytes.isEmpty else { throw Problem.malformed("The body is empty; it must be a JSON object.") }
        guard let value = try? JSON.decode(JSONValue.self, from: bytes) else {
            throw Problem.malformed("The body is not valid JSON.")
        }
        return (value, bytes)
    }

    /// The body as a JSON object; an empty body counts as `{}`.
    func optionalJSON(maxBytes: Int) async throws -> JSONValue {
        if try announcedLength() == 0 || announcedLength() == nil && headers[.transferEncoding] == nil {
            return .object([:])
        }
        return try await json(maxBytes: maxBytes).value
    }
}
