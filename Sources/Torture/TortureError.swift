/// Why a run could not be made; nothing is said about the fleet by it.
public struct TortureError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
