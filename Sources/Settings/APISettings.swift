/// What only the API needs.
public struct APISettings: Sendable {
    public var address: SocketAddress
    public var maxUploadBytes: Int64
    public var maxJSONBytes: Int
    public var maxBatchAssets: Int
    /// Nil: every type is taken.
    public var acceptTypes: [String]?

    public init(_ read: SettingsReader) throws(SettingError) {
        address = try read(Self.address)
        maxUploadBytes = Int64(try read(Self.maxUploadMiB)) << 20
        maxJSONBytes = try read(Self.maxJSONKiB) << 10
        maxBatchAssets = try read(Self.maxBatchAssets)
        acceptTypes = try read.optional(Self.acceptTypes)?
            .split(separator: ",").map { String($0.filter { !$0.isWhitespace }) }
    }

    static let address = Setting<SocketAddress>(
        variable: "FLOTILLA_API_ADDR", summary: "Where the API listens.", allowed: "host:port; port 0 takes a free one",
        defaultText: "127.0.0.1:8080", isSecret: false, parse: SocketAddress.init)
    static let maxUploadMiB = Setting<Int>.int(
        "FLOTILLA_MAX_UPLOAD_MIB", "The largest file that may be uploaded.", default: 2048, in: 1...1_048_576,
        unit: "MiB")
    static let maxJSONKiB = Setting<Int>.int(
        "FLOTILLA_MAX_JSON_KIB", "The largest JSON body.", default: 1024, in: 1...65_536, unit: "KiB")
    static let maxBatchAssets = Setting<Int>.int(
        "FLOTILLA_MAX_BATCH_ASSETS", "The most files in one batch.", default: 10_000, in: 1...1_000_000, unit: "files")
    static let acceptTypes = Setting<String>.text(
        "FLOTILLA_ACCEPT_TYPES", "The MIME types that may be uploaded; unset: all.", default: nil,
        allowed: "a list such as image/jpeg,image/png,video/*")

    static let descriptions: [SettingDescription] = [
        address.description, maxUploadMiB.description, maxJSONKiB.description, maxBatchAssets.description,
        acceptTypes.description,
    ]
}
