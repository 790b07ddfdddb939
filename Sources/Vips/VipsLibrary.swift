internal import CVipsShim

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
}
