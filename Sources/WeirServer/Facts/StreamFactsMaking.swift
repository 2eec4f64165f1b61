// How a running stream looks to the API.
import Ingest
import LiveStream
import ManagementAPI
import Media
import SettingsLanguage

extension StreamFacts {
    /// - Parameters:
    ///   - viewers: readers of all kinds, HLS included.
    ///   - hostname: this server's.
    ///   - archiveSeconds: of media in the archive; nil when the stream is not recorded.
    init(
        _ entry: StreamKeeper.Entry, viewers: Int, hostname: String, archiveSeconds: Double?,
        events: [ServerEvent]? = nil
    ) {
        let status = entry.running?.status ?? LiveStreamStatus()
        let window = entry.running?.window
        self.init(
            name: entry.settings.name,
            title: entry.settings.title ?? entry.settings.name,
            inputs: status.inputs.enumerated().map { InputFacts($1, index: $0) },
            stats: StreamStats(
                status: status.isAlive ? .running : Self.hasOnlyTrouble(status) ? .error : .waiting,
                alive: status.isAlive,
                bitrate: status.bitrate,
                runningOn: status.isAlive ? [hostname] : [],
                activeInput: status.activeInput.map { SecretPrinting.hidden.url(status.inputs[$0].url) },
                tracks: status.tracks.tracks.map { TrackFacts($0) },
                viewers: viewers,
                firstTime: window?.segments.first?.start.unixMilliseconds,
                lastTime: window?.segments.last?.end.unixMilliseconds,
                inputSwitches: status.selection.switches,
                secondsOnPrimary: status.selection.onPrimary.inSeconds,
                secondsOnOthers: status.selection.onOthers.inSeconds,
                secondsWithoutData: status.selection.withoutData.inSeconds,
                windowBytes: window?.segments.reduce(0) { $0 + $1.byteCount } ?? 0,
                archiveSeconds: archiveSeconds,
                reason: status.reason),
            lastEvents: events)
    }

    private static func hasOnlyTrouble(_ status: LiveStreamStatus) -> Bool {
        !status.inputs.isEmpty && status.inputs.allSatisfy { $0.trouble != nil || $0.state == .standby }
    }
}

extension InputFacts {
    init(_ input: LiveStreamStatus.Input, index: Int) {
        let counters = input.counters
        self.init(
            index: index, url: SecretPrinting.hidden.url(input.url), priority: input.priority,
            state: input.state.rawValue, trouble: input.trouble, bytes: counters.bytes, packets: counters.packets,
            kernelDrops: counters.kernelDrops, lostPackets: counters.tsLost + counters.rtpLost,
            repeatedPackets: counters.tsRepeated, damagedFrames: counters.damagedFrames, resyncs: counters.resyncs,
            psiErrors: counters.psiErrors, scrambledPackets: counters.tsScrambled, retries: input.retries,
            lostByPID: Dictionary(uniqueKeysWithValues: counters.lostByPID.map { (String($0), $1) }),
            damagedByPID: Dictionary(uniqueKeysWithValues: counters.damagedByPID.map { (String($0), $1) }))
    }
}

extension TrackFacts {
    init(_ track: Track) {
        let resolution = track.codec.resolution
        self.init(
            id: Int(track.id.value), content: "\(track.kind)", title: track.codec.displayName,
            codec: track.codec.rfc6381, width: resolution?.width, height: resolution?.height, language: track.language)
    }
}

extension Duration {
    /// Seconds to a tenth.
    fileprivate var inSeconds: Double { Double(milliseconds / 100) / 10 }
}
