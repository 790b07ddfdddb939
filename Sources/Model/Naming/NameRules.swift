/// How long a proposed name may be, and how sure a word must be to stand in it.
public struct NameRules: Sendable, Hashable, Codable {
    /// 1…20.
    public var maxWords: Int
    /// Of the name without its extension.
    public var maxCharacters: Int
    /// The same in UTF-8.
    public var maxBytes: Int
    /// Labels below this score (0…1) do not name a file: pictures of scenes get many weak ones.
    public var minLabelScore: Double

    public init(maxWords: Int = 6, maxCharacters: Int = 60, maxBytes: Int = 200, minLabelScore: Double = 0.4) {
        self.maxWords = maxWords
        self.maxCharacters = maxCharacters
        self.maxBytes = maxBytes
        self.minLabelScore = minLabelScore
    }
}

/// Words with a meaning for names.
enum NameWords {
    /// They end no name, as nothing follows them.
    static let stop: Set<String> = [
        "a", "an", "the", "of", "and", "or", "in", "on", "at", "with", "to", "for", "from", "by", "as", "is", "und",
        "der", "die", "das", "mit", "von", "im", "et", "de", "la", "le", "du", "des", "y", "el", "en", "con", "del",
    ]

    /// Kinds so wide that they name nothing beside a narrower word.
    static let general: Set<String> = [
        "animal", "food", "drink", "vehicle", "clothing", "furniture", "electronics", "tool", "appliance",
        "kitchenware",
        "cookware", "building", "landscape", "plant", "person", "musical instrument", "weapon", "cosmetics",
        "stationery",
        "machine", "farm machine", "military vehicle", "fabric", "sea animal", "insect", "fruit", "vegetable",
        "big cat", "bird of prey", "wild dog", "cattle",
    ]

    /// What cameras, phones, chat programs and systems call a file.
    static let generated: Set<String> = [
        "img", "dsc", "dscn", "dscf", "dcim", "pxl", "mvimg", "vid", "mov", "gopr", "gx", "gh", "gp", "dji", "imag",
        "pict",
        "cimg", "sam", "hpim", "kimg", "sany", "burst", "pano", "wa", "fb", "whatsapp", "signal", "telegram",
        "snapchat",
        "received", "screenshot", "screen", "shot", "recording", "image", "images", "photo", "photos", "picture",
        "video",
        "clip", "scan", "untitled", "unnamed", "unknown", "download", "downloaded", "file", "copy", "edited", "edit",
        "final", "new", "tmp", "temp", "at", "am", "pm", "of", "p", "c", "jpg", "jpeg", "png", "heic", "mp4", "raw",
        "bearbeitet",
        "kopie", "bild", "foto", "imagen", "captura", "bildschirmfoto", "large", "small", "thumb", "thumbnail",
        "version",
    ]
}
