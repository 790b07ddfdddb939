internal import CFFmpeg
internal import Glibc

/// Reads or writes an open file by `pread` and `pwrite` with an offset of its own, so that several can share a descriptor.
///
/// FFmpeg 5.1 has no protocol for descriptors, and a sandboxed process has no paths. The descriptor is borrowed: it is
/// not closed here.
final class FileIO {
    enum Mode { case reading, writing }

    let context: UnsafeMutablePointer<AVIOContext>
    private let descriptor: Int32
    private let cancellation: Cancellation?
    private var offset: Int64 = 0
    /// The last errno of a write: the muxer turns it into a plain I/O error.
    private(set) var failure: Int32 = 0

    static let blockBytes: Int32 = 65_536

    init(descriptor: Int32, mode: Mode, cancellation: Cancellation?) throws(FFmpegError) {
        self.descriptor = descriptor
        self.cancellation = cancellation
        let buffer = try allocated(av_malloc(Int(Self.blockBytes)), "open file")
        // The opaque pointer is filled in below: `self` may not be used before all fields are set.
        guard
            let context = avio_alloc_context(
                buffer.assumingMemoryBound(to: UInt8.self), Self.blockBytes, mode == .writing ? 1 : 0, nil,
                { opaque, bytes, count in FileIO.of(opaque)?.read(bytes, count) ?? -EBADF },
                { opaque, bytes, count in FileIO.of(opaque)?.write(bytes, count) ?? -EBADF },
                { opaque, offset, whence in FileIO.of(opaque)?.seek(offset, whence) ?? Int64(-EBADF) })
        else {
            av_free(buffer)
            throw FFmpegError(.outOfMemory, "open file", "no memory", status: -ENOMEM)
        }
        self.context = context
        context.pointee.opaque = Unmanaged.passUnretained(self).toOpaque()
    }

    deinit {
        // FFmpeg may have replaced the buffer by a larger one.
        av_free(context.pointee.buffer)
        var context: UnsafeMutablePointer<AVIOContext>? = context
        avio_context_free(&context)
    }

    private static func of(_ opaque: UnsafeMutableRawPointer?) -> FileIO? {
        opaque.map { Unmanaged<FileIO>.fromOpaque($0).takeUnretainedValue() }
    }

    private func read(_ bytes: UnsafeMutablePointer<UInt8>?, _ count: Int32) -> Int32 {
        if cancellation?.isCancelled == true { return cff_err_exit() }
        while true {
            let got = pread(descriptor, bytes, Int(count), Int(offset))
            if got > 0 {
                offset += Int64(got)
                return Int32(got)
            }
            if got == 0 { return cff_err_eof() }
            if errno != EINTR { return -errno }
        }
    }

    private func write(_ bytes: UnsafeMutablePointer<UInt8>?, _ count: Int32) -> Int32 {
        if cancellation?.isCancelled == true { return cff_err_exit() }
        var done = 0
        while done < Int(count) {
            let put = pwrite(descriptor, bytes.map { $0 + done }, Int(count) - done, Int(offset))
            if put < 0 {
                if errno == EINTR { continue }
                failure = errno
                return -errno
            }
            done += put
            offset += Int64(put)
        }
        return count
    }

    private func seek(_ target: Int64, _ whence: Int32) -> Int64 {
        switch whence & ~Int32(AVSEEK_FORCE) {
        case SEEK_SET: break
        case Int32(AVSEEK_SIZE): return size ?? Int64(-EIO)
        case SEEK_CUR:
            let (sum, overflow) = offset.addingReportingOverflow(target)
            return overflow ? Int64(-EINVAL) : move(to: sum)
        case SEEK_END:
            guard let size else { return Int64(-EIO) }
            let (sum, overflow) = size.addingReportingOverflow(target)
            return overflow ? Int64(-EINVAL) : move(to: sum)
        default: return Int64(-EINVAL)
        }
        return move(to: target)
    }

    private func move(to target: Int64) -> Int64 {
        guard target >= 0 else { return Int64(-EINVAL) }
        offset = target
        return target
    }

    private var size: Int64? {
        var facts = stat()
        return fstat(descriptor, &facts) == 0 ? Int64(facts.st_size) : nil
    }
}
