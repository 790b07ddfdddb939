import Glibc

/// Virus signatures of a test's own: the project's script makes a folder that knows the EICAR test file.
public enum SignatureFolder {
    /// A folder for all tests of this process.
    public static let shared = Result { try make() }

    /// Makes a new folder, or completes an existing one. Removed by whoever asked for it.
    public static func make(in folder: String? = nil) throws -> String {
        let folder = try folder ?? ChildServer.temporaryFolder()
        _ = try ChildServer.output(of: ["sh", root + "/scripts/clamav-test-db.sh", folder])
        guard access(folder + "/flotilla-test.ndb", R_OK) == 0 else {
            throw ServerFailure("scripts/clamav-test-db.sh made no signatures in \(folder)")
        }
        return folder
    }

    /// The EICAR test file, put together at run time.
    public static var eicar: [UInt8] {
        [#"X5O!P%@AP[4\PZX54(P^)7CC)7}"#, "$EICAR-STANDARD-ANTIVIRUS-", "TEST-FILE!$H+H*"].flatMap { Array($0.utf8) }
    }

    private static var root: String {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(3)
        return parts.joined(separator: "/")
    }
}
