internal import Model

/// The few facts that we want of a file's EXIF block. The block is hostile: nothing in it is trusted, and what does not
/// make sense is left out.
///
/// Source: EXIF 2.32 (CIPA DC-008) §4.6, TIFF 6.0 §2.
struct Exif: Equatable {
    var make: String?
    var model: String?
    /// Local time without a zone: `2016-05-21T14:03:59`.
    var takenAt: String?
    /// Decimal degrees, −90…90 and −180…180; both or neither, and not the 0/0 that empty fields give.
    var place: Place?

    struct Place: Equatable {
        var latitude: Double
        var longitude: Double
    }

    /// Reads a block with or without `Exif\0\0` before its TIFF header. Bytes that are none give no facts.
    init(_ block: [UInt8]) {
        guard let tiff = TIFFBlock(block), let first = tiff.directory(at: tiff.firstDirectory) else { return }
        make = tiff.text(first[0x010F])
        model = tiff.text(first[0x0110])
        let details = tiff.number(first[0x8769]).flatMap(tiff.directory)
        let dates = [details?[0x9003], details?[0x9004], first[0x0132]]
        takenAt = dates.lazy.compactMap { tiff.text($0).flatMap(Self.date) }.first
        if let gps = tiff.number(first[0x8825]).flatMap(tiff.directory) {
            place = Self.place(gps, tiff)
        }
    }

    /// `2016:05:21 14:03:59` with a possible day and time, as ISO 8601.
    static func date(_ text: String) -> String? {
        let numbers = text.split { !("0"..."9").contains($0) }.compactMap { Int($0) }
        guard numbers.count >= 6, text.utf8.count >= 19 else { return nil }
        let (year, month, day) = (numbers[0], numbers[1], numbers[2])
        guard (1826...9999).contains(year), (1...12).contains(month), (1...31).contains(day),
            (0...23).contains(numbers[3]), (0...59).contains(numbers[4]), (0...60).contains(numbers[5])
        else { return nil }
        func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
        return "\(year)-\(two(month))-\(two(day))T\(two(numbers[3])):\(two(numbers[4])):\(two(numbers[5]))"
    }

    private static func place(_ gps: TIFFBlock.Directory, _ tiff: TIFFBlock) -> Place? {
        func degrees(_ value: UInt16, _ reference: UInt16, _ signs: [String: Double], _ limit: Double) -> Double? {
            guard let sign = tiff.text(gps[reference]).flatMap({ signs[$0] }), let parts = tiff.rationals(gps[value]),
                parts.count == 3, parts.allSatisfy({ $0.isFinite && $0 >= 0 })
            else { return nil }
            let degrees = parts[0] + parts[1] / 60 + parts[2] / 3600
            return degrees <= limit ? sign * (degrees * 1_000_000).rounded() / 1_000_000 : nil
        }
        guard let latitude = degrees(2, 1, ["N": 1, "S": -1], 90),
            let longitude = degrees(4, 3, ["E": 1, "W": -1], 180),
            latitude != 0 || longitude != 0
        else { return nil }
        return Place(latitude: latitude, longitude: longitude)
    }
}
