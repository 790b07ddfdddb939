import Testing

@testable import ClamAV

@Suite("From the library's alerts to outcomes")
struct ScanOutcomeTests {
    @Test(
        "Heuristic names that are no viruses",
        arguments: [
            ("Heuristics.Encrypted.Zip", ScanOutcome.encrypted(what: "Heuristics.Encrypted.Zip")),
            (
                "Heuristics.Limits.Exceeded.MaxFileSize",
                .tooLarge(limit: "Heuristics.Limits.Exceeded.MaxFileSize")
            ),
            (
                "Heuristics.Limits.Exceeded.MaxScanTime",
                .unscannable(reason: "Heuristics.Limits.Exceeded.MaxScanTime")
            ),
            ("Heuristics.Zip.OverlappingFiles", .unscannable(reason: "Heuristics.Zip.OverlappingFiles")),
            ("Heuristics.Broken.Media.PNG.EOF", .unscannable(reason: "Heuristics.Broken.Media.PNG.EOF")),
            ("Heuristics.Exploit.W32.MS04-028", .infected(signature: "Heuristics.Exploit.W32.MS04-028")),
            ("Win.Test.EICAR_HDB-1", .infected(signature: "Win.Test.EICAR_HDB-1")),
        ])
    func single(alert: String, outcome: ScanOutcome) {
        #expect(ScanOutcome(alerts: [alert]) == outcome)
    }

    @Test("A virus outweighs what is hidden, that outweighs limits")
    func weight() {
        let limit = "Heuristics.Limits.Exceeded.MaxRecursion"
        #expect(
            ScanOutcome(alerts: [limit, "Heuristics.Encrypted.RAR", "Worm.X"]) == .infected(signature: "Worm.X"))
        #expect(
            ScanOutcome(alerts: [limit, "Heuristics.Encrypted.RAR"]) == .encrypted(what: "Heuristics.Encrypted.RAR"))
        #expect(ScanOutcome(alerts: []) == .clean)
    }
}
