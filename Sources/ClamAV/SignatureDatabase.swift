internal import CClamAV
public import Foundation

/// A folder of virus signatures: ClamAV's own `.cvd`/`.cld` files, files of one's own, or both.
public struct SignatureDatabase: Sendable, Hashable {
    /// `daily:27450 main:62`, and `local:<12 digits of a SHA-256>` for files that carry no version.
    public var version: String
    /// When the newest file was made.
    public var date: Date?

    /// Endings of files that the library loads; source: libclamav, `CLI_DBEXT`.
    private static let endings: Set<String> = [
        "cvd", "cld", "cud", "db", "hdb", "hdu", "hsb", "hsu", "mdb", "mdu", "msb", "msu", "imp", "fp", "sfp", "ndb",
        "ndu", "ldb", "ldu", "sdb", "zmd", "rmd", "pdb", "gdb", "wdb", "cbc", "cdb", "cat", "crb", "idb", "ioc", "yar",
        "yara", "pwdb", "ftm", "cfg", "ign", "ign2", "info",
    ]

    /// The files that the library loads from a folder, sorted.
    static func names(in folder: String) throws(ClamAVError) -> [String] {
        guard let all = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw missing(folder, "cannot be read")
        }
        let names = all.filter { name in
            !name.hasPrefix(".") && endings.contains(String(name.split(separator: ".").last ?? ""))
        }
        guard !names.isEmpty else { throw missing(folder, "holds no signatures") }
        return names.sorted()
    }

    /// Reads names, headers and hashes; loads nothing.
    ///
    /// - Throws: ``ClamAVError`` with `.noSignatures`, which says what to do.
    public static func inspect(folder: String) throws(ClamAVError) -> SignatureDatabase {
        var versions: [String] = []
        var local: [String] = []
        var dates: [Date] = []
        for name in try names(in: folder) {
            let path = folder + "/" + name
            if name.hasSuffix(".cvd") || name.hasSuffix(".cld"), let head = cl_cvdhead(path) {
                versions.append("\(name.dropLast(4)):\(head.pointee.version)")
                dates.append(Date(timeIntervalSince1970: TimeInterval(head.pointee.stime)))
                cl_cvdfree(head)
            } else {
                local.append(name + " " + (digest(ofFile: path) ?? "unreadable"))
                let facts = try? FileManager.default.attributesOfItem(atPath: path)
                if let date = facts?[.modificationDate] as? Date { dates.append(date) }
            }
        }
        if !local.isEmpty {
            versions.append("local:" + digest(of: Array(local.joined(separator: "\n").utf8)).prefix(12))
        }
        return SignatureDatabase(version: versions.joined(separator: " "), date: dates.max())
    }

    private static func missing(_ folder: String, _ what: String) -> ClamAVError {
        ClamAVError(
            .noSignatures,
            "the folder of virus signatures \(folder) \(what): run `freshclam`, or name another one in FLOTILLA_CLAMAV_DB"
        )
    }

    private static func digest(ofFile path: String) -> String? {
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        var count: UInt32 = 0
        guard let bytes = cl_hash_file_fd(file.fileDescriptor, "sha256", &count) else { return nil }
        defer { free(bytes) }
        return hexadecimal(UnsafeBufferPointer(start: bytes, count: Int(count)))
    }

    private static func digest(of bytes: [UInt8]) -> String {
        var output = [UInt8](repeating: 0, count: Int(SHA256_HASH_SIZE))
        var count: UInt32 = 0
        cl_hash_data("sha256", bytes, bytes.count, &output, &count)
        return output.withUnsafeBufferPointer { hexadecimal($0) }
    }

    private static func hexadecimal(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
