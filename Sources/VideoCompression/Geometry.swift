import FFmpeg
import Model

/// How stored pictures become upright ones with square pixels and even sides inside the box.
struct Geometry: Hashable {
    /// As a person sees the input: upright, square pixels.
    let sourceWidth: Int
    let sourceHeight: Int
    /// As written: both sides even.
    let width: Int
    let height: Int
    /// Pixels are copied as they are: no scaling, no cropping, no turning.
    let isIdentity: Bool

    private let storedWidth: Int
    private let storedHeight: Int
    private let pixelAspect: Double
    private let orientation: Orientation

    /// - Parameter stored: width × height as in the stream, each at least 1.
    init(
        stored: (width: Int, height: Int), pixelAspect: Double, orientation: Orientation,
        maxLongSide: Int, maxShortSide: Int
    ) {
        // A pixel sixteen times as wide as high is a damaged header rather than a shape.
        let aspect = (1.0 / 16...16).contains(pixelAspect) ? pixelAspect : 1
        let wide = max(1, Int((Double(stored.width) * aspect).rounded()))
        let (w, h) = orientation.swapsSides ? (stored.height, wide) : (wide, stored.height)
        let box = w >= h ? (maxLongSide, maxShortSide) : (maxShortSide, maxLongSide)
        let factor = min(1, Double(box.0) / Double(w), Double(box.1) / Double(h))
        sourceWidth = w
        sourceHeight = h
        width = Self.even(Double(w) * factor, scaled: factor < 1, atMost: box.0)
        height = Self.even(Double(h) * factor, scaled: factor < 1, atMost: box.1)
        storedWidth = stored.width
        storedHeight = stored.height
        self.pixelAspect = aspect
        self.orientation = orientation
        isIdentity = (width, height) == (stored.width, stored.height) && aspect == 1 && orientation == .upright
    }

    private static func even(_ side: Double, scaled: Bool, atMost box: Int) -> Int {
        let even = scaled ? Int((side / 2).rounded()) * 2 : Int(side) / 2 * 2
        return max(2, min(even, box / 2 * 2))
    }

    /// FFmpeg's filters for frames of `shape`; what comes out is 8-bit 4:2:0 of limited range.
    func chain(for shape: FrameShape, transfer: StreamInfo.Transfer) -> String {
        let (w, h) = orientation.swapsSides ? (height, width) : (width, height)
        let isStoredSize = (Int(shape.width), Int(shape.height)) == (storedWidth, storedHeight)
        // One row or column too many is cut off: scaling by a pixel would blur the whole picture.
        let isCut =
            isStoredSize && pixelAspect == 1 && (w, h) == (storedWidth / 2 * 2, storedHeight / 2 * 2)
        let isSame = isCut && (w, h) == (storedWidth, storedHeight)
        var filters: [String] = []
        if isCut && !isSame { filters.append("crop=\(w):\(h):0:0") }
        if transfer == .standard {
            var options = isCut ? [] : ["w=\(w):h=\(h)"]
            if shape.isFullRange { options.append("in_range=pc:out_range=tv") }
            if shape.isRGB { options.append("out_color_matrix=bt709:out_range=tv") }
            if !options.isEmpty { filters.append("scale=" + options.joined(separator: ":")) }
            filters.append("format=yuv420p")
            if shape.isRGB { filters.append("setparams=colorspace=bt709") }
        } else {
            filters += Self.toneMap(shape, width: w, height: h, transfer: transfer)
        }
        if orientation.isMirrored { filters.append("hflip") }
        filters += [[], ["transpose=clock"], ["hflip", "vflip"], ["transpose=cclock"]][orientation.quarterTurns]
        return (filters + ["setparams=range=tv", "setsar=1"]).joined(separator: ",")
    }

    /// Scales and brings HDR down to BT.709: linear light, Hable's curve over the brightness, then the SDR curve.
    ///
    /// Source: FFmpeg's documentation of `tonemap`; 100 cd/m² is the white of BT.1886.
    private static func toneMap(
        _ shape: FrameShape, width: Int, height: Int, transfer: StreamInfo.Transfer
    ) -> [String] {
        let name = transfer == .hybridLogGamma ? "arib-std-b67" : "smpte2084"
        var filters: [String] = []
        // zscale takes no odd side of a subsampled picture.
        if shape.width % 2 + shape.height % 2 > 0 {
            filters.append("crop=\(max(2, shape.width / 2 * 2)):\(max(2, shape.height / 2 * 2)):0:0")
        }
        return filters + [
            "setparams=color_primaries=bt2020:color_trc=\(name):colorspace=bt2020nc",
            "zscale=w=\(width):h=\(height):t=linear:npl=100", "format=gbrpf32le", "zscale=p=bt709",
            "tonemap=tonemap=hable:desat=0", "zscale=t=bt709:m=bt709:r=tv", "format=yuv420p",
        ]
    }
}
