import Glibc
import HelperProtocol
import ImageAnalysis
import ImageCompression
import Model
import Sandbox
import Vips

/// The sandboxed process in which pictures are decoded, analysed and encoded; started by workers only.
///
/// Arguments: the address space it may use, in bytes, and, for analysis, the file of the label model.
@main
enum ImageHelper {
    static func main() throws {
        let server = try HelperServer.attach()
        let arguments = CommandLine.arguments
        let addressSpace = arguments.count > 1 ? UInt64(arguments[1]) : nil
        let analyzer: ImageAnalyzer?
        do {
            try VipsLibrary.start()
            analyzer = arguments.count > 2 ? try ImageAnalyzer.load(modelFile: arguments[2]) : nil
            try Sandbox.apply(
                .image(limits: ResourceLimits(addressSpaceBytes: addressSpace)), parent: server.coordinator)
        } catch {
            server.refuse("\(error)")
            exit(1)
        }
        try server.greet(["helper": "image", "engine": "libvips \(VipsLibrary.version)"])
        try server.serve { request in
            switch request.operation {
            case ImageVariantsRequest.operation:
                let parameters = try request.parameters(as: ImageVariantsRequest.self)
                let outputs = try parameters.variants.indices.map { try request.descriptor("output.\($0)") }
                return try ImageVariants.run(parameters, input: try request.descriptor("input"), outputs: outputs) {
                    request.report(percent: $0, stage: "encode")
                }
            case AnalyzeRequest.operation:
                guard let analyzer else {
                    throw OperationFailure(
                        .internal, code: "no_label_model", message: "This worker was started without a label model.")
                }
                return try analyzer.analyze(
                    descriptor: try request.descriptor("input"),
                    request: try request.parameters(as: AnalyzeRequest.self))
            default:
                throw OperationFailure(
                    .internal, code: OperationFailure.Code.internalError,
                    message: "The image helper does not know the operation.", detail: request.operation)
            }
        }
    }
}
