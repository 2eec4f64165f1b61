// Chromium without a window, driven by the WebDriver protocol (W3C WebDriver) through chromedriver.
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Testing

/// One browser session. `Browser.use` ends it, also when the test fails.
///
/// Speaks through AsyncHTTPClient because URLSession on Linux does not get through to chromedriver.
final class Browser: Sendable {
    /// One line of the browser's console.
    struct LogEntry: Decodable, Sendable {
        var level: String
        var message: String
    }

    private let driver: ChildProcess
    private let base: String

    /// Starts a browser, hands it to `body` and ends it.
    /// - Parameter isTraced: for `mainThreadTasks`.
    static func use(isTraced: Bool = false, _ body: (Browser) async throws -> Void) async throws {
        let port = FreePort.tcp()
        let driver = try ChildProcess("/usr/bin/chromedriver", ["--port=\(port)"], longestLife: 900)
        let root = "http://127.0.0.1:\(port)"
        try await eventually("chromedriver answers") {
            guard driver.isRunning else { throw TestFailure("chromedriver ended:\n\(driver.output)") }
            // Until it listens, connections are refused.
            let status: Status? = try? await call("GET", "\(root)/status", nil)
            return status?.ready ?? false
        }
        let session: Session = try await call(
            "POST", "\(root)/session",
            """
            {"capabilities": {"alwaysMatch": {
              "timeouts": {"script": 180000, "pageLoad": 180000},
              "goog:chromeOptions": {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--autoplay-policy=no-user-gesture-required", "--window-size=1280,900"]\(isTraced ? traced : "")},
              "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}}}
            """)
        let browser = Browser(driver: driver, base: "\(root)/session/\(session.sessionId)")
        do {
            try await body(browser)
        } catch {
            await browser.quit()
            throw error
        }
        await browser.quit()
    }

    private static let traced =
        ", \"perfLoggingPrefs\": {\"traceCategories\": \"toplevel,devtools.timeline,disabled-by-default-devtools.timeline\"}"

    private init(driver: ChildProcess, base: String) {
        self.driver = driver
        self.base = base
    }

    private func quit() async {
        // A browser that is gone already has nothing to end.
        let _: Nothing? = try? await Self.call("DELETE", base, nil)
        driver.stop()
    }

    func open(_ url: String) async throws {
        let _: Nothing = try await Self.call("POST", "\(base)/url", Self.json(["url": url]))
    }

    /// Runs the body of a JavaScript function in the page and gives what it returns.
    func run<Value: Decodable>(_ script: String, as type: Value.Type = Value.self) async throws -> Value {
        try await Self.call("POST", "\(base)/execute/sync", Self.json(["script": script, "args": [String]()]))
    }

    /// Runs the body of a JavaScript function that calls `done` with its result.
    func runAsync<Value: Decodable>(_ script: String, as type: Value.Type = Value.self) async throws -> Value {
        let body = "const done = arguments[arguments.length - 1];\n\(script)"
        return try await Self.call("POST", "\(base)/execute/async", Self.json(["script": body, "args": [String]()]))
    }

    /// A real click of the mouse at a place of the page, in pixels of the window.
    func click(x: Int, y: Int) async throws {
        try await act(
            "pointer",
            [
                ["type": "pointerMove", "duration": 0, "x": x, "y": y], ["type": "pointerDown", "button": 0],
                ["type": "pointerUp", "button": 0],
            ])
    }

    /// Presses the mouse at one place, moves it to another and lets go.
    func drag(fromX x: Int, toX target: Int, y: Int) async throws {
        try await act(
            "pointer",
            [
                ["type": "pointerMove", "duration": 0, "x": x, "y": y], ["type": "pointerDown", "button": 0],
                ["type": "pointerMove", "duration": 50, "x": target, "y": y], ["type": "pointerUp", "button": 0],
            ])
    }

    /// Presses real keys one after the other, while `held` is down.
    func type(_ keys: [String], holding held: String? = nil) async throws {
        let strokes = keys.flatMap { [["type": "keyDown", "value": $0], ["type": "keyUp", "value": $0]] }
        let begin = held.map { [["type": "keyDown", "value": $0]] } ?? []
        let end = held.map { [["type": "keyUp", "value": $0]] } ?? []
        try await act("key", begin + strokes + end)
    }

    private func act(_ device: String, _ steps: [[String: Any]]) async throws {
        let actions: [[String: Any]] = [["type": device, "id": device, "actions": steps]]
        let _: Nothing = try await Self.call("POST", "\(base)/actions", Self.json(["actions": actions]))
    }

    /// Sets the size of the window and the colours that the user prefers: `light` or `dark`.
    func look(width: Int, height: Int = 900, scheme: String) async throws {
        try await command(
            "Emulation.setDeviceMetricsOverride",
            ["width": width, "height": height, "deviceScaleFactor": 1, "mobile": false])
        try await command(
            "Emulation.setEmulatedMedia", ["features": [["name": "prefers-color-scheme", "value": scheme]]])
    }

    /// A command of the Chrome DevTools protocol.
    func command(_ name: String, _ parameters: [String: Any]) async throws {
        let _: Nothing = try await Self.call(
            "POST", "\(base)/goog/cdp/execute", Self.json(["cmd": name, "params": parameters]))
    }

    /// The console's lines since the last call.
    func consoleLog() async throws -> [LogEntry] {
        try await Self.call("POST", "\(base)/se/log", Self.json(["type": "browser"]))
    }

    /// The addresses that the browser has asked for since the last call.
    func requests() async throws -> [URL] {
        return try await performanceLog().compactMap { entry in
            let event = try JSONDecoder().decode(NetworkEvent.self, from: Data(entry.message.utf8)).message
            guard event.method == "Network.requestWillBeSent" else { return nil }
            return event.params?.request.flatMap { URL(string: $0.url) }
        }
    }

    func performanceLog() async throws -> [LogEntry] {
        try await Self.call("POST", "\(base)/se/log", Self.json(["type": "performance"]))
    }

    // MARK: Protocol

    private struct Status: Decodable { var ready: Bool }
    private struct Session: Decodable { var sessionId: String }
    private struct Nothing: Decodable { init(from decoder: any Decoder) {} }
    private struct Answer<Value: Decodable>: Decodable { var value: Value }
    private struct NetworkEvent: Decodable {
        struct Message: Decodable {
            struct Parameters: Decodable {
                struct Request: Decodable { var url: String }
                var request: Request?
            }
            var method: String
            var params: Parameters?
        }
        var message: Message
    }

    private static func json(_ value: [String: Any]) throws -> String {
        String(decoding: try JSONSerialization.data(withJSONObject: value), as: UTF8.self)
    }

    private static func call<Value: Decodable>(
        _ method: String, _ url: String, _ body: String?, as type: Value.Type = Value.self
    ) async throws -> Value {
        var request = HTTPClientRequest(url: url)
        request.method = HTTPMethod(rawValue: method)
        request.headers.add(name: "Content-Type", value: "application/json")
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        // For a broken browser: on a busy machine the rules of access take a page very long.
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(200))
        let data = Data(try await response.body.collect(upTo: 64 << 20).readableBytesView)
        guard response.status == .ok else {
            throw TestFailure("\(method) \(url): \(String(decoding: data, as: UTF8.self))")
        }
        return try JSONDecoder().decode(Answer<Value>.self, from: data).value
    }
}
