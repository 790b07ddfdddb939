import Foundation
import ObjectStorage

/// A store in a folder of its own that is gone when the test is.
final class ScratchStore {
    let folder: URL
    let store: DirectoryStore

    init(in parent: URL = FileManager.default.temporaryDirectory) throws {
        folder = parent.appending(path: "flotilla-store-\(UUID().uuidString)")
        store = try DirectoryStore(location: "file://\(folder.path)", reservedBytes: 0)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Paths of all files, temporary ones too, relative to the folder.
    var files: [String] {
        let all = FileManager.default.subpaths(atPath: folder.path) ?? []
        return all.filter {
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: folder.path + "/" + $0, isDirectory: &isFolder)
                && !isFolder.boolValue
        }.sorted()
    }

    func mode(of key: StorageKey) throws -> Int {
        let facts = try FileManager.default.attributesOfItem(atPath: folder.path + "/" + key.text)
        return (facts[.posixPermissions] as? NSNumber)?.intValue ?? -1
    }

    static func key(_ asset: String = "a1") throws -> StorageKey {
        try .original(tenant: "default", batch: "b1", asset: asset)
    }
}
