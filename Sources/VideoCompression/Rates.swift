import FFmpeg
import Model

/// Bits a second for picture and sound.
struct Rates {
    /// The bound of the picture's rate, with the seconds over which it holds; nil: none.
    var video: (limit: Int, window: Double)?
    var audio: Int

    /// What the recipe wants.
    init(wanted spec: VideoSpec) {
        video = spec.maxBitrate.map { ($0, 2) }
        audio = spec.audioBitrate
    }

    /// As wanted, but low enough that the result comes out at about `share` of the input's size at most.
    ///
    /// - Parameter share: 0…1.
    init(wanted spec: VideoSpec, fitting plan: SourcePlan, share: Double) {
        self.init(wanted: spec)
        guard let seconds = plan.duration, seconds > 0 else { return }
        let total = Double(plan.bytes) * 8 * share / seconds
        guard let film = plan.video else {
            audio = max(32_000, min(audio, Int(total * 0.95)))
            return
        }
        var left = total
        if plan.audio != nil {
            audio = max(48_000, min(audio, Int(total * 0.4)))
            left -= Double(audio)
        }
        // The container's tables: about 12 bytes a picture, 4 a frame of sound, 2000 once.
        let tables = (film.frameRate ?? 30) * 12 + (plan.audio == nil ? 0 : 47 * 4) + 2000 / seconds
        // The buffer starts nearly full: one window's worth of bits comes on top.
        let limit = Int((left - tables * 8) * seconds / (seconds + 1))
        video = (max(40_000, min(limit, video?.limit ?? limit)), 1)
    }
}
