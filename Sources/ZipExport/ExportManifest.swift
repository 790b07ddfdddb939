import Foundation
import Model

/// `manifest.json`: what became of each file, for people and programs that have only the archive.
struct ExportManifest: Encodable {
    static let path = "manifest.json"

    var version = 1
    var batch: String
    var recipe: String
    var keywords: [String]
    var createdAt: String
    var files: [File]

    struct File: Encodable {
        var id: String
        var originalName: String
        /// The path in the archive; nil when the bytes are not in it.
        var newName: String?
        /// `original`, or the name of the variant that stands under the new name.
        var content: String?
        var status: AssetStatus
        var mimeType: String
        /// Of the original, as are the two below.
        var bytes: Int64
        var sha256: String
        var verdict: Verdict?
        var signature: String?
        var variants: [Variant]
        var error: Problem?

        fileprivate enum CodingKeys: String, CodingKey {
            case id, content, status, bytes, sha256, verdict, signature, variants, error
            case originalName = "original_name"
            case newName = "new_name"
            case mimeType = "mime_type"
        }
    }

    struct Variant: Encodable {
        var name: String
        /// Where its bytes stand in the archive; nil when they do not.
        var path: String?
        var format: String
        var mimeType: String
        var width: Int
        var height: Int
        var bytes: Int64
        var sha256: String

        fileprivate enum CodingKeys: String, CodingKey {
            case name, path, format, width, height, bytes, sha256
            case mimeType = "mime_type"
        }
    }

    struct Problem: Encodable {
        var code: String
        var message: String
    }

    private enum CodingKeys: String, CodingKey {
        case version, batch, recipe, keywords, files
        case createdAt = "created_at"
    }

    /// The same facts always give the same bytes.
    func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        return [UInt8](try encoder.encode(self)) + [UInt8(ascii: "\n")]
    }
}

// What is not there is written as null, so that a reader finds every member in every file.
extension ExportManifest.File {
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(originalName, forKey: .originalName)
        try container.encode(newName, forKey: .newName)
        try container.encode(content, forKey: .content)
        try container.encode(status, forKey: .status)
        try container.encode(mimeType, forKey: .mimeType)
        try container.encode(bytes, forKey: .bytes)
        try container.encode(sha256, forKey: .sha256)
        try container.encode(verdict, forKey: .verdict)
        try container.encode(signature, forKey: .signature)
        try container.encode(variants, forKey: .variants)
        try container.encode(error, forKey: .error)
    }
}

extension ExportManifest.Variant {
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(path, forKey: .path)
        try container.encode(format, forKey: .format)
        try container.encode(mimeType, forKey: .mimeType)
        try container.encode(width, forKey: .width)
        try container.encode(height, forKey: .height)
        try container.encode(bytes, forKey: .bytes)
        try container.encode(sha256, forKey: .sha256)
    }
}
