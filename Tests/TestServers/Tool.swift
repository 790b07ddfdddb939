public import Foundation

/// A program found on `PATH`, run to its end: the second opinion on what was written here.
public enum Tool {
    public struct Run: Sendable {
        public let status: Int32
        public let bytes: [UInt8]
        /// Both streams, or only stdout where they were kept apart.
        public var output: String { String(decoding: bytes, as: UTF8.self) }
    }

    public struct NotFound: Error, CustomStringConvertible {
        public let name: String
        public var description: String { "\(name) is not installed: run scripts/setup" }
    }

    public static func path(_ name: String) -> String? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// The Python of the test run, with the packages that scripts/test-python.sh installs.
    public static var python: String { ProcessInfo.processInfo.environment["FLOTILLA_TEST_PYTHON"] ?? "python3" }

    /// Runs the program and returns its exit status and stdout.
    ///
    /// - Parameter input: what it reads from stdin; nothing by default.
    public static func run(_ name: String, _ arguments: [String], input: URL? = nil) throws -> Run {
        guard let path = path(name) else { throw NotFound(name: name) }
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(["LC_ALL": "C.UTF-8"]) { $1 }
        process.standardInput = try input.map { try FileHandle(forReadingFrom: $0) } ?? FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Run(status: process.terminationStatus, bytes: [UInt8](bytes))
    }
}
