import Foundation
import TestServers
import Testing

/// A file that is gone when the test is.
final class ScratchFile {
    let path: String

    init(_ bytes: [UInt8]) throws {
        path = FileManager.default.temporaryDirectory.appending(path: "flotilla-\(UUID().uuidString).zip").path
        try Data(bytes).write(to: URL(filePath: path))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Expects that each reader that is installed tests the archive and finds it whole.
    func passesTesters(sourceLocation: SourceLocation = #_sourceLocation) throws {
        let unzip = try Tool.run("unzip", ["-tq", path])
        #expect(unzip.status == 0, "\(unzip.output)", sourceLocation: sourceLocation)
        let sevenZip = try Tool.run("7z", ["t", path])
        #expect(sevenZip.status == 0, "\(sevenZip.output)", sourceLocation: sourceLocation)
        #expect(!sevenZip.output.contains("Warning"), "\(sevenZip.output)", sourceLocation: sourceLocation)
        if Tool.path("bsdtar") != nil {
            let bsdtar = try Tool.run("bsdtar", ["-xOf", path])
            #expect(bsdtar.status == 0, sourceLocation: sourceLocation)
        }
    }
}
