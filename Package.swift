// swift-tools-version: 6.2
// The rooms of Weir, floor by floor. Imports go only downwards: see docs/architecture.md.
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

// Dependencies, one alias each, so that a room's line stays readable. Why each is there: docs/decisions/0001.
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioConcurrency = Target.Dependency.product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTPTypesHTTP1 = Target.Dependency.product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let hummingbirdTesting = Target.Dependency.product(name: "HummingbirdTesting", package: "hummingbird")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")

/// A room: a library target with the house's settings. Each room of the house explains itself in a `DESIGN.md`.
func room(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Target {
    .target(
        name: name, dependencies: dependencies, exclude: ["DESIGN.md"], resources: resources, swiftSettings: strict)
}

/// A room whose code is optimised in debug builds as well: the simulation lives thousands of lives in each test run.
func optimisedRoom(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(
        name: name, dependencies: dependencies, exclude: ["DESIGN.md"],
        swiftSettings: strict + [.unsafeFlags(["-O"], .when(configuration: .debug))])
}

/// The tests of a room.
func tests(
    _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], resources: [Resource]? = nil
) -> Target {
    .testTarget(
        name: name, dependencies: dependencies + ["TestSupport"], exclude: exclude, resources: resources,
        swiftSettings: strict)
}

let package = Package(
    name: "weir",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "weir", targets: ["weir"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", exact: "1.35.2"),
        .package(url: "https://github.com/apple/swift-http-types.git", exact: "1.8.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", exact: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/async-http-client.git", exact: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log.git", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-collections.git", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto.git", exact: "4.5.2"),
        .package(url: "https://github.com/groue/GRDB.swift.git", exact: "7.10.0"),
    ],
    targets: [
        // ground
        room("Media", [nioCore]),
        .target(name: "CLinux"),
        .target(name: "CZlib", linkerSettings: [.linkedLibrary("z")]),

        // formats
        room("MPEGTS", ["Media", nioCore]),
        room("CMAF", ["Media", nioCore]),
        room("HLS", ["Media"]),

        // pure
        room("SettingsLanguage", []),
        room("Ingest", ["Media", "CMAF", nioCore]),
        optimisedRoom("Cluster", []),
        room("Archive", ["Media", nioCore]),
        room("M4F", ["Archive", "CMAF", "Ingest", "Media", nioCore, crypto, deque]),

        // shells
        room(
            "LiveStream", ["CLinux", "Media", "Ingest", "CMAF", "MPEGTS", nioCore, nioConcurrency, deque]),
        room(
            "Inputs",
            [
                "CLinux", "Media", "MPEGTS", "CMAF", "Ingest", "M4F", nioCore, nioPosix, nioHTTP1, nioSSL,
                nioConcurrency, asyncHTTPClient,
            ]),
        room("ArchiveStorage", ["CLinux", "Media", "CMAF", "Archive", nioCore, grdb]),
        room(
            "PeerLink",
            [
                "Archive", "Cluster", "M4F", "Media", asyncHTTPClient, nioCore, nioPosix, nioHTTP1, nioConcurrency,
                serviceLifecycle, crypto, log,
            ]),
        room(
            "Playback",
            [
                "CLinux", "CZlib", "Media", "CMAF", "HLS", "MPEGTS", "LiveStream", "Archive", "ArchiveStorage", "M4F",
                nioCore, nioPosix, nioHTTP1, nioConcurrency, asyncHTTPClient,
            ], resources: [.embedInCode("Player/Files")]),

        // top
        room(
            "ManagementAPI", [hummingbird, nioCore, nioConcurrency, httpTypes, serviceLifecycle, crypto],
            resources: [.embedInCode("Files/openapi.json")]),
        room(
            "WebConsole", [],
            resources: [
                "index.html", "weir.svg", "console.css", "main.js", "hub.js", "api.js", "elements.js", "signin.js",
                "situation.js", "streams.js", "streams-worker.js", "pictures.js", "stream.js", "timeline.js",
                "archive-player.js", "cluster.js", "archive.js", "events.js", "config.js",
            ].map { .embedInCode("Files/\($0)") }),
        room(
            "WeirServer",
            [
                "CLinux", "SettingsLanguage", "Media", "Ingest", "LiveStream", "Inputs", "Playback", "ManagementAPI",
                "WebConsole", "Cluster", "PeerLink", "Archive", "ArchiveStorage", "M4F", hummingbird, hummingbirdCore,
                hummingbirdTLS,
                httpTypes, nioCore, nioPosix, nioHTTP1, nioSSL, nioHTTPTypes, nioHTTPTypesHTTP1, nioConcurrency,
                serviceLifecycle, unixSignals, log, asyncHTTPClient,
            ]),
        .executableTarget(
            name: "weir",
            dependencies: [
                "WeirServer", "SettingsLanguage", "Archive", "ArchiveStorage", "Playback", "ManagementAPI", "Media",
                argumentParser, asyncHTTPClient, nioCore, nioHTTP1, log,
            ],
            swiftSettings: strict),

        // beside: never shipped
        optimisedRoom("Simulation", ["Cluster", heap]),
        room("TestSupport", ["Ingest", "ManagementAPI", "Media", nioConcurrency]),
        .target(
            name: "FuzzChecks",
            dependencies: [
                "MPEGTS", "CMAF", "SettingsLanguage", "M4F", "Playback", "Ingest", "Media", nioCore,
                nioEmbedded, nioHTTP1,
            ],
            path: "Fuzzing/Checks", swiftSettings: strict),

        // tests
        tests("MediaTests", ["Media", nioCore]),
        tests("MPEGTSTests", ["MPEGTS", "Media", nioCore]),
        tests("CMAFTests", ["CMAF", "Media", nioCore]),
        tests("HLSTests", ["HLS", "Media"]),
        tests("SettingsLanguageTests", ["SettingsLanguage"]),
        tests("IngestTests", ["Ingest", "Media", nioCore]),
        tests("ClusterTests", ["Cluster", "Simulation"], exclude: ["Scenarios", "KeptSeeds.txt"]),
        tests(
            "PeerLinkTests",
            ["PeerLink", "Cluster", "M4F", "Media", asyncHTTPClient, nioCore, nioPosix, nioHTTP1, nioConcurrency, log]),
        tests("M4FTests", ["M4F", "Archive", "Ingest", "Media", nioCore]),
        tests("ArchiveTests", ["Archive", "Media", nioCore]),
        tests(
            "ArchiveStorageTests", ["ArchiveStorage", "Archive", "CMAF", "Ingest", "M4F", "Media", nioCore, grdb],
            exclude: ["Simulation/KeptSeeds.txt"]),
        tests(
            "InputsTests",
            [
                "Inputs", "Ingest", "MPEGTS", "CMAF", "Media", "SettingsLanguage", nioCore, nioPosix, nioHTTP1, nioSSL,
                asyncHTTPClient,
            ]),
        tests(
            "LiveStreamTests",
            ["LiveStream", "M4F", "Ingest", "CMAF", "MPEGTS", "Media", nioCore, nioEmbedded, nioConcurrency]),
        tests(
            "PlaybackTests",
            [
                "Playback", "LiveStream", "Archive", "ArchiveStorage", "Ingest", "HLS", "CMAF", "M4F", "MPEGTS",
                "Media",
                nioCore, nioPosix, nioEmbedded, nioHTTP1, asyncHTTPClient,
            ]),
        tests(
            "ManagementAPITests",
            [
                "ManagementAPI", hummingbird, hummingbirdTesting, httpTypes, nioCore, nioConcurrency, serviceLifecycle,
                log,
            ]),
        tests(
            "WeirServerTests",
            [
                "WeirServer", "Archive", "Ingest", "LiveStream", "ManagementAPI", "Media", "SettingsLanguage",
                asyncHTTPClient, log, nioConcurrency, nioCore, nioEmbedded, nioPosix, serviceLifecycle,
            ]),
        tests("FuzzTests", ["FuzzChecks"], exclude: ["Seeds", "Failures"]),
        tests(
            "ProcessTests", ["CMAF", "ManagementAPI", "Media", asyncHTTPClient, nioCore, nioPosix, nioHTTP1],
            exclude: ["Accessibility"]),
        tests(
            "SentencesTests", [],
            exclude: ["Archive.md", "Cluster.md", "Replication.md", "Console.md", "Live.md"]),
    ],
    swiftLanguageModes: [.v6]
)

// The fuzzers link only with -sanitize=fuzzer, which gives them their main: scripts/fuzz.sh asks for them.
if Context.environment["WEIR_FUZZING"] != nil {
    package.products.append(.executable(name: "weir-fuzz", targets: ["WeirFuzz"]))
    package.targets.append(
        .executableTarget(
            name: "WeirFuzz", dependencies: ["FuzzChecks"], path: "Fuzzing/Runner", swiftSettings: strict))
}

// Measures what is no part of the server: scripts/bench-cluster.sh asks for it.
if Context.environment["WEIR_BENCHMARKS"] != nil {
    package.products.append(.executable(name: "weir-placement", targets: ["WeirPlacement"]))
    package.targets.append(
        .executableTarget(
            name: "WeirPlacement", dependencies: ["Cluster"], path: "Benchmarks/Placement", swiftSettings: strict))
}
