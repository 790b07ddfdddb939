import Model

extension RecipeReader {
    func compress(_ members: YAMLMembers) throws(RecipeError) -> Recipe.CompressOptions {
        var images: [ImageVariantSpec] = []
        for item in try members["images"]?.items(max: 12) ?? [] {
            let spec = try image(item)
            guard !images.contains(where: { $0.name == spec.name }) else {
                throw item.wrong("two variants are called “\(spec.name)”")
            }
            images.append(spec)
        }
        let video = try members["video"].map { node throws(RecipeError) in try self.video(node) }
        guard video != nil || !images.isEmpty else {
            throw members.parent.wrong("makes nothing: it needs “images” with at least one variant, or “video”")
        }
        return Recipe.CompressOptions(images: images, video: video)
    }

    private func image(_ node: YAMLNode) throws(RecipeError) -> ImageVariantSpec {
        let members = try node.members(
            allowed: ["name", "format", "max_width", "max_height", "quality", "effort", "animation"])
        let formats = ImageFormat.allCases.map(\.rawValue)
        let format = try members.required("format").text(allowed: formats.joined(separator: ", ")) {
            formats.contains($0)
        }
        // libwebp's methods end at 6; libvips refuses a higher one, so it is better to say so here.
        let maxEffort = format == ImageFormat.webp.rawValue ? 6 : 9
        return ImageVariantSpec(
            name: try members.required("name").text(
                allowed: "1 to 32 lower-case letters, digits or -, other than original, video and poster"
            ) { Self.isName($0, maxBytes: 32) && !["original", "video", "poster"].contains($0) },
            format: ImageFormat(rawValue: format) ?? .webp,
            maxWidth: try members.optionalInt("max_width", in: 1...16_383),
            maxHeight: try members.optionalInt("max_height", in: 1...16_383),
            quality: try members.int("quality", in: 1...100, default: 80),
            effort: try members.int("effort", in: 0...maxEffort, default: 4),
            keepsAnimation: try members.bool("animation", default: true))
    }

    private func video(_ node: YAMLNode) throws(RecipeError) -> VideoSpec {
        let members = try node.members(
            allowed: [
                "codec", "max_long_side", "max_short_side", "crf", "max_bitrate", "preset", "audio_bitrate",
                "max_frame_rate", "poster_long_side",
            ])
        let presets = ["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"]
        let codecs = VideoCodec.allCases.map(\.rawValue)
        let name = try members["codec"]?.text(allowed: codecs.joined(separator: ", ")) { codecs.contains($0) }
        let codec = name.flatMap(VideoCodec.init) ?? .h264
        return VideoSpec(
            codec: codec,
            maxLongSide: try members.int("max_long_side", in: 16...7680, default: 1280),
            maxShortSide: try members.int("max_short_side", in: 16...4320, default: 720),
            crf: try members.int("crf", in: 0...51, default: codec.defaultCRF),
            maxBitrate: try members.optionalInt("max_bitrate", in: 50_000...200_000_000),
            preset: try members["preset"]?.text(allowed: presets.joined(separator: ", ")) { presets.contains($0) }
                ?? "veryfast",
            audioBitrate: try members.int("audio_bitrate", in: 16_000...512_000, default: 128_000),
            maxFrameRate: try members.int("max_frame_rate", in: 1...240, default: 60),
            posterLongSide: try members.optionalInt("poster_long_side", in: 16...7680))
    }

    func schedule(_ node: YAMLNode) throws(RecipeError) -> Recipe.Schedule {
        let members = try node.members(allowed: ["cron", "time_zone", "source"])
        let cron = try members.required("cron")
        let text = try cron.text(allowed: "five cron fields, or @hourly and the like") { !$0.isEmpty }
        do { _ = try CronExpression(text) } catch { throw cron.wrong("\(error)") }
        return Recipe.Schedule(
            cron: text,
            timeZone: try members["time_zone"]?.text(allowed: "an IANA time zone such as Europe/Berlin") {
                CronExpression.isTimeZone($0)
            } ?? "UTC",
            source: try members["source"]?.text(allowed: "file:///absolute/path") { $0.hasPrefix("file:///") })
    }
}
