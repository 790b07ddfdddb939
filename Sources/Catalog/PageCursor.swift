import Foundation

/// Where a page ended; opaque to clients, a microsecond time or position and an id inside.
public struct PageCursor: Sendable, Hashable, CustomStringConvertible {
    let number: Int64
    let id: UUID

    init(number: Int64, id: UUID) {
        self.number = number
        self.id = id
    }

    init(time: Date, id: UUID) {
        self.init(number: Int64((time.timeIntervalSince1970 * 1_000_000).rounded()), id: id)
    }

    /// Reads what ``description`` gave; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard text.utf8.count <= 64, parts.count == 2, let number = Int64(parts[0]), number >= 0,
            number < 253_402_300_800_000_000, let id = UUID(uuidString: String(parts[1]))
        else { return nil }
        self.init(number: number, id: id)
    }

    public var description: String { "\(number).\(id.uuidString.lowercased())" }

    var time: Date { Date(timeIntervalSince1970: Double(number) / 1_000_000) }
}
