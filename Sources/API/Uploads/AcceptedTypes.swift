import HTTPTypes
import Model

/// The types of file that may be uploaded.
struct AcceptedTypes: Sendable {
    /// Nil: all of them. Infected and unknown files are meant to come: it is the fleet that finds them out.
    private let patterns: [String]?

    /// - Parameter patterns: `image/jpeg`, `video/*`, `*/*`.
    init(_ patterns: [String]?) { self.patterns = patterns?.map { $0.lowercased() } }

    func contains(_ type: MediaType) -> Bool {
        guard let patterns else { return true }
        let family = type.rawValue.prefix { $0 != "/" }
        return patterns.contains { $0 == "*/*" || $0 == type.rawValue || $0 == "\(family)/*" }
    }

    /// - Throws: 415.
    func check(_ type: MediaType) throws {
        guard !contains(type) else { return }
        throw Problem(
            .unsupportedMediaType, "unsupported_media_type", "Unsupported media type",
            "The file's content is \(type.rawValue), which is not taken here.",
            allowed: patterns?.joined(separator: ", "))
    }
}
