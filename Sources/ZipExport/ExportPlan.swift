import Foundation
public import Model
public import ObjectStorage
public import ZIP

/// The archive of a batch, known to the last byte before any is written: its length, its tag, and each range of it.
///
/// `manifest.json` comes first, then the files under their new names, then `variants/<variant>/<name>`; in the order of
/// their names. The same facts give the same bytes, whatever order they came in.
///
/// A plan can be kept as JSON and read back: the archive is then made anew from the stored objects on each download,
/// and need not be stored itself.
public struct ExportPlan: Sendable {
    public let zip: ZipPlan<ExportSource>
    /// A strong HTTP entity tag with its quotes, over names, sizes, checksums and the manifest with its SHA-256 sums.
    public let etag: String

    /// The exact length of the archive in bytes.
    public var bytes: Int64 { Int64(zip.length) }

    /// - Parameter files: all assets of the batch, completed or not.
    /// - Throws: ``ExportError`` `.facts`, `.plan`.
    public init(
        batch: ExportBatch, files: [ExportFile], options: Recipe.ExportOptions = Recipe.ExportOptions()
    ) throws {
        var layout = ExportLayout(options: options)
        let listed = try layout.place(files)
        let created = Date(timeIntervalSince1970: batch.createdAt.timeIntervalSince1970.rounded(.down))
        let manifest = ExportManifest(
            batch: batch.id, recipe: batch.recipe, keywords: batch.keywords, createdAt: RFC3339.format(created),
            files: listed)
        try self.init(
            manifest: try manifest.encoded(), entries: layout.entries,
            modified: Int64(created.timeIntervalSince1970))
    }

    /// The list of files as it stands in the archive, JSON.
    public var manifest: [UInt8] {
        if case .bytes(let bytes)? = zip.entries.first?.source { bytes } else { [] }
    }

    fileprivate init(manifest: [UInt8], entries: [StoredEntry], modified: Int64) throws(ExportError) {
        let first = ZipEntry(
            name: ExportManifest.path, size: UInt64(manifest.count), crc32: CRC32.checksum(manifest),
            modified: modified, source: ExportSource.bytes(manifest))
        let rest = entries.map {
            ZipEntry(
                name: $0.path, size: $0.bytes, crc32: $0.crc32, modified: modified,
                source: ExportSource.object($0.key))
        }
        do throws(ZipPlanError) {
            zip = try ZipPlan([first] + rest)
        } catch {
            throw .plan(error)
        }
        var hash = SHA256()
        hash.update(manifest)
        for case .literal(let bytes) in zip.bytes(in: zip.directoryRange) { hash.update(bytes) }
        etag = "\"\(SHA256.hexadecimal(digest: hash.finalize()).prefix(40))\""
    }
}

/// Where the bytes of an entry come from.
public enum ExportSource: Sendable, Hashable {
    case bytes([UInt8])
    case object(StorageKey)
}

/// One stored object in the archive.
struct StoredEntry: Codable {
    var path: String
    var bytes: UInt64
    var crc32: UInt32
    var key: StorageKey
}

extension ExportPlan: Codable {
    private enum CodingKeys: String, CodingKey { case manifest, entries, modified }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        try self.init(
            manifest: Array(try container.decode(String.self, forKey: .manifest).utf8),
            entries: try container.decode([StoredEntry].self, forKey: .entries),
            modified: try container.decode(Int64.self, forKey: .modified))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(String(decoding: manifest, as: UTF8.self), forKey: .manifest)
        try container.encode(zip.entries.first?.modified ?? 0, forKey: .modified)
        let stored = zip.entries.compactMap { entry -> StoredEntry? in
            guard case .object(let key) = entry.source else { return nil }
            return StoredEntry(path: entry.name, bytes: entry.size, crc32: entry.crc32, key: key)
        }
        try container.encode(stored, forKey: .entries)
    }
}
