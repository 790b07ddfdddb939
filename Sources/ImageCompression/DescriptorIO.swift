internal import Glibc
internal import Model

/// Whole files through descriptors that others opened.
enum DescriptorIO {
    static func size(of descriptor: Int32) throws(OperationFailure) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("fstat") }
        return Int(status.st_size)
    }

    /// The first `count` bytes, wherever the descriptor stands.
    static func read(_ descriptor: Int32, count: Int) throws(OperationFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                buffer.baseAddress.map { pread(descriptor, $0 + done, count - done, done) } ?? 0
            }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { throw failure("pread") }
            done += got
        }
        return bytes
    }

    /// Replaces the file's content.
    static func write(_ bytes: [UInt8], to descriptor: Int32) throws(OperationFailure) {
        var done = 0
        while done < bytes.count {
            let put = bytes.withUnsafeBytes { buffer in
                buffer.baseAddress.map { pwrite(descriptor, $0 + done, bytes.count - done, done) } ?? 0
            }
            if put < 0, errno == EINTR { continue }
            guard put > 0 else { throw failure("pwrite") }
            done += put
        }
        guard ftruncate(descriptor, bytes.count) == 0 else { throw failure("ftruncate") }
    }

    private static func failure(_ call: String) -> OperationFailure {
        let code = errno
        if [ENOSPC, EDQUOT, EFBIG].contains(code) {
            return OperationFailure(
                .resource, code: OperationFailure.Code.noSpace, message: "There was no space left to store the result.",
                detail: "\(call): errno \(code)")
        }
        return OperationFailure(
            .internal, code: OperationFailure.Code.internalError, message: "The variants could not be stored.",
            detail: "\(call): errno \(code)")
    }
}
