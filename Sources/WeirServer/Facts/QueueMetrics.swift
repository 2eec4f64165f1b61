// Metrics of the queues on the way of live media: what each let go because it was full.
import LiveStream
import ManagementAPI
import SettingsLanguage

extension StreamKeeper {
    var queueMetrics: [MetricFamily] {
        let files = MemoryFileBudget.process
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
            MetricFamily(
                "weir_memory_files", .gauge, help: "Files in memory that many viewers are sent from",
                samples: [.init(Double(files.fileCount))]),
            MetricFamily(
                "weir_memory_file_bytes", .gauge, help: "What the files in memory hold",
                samples: [.init(Double(files.byteCount))]),
            MetricFamily(
                "weir_memory_files_refused_total", .counter,
                help: "Files in memory that were not made, there was no room for more",
                samples: [.init(Double(files.refusals))]),
        ]
    }
}
