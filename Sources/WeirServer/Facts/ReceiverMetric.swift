// Metrics of those who take media from this server: how many are servers, how often viewers were too slow.
import ManagementAPI
import NIOCore
import Playback

extension SessionRegistry {
    func receiverMetric(at now: NIODeadline) -> MetricFamily {
        let receivers = sessions(at: now).filter { $0.viewerProtocol == .m4f }
        let counts = Dictionary(grouping: receivers, by: \.stream).mapValues(\.count)
        return MetricFamily(
            "weir_m4f_receivers", .gauge, help: "Other servers that take the stream over M4F",
            samples: counts.sorted { $0.key < $1.key }.map { .init(Double($0.value), labels: [("stream", $0.key)]) })
    }

    var skipMetric: MetricFamily {
        MetricFamily(
            "weir_viewer_skips_total", .counter, help: "Times a viewer was too slow and went on at a later key frame",
            samples: [.init(Double(skipCount))])
    }
}
