// Readers come and go; what others see of the stream.
import Ingest
import Media
import NIOConcurrencyHelpers
import NIOCore

extension StreamLife {
    func attach(_ reader: any ChunkReader, kind: ReaderKind) -> UInt64? {
        if isStopped {
            reader.eventLoop.execute { reader.streamEnded(reason: "the stream has stopped") }
            return nil
        }
        let backlog = window.backlog
        let packets =
            kind == .transportStream ? transportStream.backlog(backlog) : Array(repeating: nil, count: backlog.count)
        var deliveries: [ChunkDelivery] = []
        for (chunk, packets) in zip(backlog, packets) {
            if kind == .transportStream, packets == nil { continue }
            deliveries.append(
                ChunkDelivery(
                    chunk: chunk, transportStream: packets,
                    startsWithKeyFrame: window.canBegin(with: chunk),
                    timeline: segmenter.handover.anchor))
        }
        let number = readers.add(reader, kind: kind, backlog: deliveries)
        if selection.active.map({ definition.inputs[$0].choice.isBackup }) ?? true {
            reader.eventLoop.execute { [reason] in reader.mediaLost(reason: reason) }
        }
        return number
    }

    func detach(_ number: UInt64) {
        readers.remove(number)
    }

    func publishStatus() {
        let now = environment.monotonic()
        var status = LiveStreamStatus()
        status.isAlive = selection.hasMedia(at: now) && !isStopped
        status.activeInput = selection.active
        status.inputs = definition.inputs.enumerated().map { index, input in
            let (state, trouble, retries) = selection.state(of: index)
            return LiveStreamStatus.Input(
                url: input.url, priority: input.choice.priority, isBackup: input.choice.isBackup, state: state,
                trouble: trouble, retries: retries, counters: sessions.counters(of: index),
                hotDroppedBytes: sessions.hotDroppedBytes(of: index))
        }
        status.tracks = window.segments.last?.tracks ?? TrackSet([])
        status.selection = selection.counters
        status.bitrate = window.kilobitsPerSecond
        status.readers = readers.readerCount
        status.skippedFrames = segmenter.strayFrames + segmenter.chunker.refusedFrames
        status.continuation = StreamContinuation(media: segmenter.handover, sequence: window.continuation)
        status.reason = waitingReason(status.inputs) ?? reason
        published.withLockedValue { $0.status = status }
    }
    /// What keeps a stream from its first media; nil when it had some, or nothing is wrong yet.
    private func waitingReason(_ inputs: [LiveStreamStatus.Input]) -> String? {
        guard !hadMedia, selection.active == nil else { return nil }
        let troubles = inputs.enumerated().compactMap { index, input in
            input.trouble.map { "input \(index + 1): \($0)" }
        }
        return troubles.isEmpty ? nil : "no media yet: " + troubles.joined(separator: "; ")
    }
}
