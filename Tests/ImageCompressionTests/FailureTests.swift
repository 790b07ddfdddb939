import Glibc
import Model
import Testing

@testable import ImageCompression

extension ImageCompressionTests {
    @Suite struct Failures {
        @Test(
            "What is wrong with a file is said in words for its owner",
            arguments: [
                ("bad/empty.jpg", [OperationFailure.Code.empty]),
                ("bad/text-named.jpg", [OperationFailure.Code.unsupported]),
                ("bad/ssrf.svg", [OperationFailure.Code.unsupported]),
                ("bad/truncated.jpg", [OperationFailure.Code.truncated]),
                ("bad/truncated.gif", [OperationFailure.Code.truncated]),
                ("bad/truncated.png", [OperationFailure.Code.truncated, OperationFailure.Code.corrupt]),
                ("bad/broken_data_stream.png", [OperationFailure.Code.corrupt]),
                ("bad/random.png", [OperationFailure.Code.corrupt]),
                ("bad/clap-overflow.heic", [OperationFailure.Code.corrupt]),
                ("bomb/60000x60000.png", [OperationFailure.Code.pixelLimit]),
                ("bomb/65535x65535.gif", [OperationFailure.Code.pixelLimit]),
                ("bomb/17000x17000.avif", [OperationFailure.Code.pixelLimit]),
            ])
        func input(name: String, codes: [String]) throws {
            let failure = try #require(try Pictures(name).failure([.webp, .fallback, .thumbnail]))
            #expect(failure.fault == .input)
            #expect(codes.contains(failure.code), "\(failure)")
            #expect(failure.message.hasSuffix("."))
            #expect(!failure.message.contains("vips") && !failure.message.contains("/"))
        }

        @Test("A full disk is not the file's fault")
        func noSpace() throws {
            let input = open(Pictures.media + "photo/cyclamen.jpg", O_RDONLY | O_CLOEXEC)
            let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
            defer { for one in [input, full] { close(one) } }
            #expect {
                try ImageVariants.run(ImageVariantsRequest(variants: [.thumbnail]), input: input, outputs: [full])
            } throws: { error in
                let failure = error as? OperationFailure
                return failure?.fault == .resource && failure?.code == OperationFailure.Code.noSpace
            }
        }

        @Test(
            "Requests that cannot be served are ours",
            arguments: [
                ([], 0), ([.webp], 0), ([.webp], 2), ([.webp, .webp], 2),
                ([ImageVariantSpec(name: "a", format: .webp, maxWidth: 0)], 1),
            ] as [([ImageVariantSpec], Int)])
        func request(variants: [ImageVariantSpec], outputs: Int) throws {
            let input = open(Pictures.media + "photo/cyclamen.jpg", O_RDONLY | O_CLOEXEC)
            defer { close(input) }
            #expect {
                let request = ImageVariantsRequest(variants: variants)
                _ = try ImageVariants.run(request, input: input, outputs: Array(repeating: -1, count: outputs))
            } throws: { ($0 as? OperationFailure)?.fault == .internal }
        }
    }
}
