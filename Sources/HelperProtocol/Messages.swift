internal import Model

/// First message of a helper: it can work, or why not.
struct Hello: Sendable, Hashable, Codable {
    static let currentVersion = 1

    var version = Hello.currentVersion
    /// What the helper says of itself: library versions, signature count; nil when it refuses.
    var facts: JSONValue?
    var error: String?
}

/// What stands in front of a request's parameters.
struct RequestHead: Sendable, Hashable, Codable {
    var operation: String
    /// Names of the descriptors, in the order in which they were passed.
    var roles: [String]
}

struct RequestBody<Parameters: Encodable>: Encodable {
    var operation: String
    var roles: [String]
    var params: Parameters
}

struct RequestParameters<Parameters: Decodable>: Decodable {
    var params: Parameters
}

/// How far a job is, as its helper says.
public struct HelperProgress: Sendable, Hashable, Codable {
    /// 0...100.
    public var percent: Double
    /// What is being done: `decode`, `encode` …; at most 64 characters.
    public var stage: String

    public init(percent: Double, stage: String) {
        self.percent = percent
        self.stage = stage
    }
}

/// A descriptor that is lent to the helper for one request, under a name that the operation knows.
///
/// The caller keeps it open until ``HelperProcess/run(_:_:descriptors:timeout:onProgress:)`` has returned, and closes
/// it afterwards.
public struct LentDescriptor: Sendable, Hashable {
    /// `input`, `output`, `output-2`, `scratch` …
    public var role: String
    public var descriptor: Int32

    public init(_ role: String, _ descriptor: Int32) {
        self.role = role
        self.descriptor = descriptor
    }
}

/// The result of a request, with what it cost.
public struct HelperAnswer<Value: Sendable>: Sendable {
    public var value: Value
    /// Highest resident memory of the helper since its previous answer, in bytes; 0 where /proc cannot be read.
    public var peakBytes: Int64
    /// Resident memory of the helper now, in bytes.
    public var residentBytes: Int64
    public var elapsed: Duration
}

extension String {
    /// Text from the other side, fit for a log line: at most `count` characters, control characters replaced.
    func tamed(to count: Int) -> String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.prefix(count).map { scalar in
                    let isControl = scalar.properties.generalCategory == .control
                    return isControl && scalar != "\n" && scalar != "\t" ? "\u{FFFD}" : scalar
                }))
    }
}
