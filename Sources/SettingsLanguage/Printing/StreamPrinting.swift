// The directives of a stream or template as text.

extension SettingsPrinter {
    mutating func print(_ directives: StreamDirectives) {
        if let title = directives.title { line("title", word(title)) }
        for input in directives.inputs { print(input) }
        if let backup = directives.backup {
            var words = ["backup", word(backup.path)]
            if let timeout = backup.timeout { words.append("timeout=\(TimeText.print(timeout, bare: .seconds))") }
            if backup.isRecorded { words.append("dvr=true") }
            line(words.joined(separator: " "))
        }
        if let span = directives.segmentDuration { line("segment_duration", TimeText.print(span, bare: .seconds)) }
        if let count = directives.segmentCount { line("segment_count", "\(count)") }
        if let bytes = directives.windowBytes { line("window_bytes", QuantityText.printBytes(bytes)) }
        if let container = directives.hlsContainer { line("hls_container", container.rawValue) }
        switch directives.archive {
        case .off: line("dvr", "off")
        case .on(let archive): print(archive)
        case nil: break
        }
        switch directives.clusterIngest {
        case .off: line("cluster_ingest", "off")
        case .on(let cluster):
            if let peer = cluster.captureAt {
                line("cluster_ingest", "capture_at=\(word(peer))")
            } else {
                line("cluster_ingest")
            }
        case nil: break
        }
        if let url = directives.onPlay { line("on_play", self.url(url.text)) }
        if let url = directives.onPublish { line("on_publish", self.url(url.text)) }
        switch directives.startup {
        case .always: line("static")
        case .onDemand(let idle): line("ondemand", TimeText.print(idle, bare: .seconds))
        case nil: break
        }
        if let isDisabled = directives.isDisabled { line("disabled", isDisabled ? "true" : "false") }
    }

    private mutating func print(_ input: InputSettings) {
        var words = ["input", url(input.url.text)]
        if let priority = input.priority { words.append("priority=\(priority)") }
        if let timeout = input.sourceTimeout {
            words.append("source_timeout=\(TimeText.print(timeout, bare: .seconds))")
        }
        if let program = input.program { words.append("program=\(program)") }
        if let bitrate = input.bitrate { words.append("bitrate=\(QuantityText.printRate(bitrate))") }
        if input.isHot { words.append("hot") }
        line(words.joined(separator: " "))
    }

    private mutating func print(_ archive: ArchiveSettings) {
        var words = ["dvr"]
        switch archive.location {
        case .path(let path): words.append(word(path))
        case .store(let name): words.append(word("@" + name))
        }
        if let age = archive.age { words.append(TimeText.print(age, bare: .seconds)) }
        if let bytes = archive.bytes { words.append(Self.archiveBytes(bytes)) }
        if let share = archive.diskShare { words.append("\(share)%") }
        if archive.replicates { words.append("replicate") }
        if let port = archive.replicationPort { words.append("replication_port=\(port)") }
        if let speed = archive.replicationSpeed { words.append("replication_speed=\(QuantityText.printRate(speed))") }
        switch archive.sync {
        case ArchiveSettings.defaultSync: break
        case .every(let span): words.append("sync=\(TimeText.print(span, bare: .seconds))")
        case .off: words.append("sync=off")
        }
        line(words.joined(separator: " "))
    }

    /// A size on the `dvr` line is whole KiB, so that it always has its letter.
    private static func archiveBytes(_ bytes: Int64) -> String {
        QuantityText.printBytes(max(1, (min(bytes, 1 << 60) - 1) / 1024 + 1) * 1024)
    }
}
