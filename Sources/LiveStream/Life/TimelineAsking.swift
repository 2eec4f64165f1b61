// Before the inputs open: asks the other servers among them for the timeline that they are on.
import Ingest
import Media
import NIOConcurrencyHelpers
import NIOCore

extension StreamLife {
    /// Asks the other servers among the inputs for the timeline that they are on, so that a server which comes back to
    /// its source cuts where they do. Where the best input is another server, its session tells it anyway.
    func askTimelines() {
        let best = definition.inputs.indices.min {
            (definition.inputs[$0].choice.priority, $0) < (definition.inputs[$1].choice.priority, $1)
        }
        let box = NIOLoopBound(self, eventLoop: eventLoop)
        var waiting = 0
        if !isHandedOver {
            for (index, input) in definition.inputs.enumerated() {
                let request = InputRequest(stream: definition.name, url: input.url, options: input.options)
                let session = environment.opener.askTimeline(request) { [eventLoop] anchor in
                    eventLoop.execute { box.value.toldTimeline(anchor) }
                }
                guard let session else { continue }
                asking.append(session)
                waiting += index == best ? 0 : 1
            }
        }
        guard waiting > 0, waiting == asking.count else { return begin() }
        eventLoop.scheduleTask(in: Self.timelinePatience) { box.value.begin() }
    }

    func toldTimeline(_ anchor: TimelineAnchor?) {
        guard !asking.isEmpty else { return }
        timelinesTold += 1
        if let anchor {
            segmenter = Segmenter(
                segmentDuration: definition.segmentDuration,
                continuing: SegmenterContinuation(anchor: anchor, end: nil, tracks: nil))
            isHandedOver = true
        } else if timelinesTold < asking.count {
            return
        }
        begin()
    }

    /// Opens the inputs, once; those of before are closed first, since a source may allow one reader.
    func begin() {
        for session in asking { session.stop() }
        asking = []
        sessions.whenClosed { [self] in
            guard !hasBegun, !isStopped else { return }
            hasBegun = true
            perform(selection.start(at: environment.monotonic()))
        }
    }
}
