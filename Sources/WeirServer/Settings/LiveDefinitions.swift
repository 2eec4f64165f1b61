// From the words of the configuration to those of the rooms that do the work.
import Ingest
import LiveStream
import Media
import SettingsLanguage

extension LiveStreamDefinition {
    /// What a stream's life needs of its settings.
    init(_ settings: StreamSettings) {
        var inputs = settings.inputs.enumerated().map { index, input in
            Input(
                url: input.url.text, options: input.openerOptions,
                choice: InputSelection.Choice(
                    priority: input.priority ?? index + 1, sourceTimeout: input.effectiveSourceTimeout,
                    isHot: input.isHot))
        }
        if let backup = settings.backup {
            inputs.append(
                Input(
                    url: "file://\(backup.path)",
                    choice: InputSelection.Choice(
                        priority: .max, isBackup: true, fillsAfter: backup.timeout)))
        }
        self.init(
            name: settings.name, title: settings.title, inputs: inputs,
            segmentDuration: settings.segmentDuration.mediaSpan,
            windowLimits: LiveWindow.Limits(segments: settings.segmentCount, bytes: Int(settings.windowBytes)),
            prefersTransportStreamSegments: settings.hlsContainer == .ts)
    }
}

extension Duration {
    var mediaSpan: MediaSpan {
        let (seconds, attoseconds) = components
        return MediaSpan(ticks: seconds * mediaTicksPerSecond + attoseconds / 1_000_000_000 * 9 / 100_000)
    }

    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
}
