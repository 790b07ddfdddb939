internal import ClamAV

/// The EICAR test file: harmless, and known to every database of signatures.
enum SelfTest {
    /// Its 68 bytes, put together at run time: no file of this project may be taken for it.
    static var eicar: [UInt8] {
        let pieces = [#"X5O!P%@AP[4\PZX54(P^)7CC)7}"#, "$EICAR-STANDARD-ANTIVIRUS-", "TEST-FILE!$H+H*"]
        return pieces.flatMap { Array($0.utf8) }
    }

    /// - Throws: ``ClamAVError`` when the engine takes the test file for clean, or a harmless text for a virus.
    static func run(_ engine: ClamEngine, folder: String) throws(ClamAVError) {
        guard case .infected = try scan(eicar, engine) else {
            throw ClamAVError(
                .badSignatures, "the signatures in \(folder) do not know the EICAR test file: run `freshclam`")
        }
        guard try scan(Array("A harmless line of text.\n".utf8), engine) == .clean else {
            throw ClamAVError(
                .badSignatures, "the signatures in \(folder) find a virus in a harmless line of text")
        }
    }

    private static func scan(_ bytes: [UInt8], _ engine: ClamEngine) throws(ClamAVError) -> ScanOutcome {
        let result = bytes.withUnsafeBytes { raw in
            Result { () throws(ClamAVError) in try engine.scan(raw) }
        }
        return try result.get()
    }
}
