internal import CFFmpeg

/// A chain of filters with one way in and one way out, built for frames of one shape.
///
/// After each `send`, call `receive` until it answers false; at the end `sendEnd`, and again.
public struct FilterGraph: ~Copyable {
    private let graph: UnsafeMutablePointer<AVFilterGraph>
    private let source: UnsafeMutablePointer<AVFilterContext>
    private let sink: UnsafeMutablePointer<AVFilterContext>
    public let shape: FrameShape

    private init(
        adopting graph: UnsafeMutablePointer<AVFilterGraph>, source: UnsafeMutablePointer<AVFilterContext>,
        sink: UnsafeMutablePointer<AVFilterContext>, shape: FrameShape
    ) {
        self.graph = graph
        self.source = source
        self.sink = sink
        self.shape = shape
    }

    deinit {
        var graph: UnsafeMutablePointer<AVFilterGraph>? = graph
        avfilter_graph_free(&graph)
    }

    /// A graph for pictures or sound, by what `shape` is.
    ///
    /// - Parameters:
    ///   - chain: filters as FFmpeg writes them: `scale=640:360,format=yuv420p`. Never put outside text into it.
    ///   - timeBase: of the frames' timestamps.
    ///   - threads: 1…
    public static func make(
        _ chain: String, for shape: FrameShape, timeBase: Rational, threads: Int = 1
    ) throws(FFmpegError) -> FilterGraph {
        let operation = "filter \(chain)"
        let graph = try allocated(avfilter_graph_alloc(), operation)
        do throws(FFmpegError) {
            graph.pointee.nb_threads = Int32(clamping: max(1, threads))
            let isVideo = shape.width > 0
            let source = try filter(
                graph, isVideo ? "buffer" : "abuffer", "in",
                isVideo ? picture(shape, timeBase) : sound(shape, timeBase), operation)
            let sink = try filter(graph, isVideo ? "buffersink" : "abuffersink", "out", nil, operation)
            var inputs = avfilter_inout_alloc()
            var outputs = avfilter_inout_alloc()
            defer {
                avfilter_inout_free(&inputs)
                avfilter_inout_free(&outputs)
            }
            // Named from the chain's side: its open input is our source's output.
            outputs?.pointee.name = av_strdup("in")
            outputs?.pointee.filter_ctx = source
            inputs?.pointee.name = av_strdup("out")
            inputs?.pointee.filter_ctx = sink
            try check(avfilter_graph_parse_ptr(graph, chain, &inputs, &outputs, nil), operation)
            try check(avfilter_graph_config(graph, nil), operation)
            return FilterGraph(adopting: graph, source: source, sink: sink, shape: shape)
        } catch {
            var graph: UnsafeMutablePointer<AVFilterGraph>? = graph
            avfilter_graph_free(&graph)
            throw error
        }
    }

    /// Of the frames that come out.
    public var timeBase: Rational { Rational(av_buffersink_get_time_base(sink)) }

    /// Every frame that comes out from now on has this many samples, but the last.
    public func setSamplesPerFrame(_ count: Int) {
        av_buffersink_set_frame_size(sink, UInt32(clamping: count))
    }

    /// Takes over the frame's data; the frame is empty afterwards.
    public func send(_ frame: borrowing Frame) throws(FFmpegError) {
        try check(av_buffersrc_add_frame_flags(source, frame.raw, 0), "filter", otherwise: .invalidData)
    }

    public func sendEnd() throws(FFmpegError) {
        try check(av_buffersrc_add_frame_flags(source, nil, 0), "filter", otherwise: .invalidData)
    }

    /// - Returns: false when it needs another frame, or has given its last.
    public func receive(into frame: borrowing Frame) throws(FFmpegError) -> Bool {
        frame.clear()
        let status = av_buffersink_get_frame(sink, frame.raw)
        if status == -EAGAIN || status == cff_err_eof() { return false }
        try check(status, "filter", otherwise: .invalidData)
        return true
    }

    private static func filter(
        _ graph: UnsafeMutablePointer<AVFilterGraph>, _ kind: String, _ name: String, _ arguments: String?,
        _ operation: String
    ) throws(FFmpegError) -> UnsafeMutablePointer<AVFilterContext> {
        var context: UnsafeMutablePointer<AVFilterContext>?
        try check(
            avfilter_graph_create_filter(&context, avfilter_get_by_name(kind), name, arguments, nil, graph), operation)
        return try allocated(context, operation)
    }

    private static func picture(_ shape: FrameShape, _ timeBase: Rational) -> String {
        let aspect = shape.pixelAspect.value == nil ? Rational(1, 1) : shape.pixelAspect
        return "video_size=\(shape.width)x\(shape.height):pix_fmt=\(shape.format)"
            + ":time_base=\(timeBase.numerator)/\(timeBase.denominator)"
            + ":pixel_aspect=\(aspect.numerator)/\(aspect.denominator)"
    }

    private static func sound(_ shape: FrameShape, _ timeBase: Rational) -> String {
        let format = av_get_sample_fmt_name(AVSampleFormat(shape.format)).map { String(cString: $0) } ?? "none"
        return "sample_rate=\(shape.sampleRate):sample_fmt=\(format):channel_layout=\(shape.layout)"
            + ":time_base=\(timeBase.numerator)/\(timeBase.denominator)"
    }
}
