import Foundation
import Testing

/// The model that `scripts/fetch-label-model.sh` puts below the checkout.
enum LabelModel {
    static let checkout = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func bytes() throws -> [UInt8] {
        let file = checkout.appending(path: ".run/models/efficientnet-lite0.onnx")
        return try #require(
            FileManager.default.contents(atPath: file.path).map(Array.init),
            "no label model: run scripts/fetch-label-model.sh .run/models/efficientnet-lite0.onnx")
    }
}
