internal import CVipsShim
internal import Synchronization

/// The library as a whole: one per process.
public enum VipsLibrary {
    /// Starts libvips: one thread an image, no operation cache, and only the decoders of JPEG, PNG, WebP, GIF, TIFF and
    /// HEIF/AVIF. SVG, PDF, ImageMagick's and all other loaders stay blocked.
    ///
    /// The first call starts it, later ones give the same answer. Call it before the process gives up its rights:
    /// libvips looks for plug-ins when it starts, and needs no file system afterwards.
    public static func start() throws(VipsError) {
        try started.get()
    }

    /// Frees what libvips keeps for the calling thread. To be called last on each thread that used it, bar the main one.
    public static func threadShutdown() {
        cvips_thread_shutdown()
    }

    /// `8.14.1`.
    public static var version: String { String(cString: cvips_version()) }

    /// The most memory that pixels and decoders have held at a time, in bytes, since the start.
    public static var peakTrackedBytes: Int64 { cvips_tracked_bytes_peak() }

    private static let started: Result<Void, VipsError> =
        cvips_start() == 0 ? .success(()) : .failure(VipsError.take(.start))

    /// libvips has one error text a process: calls take turns, so that each failure finds its own words. A process that
    /// is to use several cores for pictures is several processes.
    private static let turn = Mutex(())

    /// Runs one operation of libvips, and starts it first where nobody has.
    ///
    /// - Parameter body: answers nil when the operation failed.
    static func call<T>(_ phase: VipsError.Phase, _ body: () -> T?) throws(VipsError) -> T {
        try start()
        let answer: Result<T, VipsError> = turn.withLock { _ in
            cvips_clear_error()
            return body().map { .success($0) } ?? .failure(VipsError.take(phase))
        }
        return try answer.get()
    }
}
