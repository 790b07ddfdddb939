import Glibc

/// Files for virus scans, made with tools that nobody here wrote: `zip`, `7z`, `tar`, Python's `zipfile`.
public final class ScanSamples: Sendable {
    /// Everything is below it; removed with this value.
    public let folder: String

    /// Makes the folder with `eicar.com` and `text.txt` (2.9 MB of harmless text) in it.
    public init() throws {
        folder = try ChildServer.temporaryFolder()
        try write("eicar.com", SignatureFolder.eicar)
        try write("text.txt", Array(String(repeating: "All is well on this line.\n", count: 110_000).utf8))
    }

    deinit { _ = try? ChildServer.output(of: ["rm", "-rf", "--", folder]) }

    public subscript(name: String) -> String { folder + "/" + name }

    @discardableResult
    public func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        guard let file = fopen(self[name], "wbe") else { throw ServerFailure("cannot write \(name)") }
        defer { fclose(file) }
        guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw ServerFailure("cannot write \(name)") }
        return self[name]
    }

    /// Packs members with `zip` or `7z`, by the ending of `name`.
    ///
    /// - Parameter options: for example `["-psecret", "-mem=AES256"]` (7z).
    @discardableResult
    public func pack(_ name: String, _ members: [String], options: [String] = []) throws -> String {
        let files = members.map { self[$0] }
        unlink(self[name])
        let command = ["7z", "a", "-y", "-bd", "-t\(name.hasSuffix(".7z") ? "7z" : "zip")"] + options + [self[name]]
        let said = try ChildServer.output(of: command + files)
        guard access(self[name], R_OK) == 0 else { throw ServerFailure("7z made no \(name): \(said.suffix(500))") }
        return self[name]
    }

    /// A member within `depth` ZIPs.
    @discardableResult
    public func nest(_ name: String, _ member: String, depth: Int) throws -> String {
        let script = """
            import io, sys, zipfile
            data, name = open(sys.argv[1], 'rb').read(), 'inner.bin'
            for level in range(int(sys.argv[3])):
                out = io.BytesIO()
                with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as z: z.writestr(name, data)
                data, name = out.getvalue(), 'level%d.zip' % level
            open(sys.argv[2], 'wb').write(data)
            """
        _ = try ChildServer.output(of: ["python3", "-c", script, self[member], self[name], "\(depth)"])
        return self[name]
    }

    /// The first `count` bytes of another sample.
    @discardableResult
    public func cut(_ name: String, from other: String, bytes count: Int) throws -> String {
        _ = try ChildServer.output(of: ["sh", "-c", "head -c \(count) \"$1\" >\"$2\"", "sh", self[other], self[name]])
        return self[name]
    }

    /// A file of zeros that takes no room.
    @discardableResult
    public func sparse(_ name: String, bytes: Int) throws -> String {
        try write(name, [])
        guard truncate(self[name], bytes) == 0 else { throw ServerFailure("cannot size \(name)") }
        return self[name]
    }

    /// A picture or archive of `Tests/Media`.
    public static func media(_ name: String) -> String {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(2)
        return parts.joined(separator: "/") + "/Media/" + name
    }
}
