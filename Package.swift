// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

// Each floor knows only the floors below it; docs/architecture.md draws the same picture.

let cModules: [Target] = [
    .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
    .systemLibrary(name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CVips", pkgConfig: "vips", providers: [.apt(["libvips-dev"])]),
    .systemLibrary(
        name: "CFFmpeg", pkgConfig: "libavformat libavcodec libavfilter libavutil libswscale libswresample",
        providers: [.apt(["libavformat-dev", "libavcodec-dev", "libavfilter-dev"])]),
    .systemLibrary(name: "CClamAV", pkgConfig: "libclamav", providers: [.apt(["libclamav-dev"])]),
    .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CLinuxFile"),
    .target(name: "CTimerFD"),
    .target(name: "CVipsShim", dependencies: ["CVips"]),
    .target(name: "CSandbox", dependencies: ["CSeccomp"]),
    .target(name: "CTLS", linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),
    .target(
        name: "CClassifier",
        // Debian ships OpenCV's headers below /usr/include/opencv4 and its .pc file only in the whole libopencv-dev.
        cxxSettings: [.unsafeFlags(["-isystem/usr/include/opencv4"])],
        linkerSettings: [
            .linkedLibrary("opencv_core"), .linkedLibrary("opencv_imgproc"), .linkedLibrary("opencv_dnn"),
        ]),
]

let wrappers: [Target] = [
    // Empty in release builds: where tests end a process on purpose.
    .target(name: "CrashPoints", swiftSettings: strict),
    .target(name: "Redis", dependencies: ["CHiredis", "CTLS", "CrashPoints"], swiftSettings: strict),
    .target(name: "Postgres", dependencies: ["CLibpq", "CrashPoints"], swiftSettings: strict),
    .target(name: "Vips", dependencies: ["CVipsShim"], swiftSettings: strict),
    .target(name: "FFmpeg", dependencies: ["CFFmpeg"], swiftSettings: strict),
    .target(name: "ClamAV", dependencies: ["CClamAV"], swiftSettings: strict),
    .target(name: "Classifier", dependencies: ["CClassifier"], swiftSettings: strict),
    .target(name: "ZIP", dependencies: ["CZlib"], swiftSettings: strict),
    .target(name: "ObjectStorage", dependencies: ["CLinuxFile", "CrashPoints"], swiftSettings: strict),
    .target(name: "Sandbox", dependencies: ["CSandbox"], swiftSettings: strict),
]

let model: [Target] = [
    .target(name: "Model", swiftSettings: strict),
    .target(name: "Settings", dependencies: ["Model", yams], swiftSettings: strict),
    .target(name: "Recipes", dependencies: ["Model", yams], swiftSettings: strict),
    .target(name: "HelperProtocol", dependencies: ["Model", "Sandbox", "CSandbox"], swiftSettings: strict),
]

let queueAndRecord: [Target] = [
    .target(
        name: "JobQueue", dependencies: ["Model", "Redis", "CTimerFD", "CrashPoints", log],
        resources: [.embedInCode("Scripts")], swiftSettings: strict),
    .target(
        name: "Catalog", dependencies: ["Model", "Postgres", log],
        resources: [.embedInCode("SQL")], swiftSettings: strict),
]

let work: [Target] = [
    .target(name: "VirusScanning", dependencies: ["Model", "ClamAV"], swiftSettings: strict),
    // What analysis and compression share: the library's failures and limits in the model's words.
    .target(name: "ImageDecoding", dependencies: ["Model", "Vips"], swiftSettings: strict),
    .target(
        name: "ImageAnalysis", dependencies: ["Model", "Vips", "Classifier", "ImageDecoding"],
        resources: [.embedInCode("Labels")], swiftSettings: strict),
    .target(name: "ImageCompression", dependencies: ["Model", "Vips", "ImageDecoding"], swiftSettings: strict),
    .target(name: "VideoCompression", dependencies: ["Model", "FFmpeg"], swiftSettings: strict),
    .target(name: "ZipExport", dependencies: ["Model", "ZIP", "ObjectStorage"], swiftSettings: strict),
]

let runtime: [Target] = [
    .target(
        name: "Observability",
        dependencies: [
            log, "Settings",
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOPosix", package: "swift-nio"),
            .product(name: "NIOHTTP1", package: "swift-nio"),
        ], swiftSettings: strict),
    .target(
        name: "Worker",
        dependencies: [
            "Model", "Settings", "JobQueue", "Catalog", "HelperProtocol", "ObjectStorage", "Observability", log,
        ], swiftSettings: strict),
    .target(
        name: "Pipeline",
        dependencies: [
            "Model", "Settings", "Recipes", "JobQueue", "Catalog", "ObjectStorage", "ZipExport", "Worker",
            "CrashPoints", log,
        ], swiftSettings: strict),
    .target(
        name: "API",
        dependencies: [
            "Model", "Settings", "Recipes", "JobQueue", "Catalog", "ObjectStorage", "ZipExport", "Pipeline",
            "Observability", "Redis", "Postgres", "CrashPoints", log,
            .product(name: "Hummingbird", package: "hummingbird"),
            .product(name: "HummingbirdCore", package: "hummingbird"),
            .product(name: "HTTPTypes", package: "swift-http-types"),
            .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOPosix", package: "swift-nio"),
            .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            .product(name: "Crypto", package: "swift-crypto"),
        ],
        resources: [.embedInCode("OpenAPI")], swiftSettings: strict),
]

let trials: [Target] = [
    // Workers of its own, broken at random on real servers: `flotilla torture`.
    .target(
        name: "Torture",
        dependencies: [
            "Model", "Settings", "Redis", "Postgres", "ObjectStorage", "Sandbox", "HelperProtocol", "JobQueue",
            "Catalog",
            "Worker", "Pipeline", "CSandbox", "CSeccomp", log,
        ],
        swiftSettings: strict)
]

func door(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies + [arguments], swiftSettings: strict)
}

let coordinator: [Target.Dependency] = ["Worker", "Pipeline", "Settings", "Observability"]

let doors: [Target] = [
    door("flotilla-api", ["API", "Model", "Pipeline", "Settings", "Observability", log]),
    door("flotilla-scan-worker", coordinator),
    door("flotilla-analyze-worker", coordinator),
    door("flotilla-compress-worker", coordinator),
    door("flotilla-export-worker", coordinator),
    door("flotilla-cron", ["Pipeline", "Recipes", "Catalog", "Settings", "Observability"]),
    door("flotilla", ["Pipeline", "Recipes", "Catalog", "JobQueue", "Settings", "Observability", "Torture", log]),
    // The helpers link their media library and our own code, and no package: see docs/licensing.md.
    .executableTarget(
        name: "flotilla-helper-image", dependencies: ["ImageAnalysis", "ImageCompression", "HelperProtocol"],
        swiftSettings: strict),
    .executableTarget(
        name: "flotilla-helper-video", dependencies: ["VideoCompression", "HelperProtocol"], swiftSettings: strict),
    .executableTarget(
        name: "flotilla-helper-scan", dependencies: ["VirusScanning", "ClamAV", "HelperProtocol", "Sandbox", "Model"],
        swiftSettings: strict),
]

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: name + "Tests",
        dependencies: [.target(name: name), "TestServers"] + dependencies,
        exclude: [], swiftSettings: strict)
}

let testing: [Target] = [
    .target(name: "TestServers", path: "Tests/TestServers", swiftSettings: strict),
    // Started by tests of the sandbox and the protocol: tries what a helper must not do, and misbehaves on request.
    .executableTarget(
        name: "sandbox-probe", dependencies: ["HelperProtocol", "Sandbox", "Model"], path: "Tests/Probes/sandbox-probe",
        swiftSettings: strict),
    tests("Redis"), tests("Postgres"), tests("Vips"), tests("FFmpeg"), tests("ClamAV"), tests("Classifier"),
    tests("ZIP"), tests("ObjectStorage"), tests("Sandbox"), tests("Model"), tests("Settings"), tests("Recipes"),
    tests("HelperProtocol", ["Model"]), tests("JobQueue", ["Redis", "Model", log]), tests("Catalog", ["Postgres"]),
    tests("VirusScanning", ["Model", "ClamAV", "HelperProtocol"]),
    tests("ImageAnalysis", ["Vips"]), tests("ImageCompression", ["Vips"]),
    tests("VideoCompression", ["FFmpeg", "Model"]),
    tests("ZipExport"), tests("Observability"),
    tests("Worker", ["Model", "JobQueue", "Redis", "Catalog", "Postgres", "Observability", log]), tests("Pipeline"),
    tests(
        "API",
        [
            "flotilla-api", "Catalog", "JobQueue", "Model", "ObjectStorage", "Observability", "Pipeline", "Postgres",
            "Recipes", "Redis", "Settings", "Worker", "ZipExport", log,
            .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
            .product(name: "HTTPTypes", package: "swift-http-types"),
        ]),
    tests(
        "CrashPoints",
        [
            "flotilla-api", "flotilla-cron", "flotilla-scan-worker", "flotilla-analyze-worker",
            "flotilla-compress-worker", "flotilla-export-worker", "flotilla-helper-scan", "flotilla-helper-image",
            "Catalog", "JobQueue", "Model", "ObjectStorage", "Pipeline", "Postgres", "Recipes", "Redis", log,
        ]),
    tests("Torture", ["flotilla", "Model", "Catalog", log]),
    // The whole fleet as its users see it: real executables, HTTP, redis-cli.
    .testTarget(
        name: "FleetTests",
        dependencies: [
            "TestServers", "Model", "Redis", "flotilla", "flotilla-api", "flotilla-scan-worker",
            "flotilla-analyze-worker",
            "flotilla-compress-worker", "flotilla-export-worker", "flotilla-cron", "flotilla-helper-scan",
            "flotilla-helper-image", "flotilla-helper-video",
        ], swiftSettings: strict),
]

let package = Package(
    name: "flotilla",
    products: [
        // What Benchmarks/ measures in its own process.
        .library(
            name: "FlotillaWorker",
            targets: ["Worker", "JobQueue", "Catalog", "Postgres", "Redis", "Model", "Observability"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.20.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.9.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    ],
    targets: cModules + wrappers + model + queueAndRecord + work + runtime + trials + doors + testing,
    swiftLanguageModes: [.v6]
)
