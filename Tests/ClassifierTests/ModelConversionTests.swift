import Foundation
import Testing

/// The converter reads a downloaded file with pickles in it, which are programs.
@Suite("Model conversion")
struct ModelConversionTests {
    private struct Outcome {
        var status: Int32
        var errors: String
    }

    private func convert(_ input: [UInt8], in folder: URL) throws -> Outcome {
        let source = folder.appending(path: "weights.pth")
        try Data(input).write(to: source)
        let errors = Pipe()
        let python = Process()
        python.executableURL = URL(filePath: "/usr/bin/env")
        let script = LabelModel.checkout.appending(path: "scripts/efficientnet_to_onnx.py")
        python.arguments = ["python3", script.path, source.path, folder.appending(path: "model.onnx").path]
        python.standardError = errors
        try python.run()
        let text = errors.fileHandleForReading.readDataToEndOfFile()
        python.waitUntilExit()
        return Outcome(status: python.terminationStatus, errors: String(decoding: text, as: UTF8.self))
    }

    private func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "conversion-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    @Test("A pickle that would run a program is refused before it runs")
    func hostilePickle() throws {
        try withFolder { folder in
            let witness = folder.appending(path: "witness").path
            // Protocol 0: call posix.system with one string.
            let pickle = Array("cposix\nsystem\n(S'touch \(witness)'\ntR.".utf8)
            let outcome = try convert(pickle, in: folder)
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains("the pickle asks for posix.system"))
            #expect(!FileManager.default.fileExists(atPath: witness))
            #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "model.onnx").path))
        }
    }

    @Test(
        "What is not the weights is refused in one line",
        arguments: [[], Array("PK\u{3}\u{4}".utf8), Array("N.".utf8), [UInt8](repeating: 0x80, count: 8)])
    func notWeights(bytes: [UInt8]) throws {
        try withFolder { folder in
            let outcome = try convert(bytes, in: folder)
            #expect(outcome.status == 1)
            #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
        }
    }
}
