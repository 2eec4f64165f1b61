// How the API shows the configuration file: its text, mistakes in it, differences, earlier versions.

/// A mistake or remark, with its place.
package struct DiagnosticFacts: Hashable, Sendable, Codable {
    /// `error`, `warning` or `notice`.
    package var severity: String
    /// Stable word for programs, such as `unknownDirective`.
    package var code: String
    package var file: String
    /// From 1; a column is one Unicode scalar.
    package var line: Int
    package var column: Int
    package var message: String
    /// What may stand here instead; empty when that cannot be listed.
    package var allowed: [String]

    package init(
        severity: String, code: String, file: String, line: Int, column: Int, message: String, allowed: [String]
    ) {
        self.severity = severity
        self.code = code
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.allowed = allowed
    }
}

/// `GET /config/file`: the main file as it is on the disk, secrets hidden.
package struct ConfigFileFacts: Hashable, Sendable, Codable {
    package var path: String
    /// As written, comments included, with secrets as `***`.
    package var text: String
    /// Names these bytes; to be handed back with a change.
    package var revision: String
    /// Every file that is read, the main file first.
    package var files: [String]
    /// The settings in force are those of the files.
    package var isInForce: Bool
    package var diagnostics: [DiagnosticFacts]
    /// The servers that a change of the whole group goes to, this one included; empty for a server on its own.
    package var servers: [String]

    package init(
        path: String, text: String, revision: String, files: [String], isInForce: Bool, diagnostics: [DiagnosticFacts],
        servers: [String]
    ) {
        self.path = path
        self.text = text
        self.revision = revision
        self.files = files
        self.isInForce = isInForce
        self.diagnostics = diagnostics
        self.servers = servers
    }

    enum CodingKeys: String, CodingKey {
        case path, text, revision, files, diagnostics, servers
        case isInForce = "is_in_force"
    }
}

/// One line of the difference between two texts.
package struct DifferenceFacts: Hashable, Sendable, Codable {
    /// `same`, `removed` or `added`.
    package var kind: String
    package var text: String
    package var oldLine: Int?
    package var newLine: Int?

    package init(kind: String, text: String, oldLine: Int?, newLine: Int?) {
        self.kind = kind
        self.text = text
        self.oldLine = oldLine
        self.newLine = newLine
    }

    enum CodingKeys: String, CodingKey {
        case kind, text
        case oldLine = "old_line"
        case newLine = "new_line"
    }
}

/// `POST /config/check`.
package struct ConfigCheckFacts: Hashable, Sendable, Codable {
    /// It has no error and this server can take it.
    package var valid: Bool
    package var diagnostics: [DiagnosticFacts]
    /// Why this server cannot take a text without errors.
    package var objection: String?
    /// What would change, one line each.
    package var changes: [String]
    /// From the file on the disk to this text.
    package var difference: [DifferenceFacts]

    package init(
        valid: Bool, diagnostics: [DiagnosticFacts], objection: String?, changes: [String],
        difference: [DifferenceFacts]
    ) {
        self.valid = valid
        self.diagnostics = diagnostics
        self.objection = objection
        self.changes = changes
        self.difference = difference
    }
}

/// `PUT /config` and `POST /config/history/{id}/restore`.
package struct ConfigApplyFacts: Hashable, Sendable, Codable {
    package struct Server: Hashable, Sendable, Codable {
        package var hostname: String
        package var applied: Bool
        /// What it did, or why it did not.
        package var message: String
        package init(hostname: String, applied: Bool, message: String) {
            self.hostname = hostname
            self.applied = applied
            self.message = message
        }
    }

    package var changes: [String]
    /// As in `ReloadFacts`.
    package var notices: [String]
    /// Of the file as it is now.
    package var revision: String
    /// Under which id the text before this change is kept; nil when nothing was written.
    package var previous: String?
    /// Each server that the change went to.
    package var servers: [Server]

    package init(changes: [String], notices: [String], revision: String, previous: String?, servers: [Server]) {
        self.changes = changes
        self.notices = notices
        self.revision = revision
        self.previous = previous
        self.servers = servers
    }
}

/// One earlier text in `GET /config/history`.
package struct ConfigVersionFacts: Hashable, Sendable, Codable {
    package var id: String
    /// When it was replaced, milliseconds since the epoch.
    package var time: Int64
    package var bytes: Int

    package init(id: String, time: Int64, bytes: Int) {
        self.id = id
        self.time = time
        self.bytes = bytes
    }
}

/// `GET /config/history/{id}`.
package struct ConfigVersionTextFacts: Hashable, Sendable, Codable {
    package var id: String
    package var time: Int64
    /// Secrets hidden.
    package var text: String
    /// From the present file to this version.
    package var difference: [DifferenceFacts]

    package init(id: String, time: Int64, text: String, difference: [DifferenceFacts]) {
        self.id = id
        self.time = time
        self.text = text
        self.difference = difference
    }
}
