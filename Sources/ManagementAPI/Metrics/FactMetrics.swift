// The metrics that follow from the facts of streams, inputs and the server. Names and units: docs/metrics.md.

extension MetricFamily {
    /// Families for all streams and the server.
    package static func families(streams: [StreamFacts], server: ServerFacts) -> [MetricFamily] {
        [
            MetricFamily(
                "weir_uptime_seconds", .gauge, help: "Since the server started", samples: [Sample(server.uptime)]),
            MetricFamily(
                "weir_memory_bytes", .gauge, help: "Resident memory", samples: [Sample(Double(server.memory))]),
            MetricFamily(
                "weir_cpu_percent", .gauge, help: "Of one core, over the last seconds", samples: [Sample(server.cpu)]),
            MetricFamily(
                "weir_streams", .gauge, help: "Streams of the configuration", samples: [Sample(Double(server.streams))]),
            MetricFamily(
                "weir_streams_alive", .gauge, help: "Streams with media now",
                samples: [Sample(Double(server.streamsAlive))]),
            MetricFamily(
                "weir_clients", .gauge, help: "Viewers of all streams", samples: [Sample(Double(server.clients))]),
            perStream("weir_stream_alive", .gauge, "1 while media comes in", streams) { $0.stats.alive ? 1 : 0 },
            perStream("weir_stream_bitrate_kbit", .gauge, "Media out, kbit/s", streams) { Double($0.stats.bitrate) },
            perStream("weir_stream_viewers", .gauge, "Viewers of the stream", streams) { Double($0.stats.viewers) },
            perStream("weir_stream_window_bytes", .gauge, "Memory of the live window", streams) {
                Double($0.stats.windowBytes)
            },
            perStream("weir_stream_input_switches_total", .counter, "Changes of the active input", streams) {
                Double($0.stats.inputSwitches)
            },
            perStream("weir_stream_without_data_seconds_total", .counter, "Time without media", streams) {
                $0.stats.secondsWithoutData
            },
            perInput("weir_input_bytes_total", "Payload bytes received", streams) { Double($0.bytes) },
            perInput("weir_input_lost_packets_total", "Packets that never came", streams) { Double($0.lostPackets) },
            perInput("weir_input_kernel_drops_total", "Datagrams dropped by the kernel, buffer full", streams) {
                Double($0.kernelDrops)
            },
            perInput("weir_input_damaged_frames_total", "Access units thrown away", streams) {
                Double($0.damagedFrames)
            },
            perInput("weir_input_resyncs_total", "Losses of packet synchronisation", streams) { Double($0.resyncs) },
            perInput("weir_input_retries_total", "Attempts to open the input again", streams) { Double($0.retries) },
        ]
    }

    private static func perStream(
        _ name: String, _ kind: Kind, _ help: String, _ streams: [StreamFacts], value: (StreamFacts) -> Double
    ) -> MetricFamily {
        MetricFamily(
            name, kind, help: help, samples: streams.map { Sample(value($0), labels: [("stream", $0.name)]) })
    }

    private static func perInput(
        _ name: String, _ help: String, _ streams: [StreamFacts], value: (InputFacts) -> Double
    ) -> MetricFamily {
        MetricFamily(
            name, .counter, help: help,
            samples: streams.flatMap { stream in
                stream.inputs.map {
                    Sample(value($0), labels: [("stream", stream.name), ("input", String($0.index))])
                }
            })
    }
}
