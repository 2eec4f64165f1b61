// A server on a loopback port with the handlers in the order that the product uses, and clients for it.
import Foundation
import LiveStream
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@testable import Playback

struct LoopbackServer {
    let service: PlaybackService
    let channel: any Channel

    var port: Int { channel.localAddress?.port ?? 0 }
    func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    static func start(
        sendBuffer: Int? = nil, limits: PlaybackLimits = PlaybackLimits(), archive: ArchivePlayback? = nil,
        relay: StreamRelay? = nil,
        first: (@Sendable () -> any ChannelHandler)? = nil,
        _ find: @escaping @Sendable (String) -> StreamLocation
    ) async throws -> LoopbackServer {
        let service = PlaybackService(
            directory: FakeDirectory(find: find), sessions: SessionRegistry { 1_750_000_000_000 }, limits: limits,
            archive: archive, relay: relay)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let sendBuffer {
                        try channel.syncOptions?.setOption(.socketOption(.so_sndbuf), value: sendBuffer)
                    }
                    let pipeline = channel.pipeline.syncOperations
                    let deadlines = ConnectionDeadlineHandler()
                    try pipeline.addHandler(
                        FastPathHandler(service: service, deadlines: deadlines, isSecure: false))
                    try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
                    if let first { try pipeline.addHandler(first()) }
                    try pipeline.addHandler(deadlines)
                    try pipeline.addHandler(MediaRequestHandler(service: service))
                    try pipeline.addHandlers([NotOurs(), EndsWithItsClient()])
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return LoopbackServer(service: service, channel: channel)
    }

    func stop() async throws { try await channel.close() }
}

/// Answers what was passed on, as the API would.
final class NotOurs: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .end = unwrapInboundIn(data) else { return }
        let body = ByteBuffer(string: "passed on")
        let head = HTTPResponseHead(
            version: .http1_1, status: .ok, headers: ["Content-Length": String(body.readableBytes)])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}

/// Ends a connection whose client sends nothing more, as the API's part of a connection does.
private final class EndsWithItsClient: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed { closeWhenTaken(context.channel) }
    }
}

/// Runs a program to its end, at most `seconds`, and gives what it said.
func run(_ words: [String], seconds: Int = 30) async throws -> (status: Int32, output: String, errors: String) {
    try await withCheckedThrowingContinuation { continuation in
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["timeout", String(seconds)] + words
        let output = Pipe()
        let errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        do {
            try process.run()
        } catch {
            continuation.resume(throwing: error)
            return
        }
        Thread.detachNewThread {
            // Errors are few and fit the pipe; the output may be long.
            let said = output.fileHandleForReading.readDataToEndOfFile()
            let complained = errors.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            continuation.resume(
                returning: (
                    process.terminationStatus, String(decoding: said, as: UTF8.self),
                    String(decoding: complained, as: UTF8.self)
                ))
        }
    }
}
