/// The kinds of file that the fleet tells apart, found in the content, never in the name.
public enum MediaType: String, Sendable, Hashable, Codable, CaseIterable {
    case jpeg = "image/jpeg"
    case png = "image/png"
    case webp = "image/webp"
    case gif = "image/gif"
    case tiff = "image/tiff"
    case heic = "image/heic"
    case heif = "image/heif"
    case avif = "image/avif"
    case svg = "image/svg+xml"
    case bmp = "image/bmp"
    case jxl = "image/jxl"
    case mp4 = "video/mp4"
    case quickTime = "video/quicktime"
    case webm = "video/webm"
    case matroska = "video/x-matroska"
    case avi = "video/x-msvideo"
    case threeGPP = "video/3gpp"
    case mpegTS = "video/mp2t"
    case mp3 = "audio/mpeg"
    case flac = "audio/flac"
    case ogg = "audio/ogg"
    case wav = "audio/wav"
    case m4a = "audio/mp4"
    case pdf = "application/pdf"
    case zip = "application/zip"
    case gzip = "application/gzip"
    case sevenZip = "application/x-7z-compressed"
    case text = "text/plain"
    case binary = "application/octet-stream"

    public enum Family: Sendable, Hashable { case image, video, audio, other }

    public var family: Family {
        switch self {
        case .jpeg, .png, .webp, .gif, .tiff, .heic, .heif, .avif, .svg, .bmp, .jxl: .image
        case .mp4, .quickTime, .webm, .matroska, .avi, .threeGPP, .mpegTS: .video
        case .mp3, .flac, .ogg, .wav, .m4a: .audio
        default: .other
        }
    }

    /// Whether the image helper may decode it.
    public var isDecodableImage: Bool {
        switch self {
        case .jpeg, .png, .webp, .gif, .tiff, .heic, .heif, .avif: true
        default: false
        }
    }

    /// Whether the video helper may decode it.
    public var isDecodableVideo: Bool { family == .video || family == .audio }

    /// The usual file extension, without the dot.
    public var fileExtension: String {
        switch self {
        case .jpeg: "jpg"
        case .png: "png"
        case .webp: "webp"
        case .gif: "gif"
        case .tiff: "tif"
        case .heic: "heic"
        case .heif: "heif"
        case .avif: "avif"
        case .svg: "svg"
        case .bmp: "bmp"
        case .jxl: "jxl"
        case .mp4: "mp4"
        case .quickTime: "mov"
        case .webm: "webm"
        case .matroska: "mkv"
        case .avi: "avi"
        case .threeGPP: "3gp"
        case .mpegTS: "ts"
        case .mp3: "mp3"
        case .flac: "flac"
        case .ogg: "ogg"
        case .wav: "wav"
        case .m4a: "m4a"
        case .pdf: "pdf"
        case .zip: "zip"
        case .gzip: "gz"
        case .sevenZip: "7z"
        case .text: "txt"
        case .binary: "bin"
        }
    }
}
