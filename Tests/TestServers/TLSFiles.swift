import Glibc

/// A certificate authority of a test, and certificates that it signed; in a temporary folder.
public final class TLSFiles: Sendable {
    private let folder: String

    public var authority: String { "\(folder)/ca.pem" }
    public func certificate(_ name: String) -> String { "\(folder)/\(name).pem" }
    public func key(_ name: String) -> String { "\(folder)/\(name).key" }

    public init() throws {
        folder = try ChildServer.temporaryFolder()
        try openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
            "/CN=Test authority", "-keyout", "\(folder)/ca.key", "-out", authority)
    }

    deinit { _ = try? ChildServer.output(of: ["rm", "-rf", "--", folder]) }

    /// Makes a certificate and its key.
    ///
    /// - Parameter names: as `openssl` writes alternative names: `DNS:localhost,IP:127.0.0.1`.
    public func issue(_ name: String, for names: String) throws {
        try openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=\(name)",
            "-keyout", key(name), "-out", "\(folder)/\(name).csr")
        try write(["subjectAltName=\(names)"], to: "\(folder)/\(name).ext")
        try openssl(
            "x509", "-req", "-in", "\(folder)/\(name).csr", "-CA", authority, "-CAkey", "\(folder)/ca.key",
            "-CAcreateserial", "-days", "2", "-extfile", "\(folder)/\(name).ext", "-out", certificate(name))
    }

    private func openssl(_ arguments: String...) throws {
        let text = try ChildServer.output(of: ["openssl"] + arguments)
        guard let target = arguments.last, access(target, R_OK) == 0 else { throw ServerFailure("openssl: \(text)") }
    }
}

func write(_ lines: [String], to path: String) throws {
    guard let file = fopen(path, "we") else { throw ServerFailure("cannot write \(path): errno \(errno)") }
    defer { fclose(file) }
    fputs(lines.joined(separator: "\n") + "\n", file)
}
