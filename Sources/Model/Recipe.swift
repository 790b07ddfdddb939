/// A pipeline as data: what is done with each asset of a batch, in order, and once when the batch is through.
public struct Recipe: Sendable, Hashable {
    /// 1…64 lower-case letters, digits, `-`.
    public var name: String
    public var description: String
    /// Run for each asset, in this order.
    public var steps: [Step]
    /// Run once when the last asset is final.
    public var whenDone: [Step]
    public var retry: Retry
    public var schedule: Schedule?

    public init(
        name: String, description: String, steps: [Step], whenDone: [Step], retry: Retry = Retry(),
        schedule: Schedule? = nil
    ) {
        self.name = name
        self.description = description
        self.steps = steps
        self.whenDone = whenDone
        self.retry = retry
        self.schedule = schedule
    }

    /// One thing done by one kind of worker.
    public struct Step: Sendable, Hashable {
        /// Unique in its recipe; by default the action's name.
        public var name: String
        public var action: Action
        /// How long one attempt may run.
        public var timeoutMs: Int64

        public init(name: String, action: Action, timeoutMs: Int64 = JobEnvelope.defaultTimeoutMs) {
            self.name = name
            self.action = action
            self.timeoutMs = timeoutMs
        }
    }

    /// A new step of a recipe starts here: the compiler then shows each place that has to know it.
    public enum Action: Sendable, Hashable {
        case scan
        case analyze(AnalyzeOptions)
        case compress(CompressOptions)
        case export(ExportOptions)

        public var queue: QueueName {
            switch self {
            case .scan: .scan
            case .analyze: .analyze
            case .compress: .compress
            case .export: .export
            }
        }
    }

    public struct AnalyzeOptions: Sendable, Hashable {
        /// Whether the asset gets a proposed name from what was seen.
        public var renames: Bool
        /// 0…1: labels below it take no part in the name.
        public var minLabelScore: Double
        /// 1…12 words in a proposed name.
        public var maxWords: Int
        /// Whether the place in the EXIF data is kept with the record.
        public var includesLocation: Bool

        public init(
            renames: Bool = true, minLabelScore: Double = 0.4, maxWords: Int = 6, includesLocation: Bool = false
        ) {
            self.renames = renames
            self.minLabelScore = minLabelScore
            self.maxWords = maxWords
            self.includesLocation = includesLocation
        }
    }

    public struct CompressOptions: Sendable, Hashable {
        public var images: [ImageVariantSpec]
        /// Nil: videos pass unchanged.
        public var video: VideoSpec?

        public init(images: [ImageVariantSpec], video: VideoSpec?) {
            self.images = images
            self.video = video
        }
    }

    public struct ExportOptions: Sendable, Hashable {
        /// Which bytes go into the ZIP under an asset's new name: the original, or the variant with this name.
        public var content: Content
        /// Further variants, each in a folder of its name.
        public var extraVariants: [String]

        public enum Content: Sendable, Hashable {
            case original
            case variant(String)
        }

        public init(content: Content = .original, extraVariants: [String] = []) {
            self.content = content
            self.extraVariants = extraVariants
        }
    }

    public struct Retry: Sendable, Hashable {
        /// 1…100.
        public var maxAttempts: Int
        public init(maxAttempts: Int = JobEnvelope.defaultMaxAttempts) { self.maxAttempts = maxAttempts }
    }

    /// When a recipe fires by itself, and over which files.
    public struct Schedule: Sendable, Hashable {
        /// Five cron fields, or `@hourly` and the like.
        public var cron: String
        /// IANA name; `UTC` by default.
        public var timeZone: String
        /// The folder (`file:///…`) whose files become the batch.
        public var source: String?

        public init(cron: String, timeZone: String = "UTC", source: String? = nil) {
            self.cron = cron
            self.timeZone = timeZone
            self.source = source
        }
    }
}
