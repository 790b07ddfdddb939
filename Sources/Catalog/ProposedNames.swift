import Foundation
import Model
import Postgres

extension NameStem {
    /// The longest name that every common file system and ZIP reader takes.
    static let maxBytes = 255

    /// The name with its number: none for 1, `-2` for 2. The stem gives way when the whole would be too long.
    func numbered(_ number: Int) -> String {
        let end = (number == 1 ? "" : "-\(number)") + (fileExtension.isEmpty ? "" : "." + fileExtension)
        var stem = Substring(stem)
        while stem.utf8.count + end.utf8.count > Self.maxBytes, !stem.isEmpty { stem.removeLast() }
        return stem + end
    }
}

extension Transaction {
    /// Gives an asset the first free name of the series `stem.ext`, `stem-2.ext`, `stem-3.ext` …
    ///
    /// One series serves all extensions, so that a stem stays one file's even for variants in another format. The series' counter only says where to try next; that no two assets of a batch have one name is the unique
    /// index's doing. A name that a person has taken is passed over, and an asset that a person has named stays.
    mutating func propose(_ proposal: NameStem, for asset: UUID) throws {
        let series = NameStem(stem: proposal.stem, fileExtension: "").numbered(1)
        while true {
            guard let row = try query(Statement.nameSeriesNext, [.uuid(asset), .text(series)]).first else { return }
            let name = proposal.numbered(try row["last"])
            do {
                try savepoint { inner in
                    _ = try inner.execute(Statement.imageSetName, [.uuid(asset), .text(name)])
                }
                return
            } catch let error as PostgresError {
                guard error.kind == .uniqueViolation(constraint: "images_proposed_name_once") else { throw error }
            }
        }
    }
}
