import FFmpeg
import Glibc
import HelperProtocol
import Model
import Sandbox
import VideoCompression

/// The sandboxed process in which video is decoded and encoded; started by `flotilla-compress-worker` only.
///
/// Arguments: the address space it may use, in bytes.
@main
enum VideoHelper {
    static func main() throws {
        let server = try HelperServer.attach()
        let arguments = CommandLine.arguments
        let addressSpace = arguments.count > 1 ? UInt64(arguments[1]) : nil
        do {
            try Sandbox.apply(
                .video(limits: ResourceLimits(addressSpaceBytes: addressSpace)), parent: server.coordinator)
        } catch {
            server.refuse(error.description)
            exit(1)
        }
        try server.greet(["helper": "video", "engine": "libavcodec \(FFmpegLibrary.codecVersion)"])
        try server.serve { request in
            guard request.operation == VideoRequest.operation else {
                throw OperationFailure(
                    .internal, code: OperationFailure.Code.internalError,
                    message: "The video helper does not know the operation.", detail: request.operation)
            }
            return try VideoCompressor.compress(
                try request.parameters(as: VideoRequest.self), input: try request.descriptor("input"),
                output: try request.descriptor("output.0"), poster: request.descriptor(ifPresent: "output.1")
            ) { request.report(percent: $0.percent, stage: $0.stage.rawValue) }
        }
    }
}
