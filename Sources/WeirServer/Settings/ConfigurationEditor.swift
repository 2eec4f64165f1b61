// Changes of the configuration file through the API: checked, kept, written, applied, in this order.
import HTTPTypes
import ManagementAPI
import PeerLink
import SettingsLanguage

/// The configuration file as the API changes it. One change at a time.
actor ConfigurationEditor: ManagedConfiguration {
    /// What the editor needs of the server.
    struct Server: Sendable {
        /// `--listen`, which goes before the file's `http` lines.
        var listen: [ListenerSettings]
        /// Why the server cannot take settings without errors; nil when it can.
        var objection: @Sendable (ServerSettings) -> String?
        /// Reads the file again and applies the difference.
        var reload: @Sendable () async throws -> ReloadFacts
        /// UTC, milliseconds since the Unix epoch.
        var now: @Sendable () -> Int64
        var changed: @Sendable (_ reason: String) -> Void
    }

    private let configuration: RunningConfiguration
    private let server: Server
    private let hostname: String
    private let group: GroupConfiguration?
    private var isBusy = false

    init(configuration: RunningConfiguration, hostname: String, server: Server, group: GroupConfiguration?) {
        self.configuration = configuration
        self.hostname = hostname
        self.server = server
        self.group = group
    }

    // MARK: Showing

    func file() throws -> ConfigFileFacts {
        let (file, bytes) = try present()
        let check = SettingsCheck(path: file.path, in: DiskSettingsSource())
        let loaded = check.loaded ?? configuration.current
        return ConfigFileFacts(
            path: file.path, text: MaskedText(Self.text(bytes)).text, revision: TextRevision.of(bytes),
            files: loaded.files, isInForce: check.loaded?.settings == configuration.current.settings,
            diagnostics: Self.facts(check), servers: group.map { [hostname] + $0.others } ?? [])
    }

    func check(_ text: String) throws -> ConfigCheckFacts {
        let (file, bytes) = try present()
        let present = Self.text(bytes)
        let restored = MaskedText(present).restored(in: text)
        let check = Self.check(restored, at: file.path)
        let objection = check.loaded.flatMap { server.objection($0.settings) }
        return ConfigCheckFacts(
            valid: check.loaded != nil && objection == nil, diagnostics: Self.facts(check), objection: objection,
            changes: check.loaded.map {
                SettingsChange(
                    from: configuration.current.settings.listening(at: server.listen),
                    to: $0.settings.listening(at: server.listen)
                ).summary
            } ?? [], difference: DifferenceLine.between(present, restored).map { DifferenceFacts($0) })
    }

    func versions() throws -> [ConfigVersionFacts] {
        try present().file.versions().map {
            ConfigVersionFacts(id: $0.id, time: ConfigurationFile.time($0.id) ?? 0, bytes: $0.bytes)
        }
    }

    func version(_ id: String) throws -> ConfigVersionTextFacts {
        let (file, bytes) = try present()
        let text = Self.text(try Self.version(id, of: file))
        return ConfigVersionTextFacts(
            id: id, time: ConfigurationFile.time(id) ?? 0, text: MaskedText(text).text,
            difference: DifferenceLine.between(Self.text(bytes), text).map { DifferenceFacts($0) })
    }

    // MARK: Changing

    func apply(_ text: String, revision: String?, wholeGroup: Bool) async throws -> ConfigApplyFacts {
        let (_, bytes) = try present()
        return try await change(
            to: MaskedText(Self.text(bytes)).restored(in: text), revision: revision, wholeGroup: wholeGroup)
    }

    func restore(_ id: String, wholeGroup: Bool) async throws -> ConfigApplyFacts {
        let (file, _) = try present()
        return try await change(
            to: Self.text(try Self.version(id, of: file)), revision: nil, wholeGroup: wholeGroup)
    }

    private func change(to text: String, revision: String?, wholeGroup: Bool) async throws -> ConfigApplyFacts {
        guard !isBusy else { throw Self.conflict("busy", "another change is being applied", "try again") }
        isBusy = true
        defer { isBusy = false }
        let base = TextRevision.of(try present().bytes)
        guard revision == nil || revision == base else {
            throw Self.conflict(
                "changed_meanwhile", "the file was changed since this text was made from it",
                "take your change over into the file as it is now; nothing was changed")
        }
        guard wholeGroup else { return try await write(text) }
        guard let group else {
            throw Problem.badRequest("this server is not in a group", hint: "apply the change without group=true")
        }
        try acceptable(text)
        let opinions = await group.offer(text, base: base, action: .check)
        guard !opinions.contains(where: { $0.hasAnswered && !$0.server.applied }) else {
            throw Problem(
                status: .conflict, code: "refused_by_group",
                message: opinions.filter { !$0.server.applied }.map { "\($0.server.hostname): \($0.server.message)" }
                    .joined(separator: "\n"), hint: "nothing was changed on any server",
                servers: opinions.map(\.server))
        }
        // The key of this moment still opens the other servers, also when the change replaces it here.
        let applying = group.prepared(text, base: base, action: .apply)
        var facts = try await write(text)
        facts.servers += await applying().map(\.server)
        return facts
    }

    /// Throws why the text cannot become this server's. Gives what it means otherwise.
    @discardableResult
    private func acceptable(_ text: String) throws -> LoadedSettings {
        let check = Self.check(text, at: try present().file.path)
        guard let loaded = check.loaded else {
            throw Problem(
                status: .badRequest, code: "mistakes", message: Diagnostic.report(check.diagnostics),
                hint: "nothing was changed", diagnostics: Self.facts(check))
        }
        if let objection = server.objection(loaded.settings) {
            throw Self.conflict("not_applicable", objection, "nothing was changed")
        }
        return loaded
    }

    private func write(_ text: String) async throws -> ConfigApplyFacts {
        try acceptable(text)
        let (file, old) = try present()
        let new = Array(text.utf8)
        var previous: String?
        if new != old {
            do {
                previous = try file.keep(old, at: server.now())
                try file.write(new)
            } catch {
                throw Problem(
                    status: .internalServerError, code: "not_written", message: "\(error)",
                    hint: "nothing was changed; the server's user must be able to write the file and its folder")
            }
        }
        let done: ReloadFacts
        do {
            done = try await server.reload()
        } catch {
            if new != old { try file.write(old) }
            throw Self.conflict("not_applicable", "\(error)", "the file is as it was before")
        }
        if let previous {
            server.changed("\(done.changes.count) changes through the API; the text before is kept as \(previous)")
        }
        return ConfigApplyFacts(
            changes: done.changes, notices: done.notices, revision: TextRevision.of(new), previous: previous,
            servers: [.init(hostname: hostname, applied: true, message: Self.sentence(done.changes))])
    }

    // MARK: In a group

    /// What another server of the group wants this one to do.
    func receive(_ text: String, base: String, isCheck: Bool, from sender: String) async -> (Bool, String) {
        guard !isBusy else { return (false, "another change is being applied") }
        isBusy = true
        defer { isBusy = false }
        do {
            let present = TextRevision.of(try present().bytes)
            guard present == base || present == TextRevision.of(text.utf8) else {
                return (false, "its file is another one than that of \(sender): change it on that server itself")
            }
            let settings = try acceptable(text).settings
            let own = configuration.current.settings
            guard settings.hostname == own.hostname, settings.listeners == own.listeners else {
                return (false, "its own hostname and http lines are others: change it on that server itself")
            }
            if isCheck { return (true, "can be applied") }
            let facts = try await write(text)
            return (true, Self.sentence(facts.changes))
        } catch let problem as Problem {
            return (false, problem.message)
        } catch {
            return (false, "\(error)")
        }
    }

    // MARK: Parts

    private func present() throws -> (file: ConfigurationFile, bytes: [UInt8]) {
        guard let path = configuration.path else {
            throw Problem.notFound("this server was started without a configuration file")
        }
        let file = ConfigurationFile(path: path)
        do {
            return (file, try file.read())
        } catch {
            throw Problem(status: .internalServerError, code: "not_read", message: "\(error)")
        }
    }

    private static func version(_ id: String, of file: ConfigurationFile) throws -> [UInt8] {
        guard let bytes = file.version(id) else {
            throw Problem.notFound("no version of the file is kept as \(id)", hint: "GET config/history lists them")
        }
        return bytes
    }

    private static func check(_ text: String, at path: String) -> SettingsCheck {
        SettingsCheck(path: path, in: EditedSource(path: path, bytes: Array(text.utf8), disk: DiskSettingsSource()))
    }

    /// The features that this version lacks are said as the start says them.
    private static func facts(_ check: SettingsCheck) -> [DiagnosticFacts] {
        (check.diagnostics + (check.loaded?.unavailable(given: WeirFeatures.available) ?? [])).map {
            DiagnosticFacts($0)
        }
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func sentence(_ changes: [String]) -> String {
        changes.isEmpty ? "applied; no stream changes" : "applied: \(changes.count) changes"
    }

    private static func conflict(_ code: String, _ message: String, _ hint: String) -> Problem {
        Problem(status: .conflict, code: code, message: message, hint: hint)
    }
}

extension DiagnosticFacts {
    fileprivate init(_ diagnostic: Diagnostic) {
        self.init(
            severity: diagnostic.severity.rawValue, code: diagnostic.code.rawValue, file: diagnostic.position.file,
            line: diagnostic.position.line, column: diagnostic.position.column,
            message: diagnostic.message + (diagnostic.nearest.map { "; did you mean '\($0)'?" } ?? ""),
            allowed: diagnostic.allowed)
    }
}

extension DifferenceFacts {
    fileprivate init(_ line: DifferenceLine) {
        self.init(kind: line.kind.rawValue, text: line.text, oldLine: line.oldLine, newLine: line.newLine)
    }
}
