// The console's files, built into the program: no build step, no folder to install.

/// One file of the console.
package struct ConsoleFile: Sendable {
    package var contentType: String
    package var bytes: [UInt8]
}

/// All files of the console by the path at which they are served.
package enum ConsoleFiles {
    /// What a browser may load and run on console pages: only what this server itself serves, nothing inline.
    package static let contentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        + "media-src 'self' blob:; frame-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

    package static let byPath: [String: ConsoleFile] = [
        "/": html(PackageResources.index_html),
        "/console/weir.svg": ConsoleFile(contentType: "image/svg+xml", bytes: PackageResources.weir_svg),
        "/console/console.css": ConsoleFile(
            contentType: "text/css; charset=utf-8", bytes: PackageResources.console_css),
        "/console/main.js": script(PackageResources.main_js),
        "/console/hub.js": script(PackageResources.hub_js),
        "/console/api.js": script(PackageResources.api_js),
        "/console/elements.js": script(PackageResources.elements_js),
        "/console/signin.js": script(PackageResources.signin_js),
        "/console/situation.js": script(PackageResources.situation_js),
        "/console/streams.js": script(PackageResources.streams_js),
        "/console/streams-worker.js": script(PackageResources.streams_worker_js),
        "/console/pictures.js": script(PackageResources.pictures_js),
        "/console/stream.js": script(PackageResources.stream_js),
        "/console/timeline.js": script(PackageResources.timeline_js),
        "/console/archive-player.js": script(PackageResources.archive_player_js),
        "/console/cluster.js": script(PackageResources.cluster_js),
        "/console/archive.js": script(PackageResources.archive_js),
        "/console/events.js": script(PackageResources.events_js),
        "/console/config.js": script(PackageResources.config_js),
    ]

    private static func html(_ bytes: [UInt8]) -> ConsoleFile {
        ConsoleFile(contentType: "text/html; charset=utf-8", bytes: bytes)
    }

    private static func script(_ bytes: [UInt8]) -> ConsoleFile {
        ConsoleFile(contentType: "text/javascript; charset=utf-8", bytes: bytes)
    }
}
