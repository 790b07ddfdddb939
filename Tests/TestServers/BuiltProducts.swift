import Glibc

/// Executables of this package, as the test run has built them.
public enum BuiltProducts {
    /// Path of an executable target's product: it stands beside the test bundle.
    public static func path(of name: String) throws -> String {
        var buffer = [CChar](repeating: 0, count: 4_096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0 else { throw ServerFailure("no procfs") }
        let program = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let folder = program[..<(program.lastIndex(of: "/") ?? program.startIndex)]
        let path = "\(folder)/\(name)"
        guard access(path, X_OK) == 0 else { throw ServerFailure("\(path) is not built") }
        return path
    }
}
