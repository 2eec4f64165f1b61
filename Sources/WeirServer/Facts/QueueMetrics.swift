// Metrics of the queues on the way of live media: what each let go because it was full.
import LiveStream
import ManagementAPI
import SettingsLanguage

extension StreamKeeper {
    var queueMetrics: [MetricFamily] {
        let running = entries.compactMap { entry in entry.running.map { (entry.settings.name, $0.status, $0.window) } }
        return [
            MetricFamily(
                "weir_input_dropped_batches_total", .counter,
                help: "Media dropped because its stream's loop was too late",
                samples: [.init(Double(droppedBatches))]),
            MetricFamily(
                "weir_input_hot_dropped_bytes_total", .counter,
                help: "Media of a hot input let go before its time, 64 MiB waited",
                samples: running.flatMap { name, status, _ in
                    status.inputs.enumerated().map {
                        .init(Double($1.hotDroppedBytes), labels: [("stream", name), ("input", String($0))])
                    }
                }),
            MetricFamily(
                "weir_stream_window_overflows_total", .counter,
                help: "Segments let go before segment_count was reached, the window had too many bytes",
                samples: running.map { name, _, window in .init(Double(window.overflows), labels: [("stream", name)]) }),
        ]
    }
}
